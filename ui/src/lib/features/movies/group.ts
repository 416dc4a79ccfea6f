/** A movie's shows: the day to begin with, and which theaters show it when. */
import { dayIn } from '$lib/format/time';
import type { Show, Theater } from '$lib/platform';

/** The first day with a show still to come; the first of all when there is none. */
export function firstDay(
  shows: readonly Show[],
  days: readonly string[],
  timeZone: string,
  now = new Date()
): string | undefined {
  const open = shows
    .map((show) => new Date(show.start_time))
    .filter((start) => start > now)
    .map((start) => dayIn(timeZone, start));
  return days.find((day) => open.includes(day)) ?? days[0];
}

/** The shows gathered under their theaters, in the order the theaters are given; started shows left out. */
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
