/** A movie's shows, gathered under their theaters in the order the theaters are given; started shows left out. */
import type { Show, Theater } from '$lib/platform';

export function groupByTheater(shows: Show[], theaters: Theater[], now: Date): [Theater, Show[]][] {
  return theaters.flatMap((theater) => {
    const its = shows
      .filter(
        (show) =>
          show.theater_id === theater.theater_id && Date.parse(show.start_time) > now.getTime()
      )
      .sort((a, b) => a.start_time.localeCompare(b.start_time));
    return its.length > 0 ? [[theater, its] as [Theater, Show[]]] : [];
  });
}
