/** How far a theater is: the server's figure when it was asked with a position, ours when the list came from a copy. */
import { distanceKm } from '$lib/format/distance';
import type { Coordinates, Theater } from '$lib/platform';

export function kilometresTo(theater: Theater, from: Coordinates | null): number | null {
  if (typeof theater.distance_km === 'number') return theater.distance_km;
  return from ? distanceKm(from, theater.location) : null;
}

/** Favourite first, then the nearest, then by city and name. */
export function byNearness(
  theaters: Theater[],
  from: Coordinates | null,
  favourite: string | null
): Theater[] {
  const rank = (theater: Theater) => (theater.theater_id === favourite ? 0 : 1);
  return [...theaters].sort((a, b) => {
    const near = (kilometresTo(a, from) ?? 0) - (kilometresTo(b, from) ?? 0);
    return (
      rank(a) - rank(b) ||
      near ||
      a.location.city.localeCompare(b.location.city) ||
      a.name.localeCompare(b.name)
    );
  });
}
