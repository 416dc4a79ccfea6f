/** How far a theater is, for a list sorted by distance. */
import { getLocale } from '$lib/paraglide/runtime';
import type { Coordinates } from '$lib/platform';

const EARTH_KM = 6371;

export function distanceKm(from: Coordinates, to: Coordinates): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const a =
    Math.sin(radians(to.latitude - from.latitude) / 2) ** 2 +
    Math.cos(radians(from.latitude)) *
      Math.cos(radians(to.latitude)) *
      Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(a)));
}

export function formatDistance(km: number): string {
  const metres = km < 1;
  return new Intl.NumberFormat(getLocale(), {
    style: 'unit',
    unit: metres ? 'meter' : 'kilometer',
    maximumFractionDigits: metres || km >= 10 ? 0 : 1
  }).format(metres ? Math.max(50, Math.round((km * 1000) / 50) * 50) : km);
}

/** A link to the system's own maps. */
export function mapsUrl(to: Coordinates & { name: string }): string {
  return `https://www.openstreetmap.org/?mlat=${to.latitude}&mlon=${to.longitude}#map=17/${to.latitude}/${to.longitude}`;
}
