/** A movie as text in a form, and back as what the server takes. Pure. */
import type { ManagedMovie, MovieSpec } from '$lib/platform';

export interface MovieDraft {
  name: string;
  duration: string;
  year: string;
  director: string;
  cast: string;
  genres: string;
  certificate: string;
  languages: string;
  poster_url: string;
}

export const emptyMovie = (year: number): MovieDraft => ({
  name: '',
  duration: '',
  year: String(year),
  director: '',
  cast: '',
  genres: '',
  certificate: '',
  languages: '',
  poster_url: ''
});

export function draftOf(movie: MovieSpec): MovieDraft {
  return {
    name: movie.name,
    duration: String(movie.duration_minutes),
    year: String(movie.release_year),
    director: movie.director ?? '',
    cast: (movie.cast ?? []).join(', '),
    genres: (movie.genres ?? []).join(', '),
    certificate: movie.certificate ?? '',
    languages: (movie.languages ?? []).join(', '),
    poster_url: movie.poster_url ?? ''
  };
}

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** What is not typed here, such as the ratings, stays as it was. */
export function specOf(
  draft: MovieDraft,
  was: Pick<ManagedMovie, 'ratings'> | null,
  words: { required: () => string; number: () => string }
): { spec: MovieSpec } | { fields: Record<string, string> } {
  const fields: Record<string, string> = {};
  const whole = (name: string, text: string) => {
    if (text.trim() === '') fields[name] = words.required();
    else if (!/^\s*\d+\s*$/.test(text)) fields[name] = words.number();
    return Number(text);
  };
  if (draft.name.trim() === '') fields['name'] = words.required();
  const spec: MovieSpec = {
    name: draft.name.trim(),
    duration_minutes: whole('duration_minutes', draft.duration),
    release_year: whole('release_year', draft.year),
    director: draft.director.trim(),
    cast: listed(draft.cast),
    genres: listed(draft.genres),
    certificate: draft.certificate.trim(),
    languages: listed(draft.languages),
    ratings: was?.ratings ?? [],
    ...(draft.poster_url.trim() === '' ? {} : { poster_url: draft.poster_url.trim() })
  };
  return Object.keys(fields).length > 0 ? { fields } : { spec };
}
