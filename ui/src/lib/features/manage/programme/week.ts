/** A week of shows as staff look at it: by day, and on a day by screen along the hours. Pure. */
import type { ManagedScreen, ManagedShow } from '$lib/platform';
import { dayAfter, dayIn, instantOf } from './zoned';

export const DAYS = 7;

export function weekOf(from: string): string[] {
  return Array.from({ length: DAYS }, (_, index) => dayAfter(from, index));
}

/** What a show is to staff. A withdrawn one is a draft again. */
export type ShowState = 'draft' | 'on_sale' | 'running' | 'over' | 'cancelled';

export function stateOf(
  show: Pick<ManagedShow, 'published' | 'cancelled' | 'start_time' | 'end_time'>,
  now: number
): ShowState {
  if (show.cancelled) return 'cancelled';
  if (Date.parse(show.end_time) <= now) return 'over';
  if (!show.published) return 'draft';
  return Date.parse(show.start_time) <= now ? 'running' : 'on_sale';
}

const HOUR_MS = 3_600_000;
/** A show that begins after midnight belongs to the evening before: to staff the day ends when the house is empty. */
const NIGHT_HOURS = 5;
const NIGHT_ENDS = '05:00';
/** A counter sells what begins so soon although it is of the next day: people come early, also to a matinee at six. */
const AHEAD_HOURS = 4;

/** The day a house is at, at an instant. */
export function businessDay(timeZone: string, instant: number): string {
  return dayIn(timeZone, new Date(instant - NIGHT_HOURS * HOUR_MS));
}

/** From when until when shows belong to so many days from a day on. */
export function businessDays(
  timeZone: string,
  day: string,
  days: number
): { from: Date; until: Date } {
  return {
    from: instantOf(timeZone, day, NIGHT_ENDS),
    until: instantOf(timeZone, dayAfter(day, days), NIGHT_ENDS)
  };
}

/** Which shows a counter sells: those of its day, and what begins within hours. Changes at most once an hour. */
export function counterHours(timeZone: string, now: number): { from: Date; until: Date } {
  const { from, until } = businessDays(timeZone, businessDay(timeZone, now), 1);
  const ahead = (Math.ceil(now / HOUR_MS) + AHEAD_HOURS) * HOUR_MS;
  return { from, until: new Date(Math.max(until.getTime(), ahead)) };
}

export function byDay(
  shows: readonly ManagedShow[],
  days: readonly string[],
  timeZone: string
): { day: string; shows: ManagedShow[] }[] {
  return days.map((day) => ({
    day,
    shows: shows
      .filter((show) => businessDay(timeZone, Date.parse(show.start_time)) === day)
      .sort((a, b) => a.start_time.localeCompare(b.start_time))
  }));
}

export interface Lane {
  screen: Pick<ManagedScreen, 'screen_id' | 'name'>;
  shows: { show: ManagedShow; left: number; width: number }[];
}

/** The hours a day's shows span, whole, at least an evening. */
export function hoursOf(
  shows: readonly ManagedShow[],
  dayStart: number
): { from: number; to: number } {
  const hour = (instant: string) => (Date.parse(instant) - dayStart) / 3_600_000;
  const from = Math.floor(Math.min(12, ...shows.map((show) => hour(show.start_time))));
  const to = Math.ceil(Math.max(24, ...shows.map((show) => hour(show.end_time))));
  return { from, to };
}

/** A day's shows screen by screen, each with its place in per cent of the hours shown. */
export function lanesOf(
  shows: readonly ManagedShow[],
  screens: readonly Pick<ManagedScreen, 'screen_id' | 'name'>[],
  dayStart: number,
  hours: { from: number; to: number }
): Lane[] {
  const span = (hours.to - hours.from) * 3_600_000;
  const begin = dayStart + hours.from * 3_600_000;
  return screens.map((screen) => ({
    screen,
    shows: shows
      .filter((show) => show.screen_id === screen.screen_id)
      .map((show) => ({
        show,
        left: ((Date.parse(show.start_time) - begin) / span) * 100,
        width: ((Date.parse(show.end_time) - Date.parse(show.start_time)) / span) * 100
      }))
  }));
}

/** Drafts that can still be put on sale. */
export function drafts(shows: readonly ManagedShow[], now: number): ManagedShow[] {
  return shows.filter(
    (show) => stateOf(show, now) === 'draft' && Date.parse(show.start_time) > now
  );
}
