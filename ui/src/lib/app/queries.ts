/**
 * Server state: one QueryClient, and the key and fetcher of every read, so that two screens asking for the same thing
 * share one answer. Use as `createQuery(() => theaterQuery(id))`; the data is a Read (value, as_of, offline).
 */
import { QueryClient, queryOptions } from '@tanstack/svelte-query';
import {
  isPlatformError,
  platform,
  type MovieQuery,
  type ShowQuery,
  type TheaterQuery
} from '$lib/platform';

const MINUTE = 60_000;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: MINUTE,
        // Every change of a query is told, not only of what was read before: a template that looks at a second query only
        // once the first is there would otherwise never hear that the second had come earlier.
        notifyOnChangeProps: 'all',
        gcTime: 30 * MINUTE,
        // The platform knows better than the browser whether an answer is to be had, and retries by itself.
        networkMode: 'always',
        refetchOnWindowFocus: true,
        retry: (count, error) =>
          count < 2 && isPlatformError(error) && (error.status === 503 || error.status === 429),
        retryDelay: (count, error) =>
          isPlatformError(error) && error.retry_after
            ? Math.min(error.retry_after, 30) * 1000
            : 1000 * 2 ** count
      },
      mutations: { networkMode: 'always' }
    }
  });
}

export const keys = {
  theaters: ['theaters'] as const,
  movies: ['movies'] as const,
  shows: ['shows'] as const,
  bookings: ['bookings'] as const,
  profile: ['profile'] as const
};

export const theatersQuery = (query: TheaterQuery = {}) =>
  queryOptions({
    queryKey: [...keys.theaters, 'list', query],
    queryFn: () => platform().theaters(query)
  });

export const theaterQuery = (theaterId: string) =>
  queryOptions({
    queryKey: [...keys.theaters, theaterId],
    queryFn: () => platform().theater(theaterId)
  });

export const theaterMoviesQuery = (theaterId: string, date: string) =>
  queryOptions({
    queryKey: [...keys.theaters, theaterId, 'movies', date],
    queryFn: () => platform().theaterMovies(theaterId, date)
  });

export const moviesQuery = (query: MovieQuery = {}) =>
  queryOptions({
    queryKey: [...keys.movies, 'list', query],
    queryFn: () => platform().movies(query)
  });

export const movieQuery = (movieId: string) =>
  queryOptions({ queryKey: [...keys.movies, movieId], queryFn: () => platform().movie(movieId) });

export const movieShowsQuery = (movieId: string, query: ShowQuery) =>
  queryOptions({
    queryKey: [...keys.movies, movieId, 'shows', query],
    queryFn: () => platform().movieShows(movieId, query)
  });

export const showQuery = (showId: string) =>
  queryOptions({ queryKey: [...keys.shows, showId], queryFn: () => platform().show(showId) });

export const showSeatsQuery = (showId: string) =>
  queryOptions({
    queryKey: [...keys.shows, showId, 'seats'],
    queryFn: () => platform().seats(showId),
    staleTime: 0
  });

export const bookingQuery = (bookingId: string) =>
  queryOptions({
    queryKey: [...keys.bookings, bookingId],
    queryFn: () => platform().booking(bookingId),
    staleTime: 0
  });

export const bookingTicketsQuery = (bookingId: string) =>
  queryOptions({
    queryKey: [...keys.bookings, bookingId, 'tickets'],
    queryFn: () => platform().tickets(bookingId)
  });

export const bookingsQuery = () =>
  queryOptions({ queryKey: [...keys.bookings, 'list'], queryFn: () => platform().bookings() });

export const profileQuery = () =>
  queryOptions({ queryKey: keys.profile, queryFn: () => platform().profile(), staleTime: 0 });
