/** What is typed for a show, and the body it becomes. Pure. */
import type { ManagedShow, ShowSpec } from '$lib/platform';
import { dayAfter } from './zoned';

/** Which movie and how it is shown: the same for one show and for a week of them. */
export interface VersionDraft {
  movie: { movie_id: string; name: string } | null;
  format: string;
  language: string;
  /** Tags, separated by commas. */
  subtitles: string;
  /** Empty: as it is, or the theater's first. */
  price_list: string;
}

export interface ShowDraft extends VersionDraft {
  screen_id: string;
  day: string;
  time: string;
}

export function draftOf(show: ManagedShow): ShowDraft {
  return {
    movie: { movie_id: show.movie_id, name: show.movie_name },
    screen_id: show.screen_id,
    day: show.start.slice(0, 10),
    time: show.start.slice(11, 16),
    format: show.format,
    language: show.language,
    subtitles: show.subtitles.join(', '),
    price_list: ''
  };
}

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/**
 * The body for a draft. `was` is the start of the show that is changed: while day and time are its own the instant goes back as it
 * came, offset and all, so that a show in a repeated hour is not moved by a change of its language.
 */
export function specOf(draft: ShowDraft, was?: string, days = 0): ShowSpec {
  const wall = `${dayAfter(draft.day, days)}T${draft.time}`;
  const unmoved = was !== undefined && was.startsWith(wall) && days === 0;
  return {
    movie_id: draft.movie?.movie_id ?? '',
    screen_id: draft.screen_id,
    start: unmoved ? was : wall,
    format: draft.format.trim() || null,
    language: draft.language.trim(),
    subtitles: listed(draft.subtitles),
    ...(draft.price_list === '' ? {} : { price_list: draft.price_list })
  };
}

/** What is missing, by field, before the server is asked. */
export function missing(draft: ShowDraft, required: () => string): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!draft.movie) fields['movie_id'] = required();
  if (!draft.day) fields['day'] = required();
  if (!draft.time) fields['start'] = required();
  if (!draft.language.trim()) fields['language'] = required();
  return fields;
}
