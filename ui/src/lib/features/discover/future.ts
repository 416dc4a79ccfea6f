/** A page left open past a show's start must not offer it; nor a movie that has no show left. */
import type { Movie } from '$lib/platform';

export function withFutureShows<M extends Pick<Movie, 'shows'>>(movies: M[], now: Date): M[] {
  return movies
    .map((movie) => ({
      ...movie,
      shows: (movie.shows ?? [])
        .filter((show) => Date.parse(show.start_time) > now.getTime())
        .sort((a, b) => a.start_time.localeCompare(b.start_time))
    }))
    .filter((movie) => movie.shows.length > 0);
}
