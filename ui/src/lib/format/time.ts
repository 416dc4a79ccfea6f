/**
 * Dates and times for people, through Intl alone. A show's times are always those of its theater's zone: a person
 * abroad buys a ticket for 19:30 on the cinema's wall clock.
 */
import { getLocale } from '$lib/paraglide/runtime';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = getLocale();
  const key = locale + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(timeLocale(locale), options);
    formats.set(key, found);
  }
  return found;
}

/** The reader's own habits (24 h or am/pm) when the browser's language is the one shown. */
function timeLocale(locale: string): string {
  const own = typeof navigator === 'undefined' ? undefined : navigator.language;
  return own?.split('-')[0] === locale ? own : locale;
}

export function clockTime(instant: string, timeZone?: string): string {
  return format({ timeStyle: 'short', ...(timeZone ? { timeZone } : {}) }).format(
    new Date(instant)
  );
}

/** "Saturday, 24 May" */
export function longDate(instant: string, timeZone?: string): string {
  return format({
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(timeZone ? { timeZone } : {})
  }).format(new Date(instant));
}

/** "Sat 24 May, 19:30" */
export function dateAndTime(instant: string, timeZone?: string): string {
  const date = format({
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(timeZone ? { timeZone } : {})
  }).format(new Date(instant));
  return `${date}, ${clockTime(instant, timeZone)}`;
}

/** YYYY-MM-DD of an instant in a zone. */
export function dayIn(timeZone: string, instant: Date): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit'
  }).formatToParts(instant);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** `count` calendar days from the theater's today, as YYYY-MM-DD; daylight saving cannot repeat or skip one. */
export function daysFrom(timeZone: string, now: Date, count: number): string[] {
  const [year = 1970, month = 1, day = 1] = dayIn(timeZone, now).split('-').map(Number);
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.UTC(year, month - 1, day + index)).toISOString().slice(0, 10)
  );
}

/** The words for a calendar day that belongs to no zone. */
export function dayParts(day: string): { weekday: string; date: string; long: string } {
  const instant = new Date(`${day}T12:00:00Z`);
  const timeZone = 'UTC';
  return {
    weekday: format({ weekday: 'short', timeZone }).format(instant),
    date: format({ day: 'numeric', month: 'short', timeZone }).format(instant),
    long: format({ weekday: 'long', day: 'numeric', month: 'long', timeZone }).format(instant)
  };
}

/** "2 h 15 min" in the reader's language. */
export function runtime(minutes: number): string {
  const unit = (value: number, name: 'hour' | 'minute') =>
    new Intl.NumberFormat(getLocale(), { style: 'unit', unit: name, unitDisplay: 'short' }).format(
      value
    );
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return unit(rest, 'minute');
  return rest === 0 ? unit(hours, 'hour') : `${unit(hours, 'hour')} ${unit(rest, 'minute')}`;
}
