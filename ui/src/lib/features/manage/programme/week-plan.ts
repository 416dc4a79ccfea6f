/** A week of one movie as it is typed, and the shows it becomes. Pure. */
import type { ShowObstacle, ShowSpec } from '$lib/platform';
import { specOf, type VersionDraft } from './draft';
import { dayAfter } from './zoned';
import { DAYS } from './week';

export interface WeekDraft extends VersionDraft {
  /** By screen: whether it plays there. */
  screens: Record<string, boolean>;
  /** "15:00, 20:15" */
  times: string;
  from: string;
  /** Which of the seven days it plays on, the first being `from`. */
  days: boolean[];
  publish: boolean;
}

/** The server takes no more at once. */
export const MOST_SHOWS = 200;

export const everyDay = (): boolean[] => Array.from({ length: DAYS }, () => true);

/** Times of a day, each once and in order; null when something in the text is none. */
export function timesOf(text: string): string[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const times = parts.map((part) => {
    const found = /^(\d{1,2})[:.](\d{2})$/.exec(part);
    const [hour, minute] = [Number(found?.[1] ?? NaN), Number(found?.[2] ?? NaN)];
    return hour < 24 && minute < 60
      ? `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
      : null;
  });
  if (times.length === 0 || times.includes(null)) return null;
  return [...new Set(times as string[])].sort();
}

export interface PlannedShow {
  day: string;
  time: string;
  screen_id: string;
  spec: ShowSpec;
}

/** Every show of the week, by day, time and screen. */
export function plannedOf(draft: WeekDraft, screenIds: readonly string[]): PlannedShow[] {
  const times = timesOf(draft.times) ?? [];
  const screens = screenIds.filter((screen) => draft.screens[screen]);
  const days = draft.days.flatMap((plays, index) => (plays ? [dayAfter(draft.from, index)] : []));
  return days.flatMap((day) =>
    times.flatMap((time) =>
      screens.map((screen_id) => ({
        day,
        time,
        screen_id,
        spec: { ...specOf({ ...draft, screen_id, day, time }), publish: draft.publish }
      }))
    )
  );
}

/** What is missing or wrong, by field, before the server is asked. */
export function wrongIn(
  draft: WeekDraft,
  words: { required: string; times: string; many: string },
  screenIds: readonly string[]
): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!draft.movie) fields['movie_id'] = words.required;
  if (!draft.from) fields['from'] = words.required;
  if (!draft.language.trim()) fields['language'] = words.required;
  if (!screenIds.some((screen) => draft.screens[screen])) fields['screens'] = words.required;
  if (!draft.days.includes(true)) fields['days'] = words.required;
  if (timesOf(draft.times) === null) fields['times'] = words.times;
  const none = Object.keys(fields).length === 0;
  if (none && plannedOf(draft, screenIds).length > MOST_SHOWS) fields['times'] = words.many;
  return fields;
}

/**
 * What is left to make when everything that something stands in the way of is left out. Of two that stand in each other's way
 * the earlier one stays: the server names the later.
 */
export function possible(
  planned: readonly PlannedShow[],
  obstacles: readonly ShowObstacle[]
): PlannedShow[] {
  const out = new Set(obstacles.map(({ index }) => index));
  return planned.filter((_, index) => !out.has(index));
}
