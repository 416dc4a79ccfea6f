/**
 * From a theater's wall clock to instants and back, through Intl alone. The server reads what staff type by itself; this is
 * for asking it about days, and for drawing them.
 */
import { dayIn } from '$lib/format/time';

const MINUTE = 60_000;

/** How far a zone's clocks are ahead of UTC at an instant, in minutes. */
function offsetAt(timeZone: string, instant: Date): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit'
  }).formatToParts(instant);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return Math.round((wall - instant.getTime()) / MINUTE);
}

/**
 * The instant of a wall clock time. Of one that the clocks show twice, the earlier; of one that they skip, the instant the
 * clocks jump over it by.
 */
export function instantOf(timeZone: string, day: string, time = '00:00'): Date {
  const wall = Date.parse(`${day}T${time}:00Z`);
  const offsets = [-1, 1].map((days) => offsetAt(timeZone, new Date(wall + days * 1440 * MINUTE)));
  const candidates = [...new Set(offsets)].map((offset) => new Date(wall - offset * MINUTE));
  const fitting = candidates.filter(
    (instant) => instant.getTime() + offsetAt(timeZone, instant) * MINUTE === wall
  );
  const found = fitting.length > 0 ? fitting : candidates;
  return found.reduce((least, one) => (one < least ? one : least));
}

/** So many calendar days on: no change of clocks can repeat or skip one. */
export function dayAfter(day: string, days: number): string {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}

export const isDay = (text: string | null): text is string =>
  text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

export { dayIn };
