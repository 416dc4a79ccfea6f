/** What staff's pages ask. Apart from `app/queries`, which every page carries. */
import { queryOptions } from '@tanstack/svelte-query';
import { platform, type Read, type StaffCalls } from '$lib/platform';

export const manageKeys = {
  all: ['manage'] as const,
  mine: ['manage', 'mine'] as const,
  theater: (theaterId: string) => ['manage', theaterId, 'theater'] as const,
  shows: (theaterId: string) => ['manage', theaterId, 'shows'] as const,
  movies: ['manage', 'movies'] as const,
  people: (theaterId: string) => ['manage', theaterId, 'people'] as const
};

/** Staff's answers come from the server alone, so each is as fresh as its arrival. */
async function asked<T>(ask: (staff: StaffCalls) => Promise<T>): Promise<Read<T>> {
  const value = await ask(await platform().staff());
  return { value, as_of: new Date().toISOString(), offline: false };
}

export const myTheatersQuery = () =>
  queryOptions({ queryKey: manageKeys.mine, queryFn: () => asked((staff) => staff.theaters()) });

export const administratorQuery = () =>
  queryOptions({
    queryKey: [...manageKeys.all, 'administrator'],
    queryFn: async () => (await platform().staff()).administrator(),
    staleTime: 0
  });

export const managedTheaterQuery = (theaterId: string) =>
  queryOptions({
    queryKey: manageKeys.theater(theaterId),
    queryFn: () => asked((staff) => staff.theater(theaterId)),
    staleTime: 0
  });

export const managedShowsQuery = (theaterId: string, from: string, until: string) =>
  queryOptions({
    queryKey: [...manageKeys.shows(theaterId), from, until],
    queryFn: () => asked((staff) => staff.shows(theaterId, from, until)),
    staleTime: 0
  });

export const managedShowQuery = (theaterId: string, showId: string) =>
  queryOptions({
    queryKey: [...manageKeys.shows(theaterId), 'one', showId],
    queryFn: () => asked((staff) => staff.show(showId)),
    staleTime: 0
  });

export const managedSeatsQuery = (theaterId: string, showId: string) =>
  queryOptions({
    queryKey: [...manageKeys.shows(theaterId), 'seats', showId],
    queryFn: () => asked((staff) => staff.showSeats(showId)),
    staleTime: 0
  });

export const managedMovieQuery = (theaterId: string, movieId: string) =>
  queryOptions({
    queryKey: [...manageKeys.movies, theaterId, movieId],
    queryFn: () => asked((staff) => staff.movie(theaterId, movieId)),
    staleTime: 0
  });

export const movieSearchQuery = (q: string) =>
  queryOptions({
    queryKey: [...manageKeys.movies, 'list', q],
    queryFn: () => platform().movies({ limit: 100, ...(q === '' ? {} : { q }) }),
    staleTime: 0
  });

export const gatewaysQuery = (theaterId: string) =>
  queryOptions({
    queryKey: [...manageKeys.all, theaterId, 'gateways'],
    queryFn: () => asked((staff) => staff.gateways(theaterId)),
    staleTime: 0
  });

export const networkQuery = (theaterId: string) =>
  queryOptions({
    queryKey: [...manageKeys.all, theaterId, 'network'],
    queryFn: () => asked((staff) => staff.network(theaterId)),
    staleTime: 0
  });

export const peopleQuery = (theaterId: string) =>
  queryOptions({
    queryKey: manageKeys.people(theaterId),
    queryFn: () => asked((staff) => staff.people(theaterId)),
    staleTime: 0
  });
