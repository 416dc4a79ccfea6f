/** What the list of steps asks: several small answers, together. */
import { queryOptions } from '@tanstack/svelte-query';
import { platform, type ManagedTheater } from '$lib/platform';
import { DAYS } from '../programme/week';
import { dayAfter, dayIn, instantOf } from '../programme/zoned';
import { manageKeys } from '../queries';
import { webGateway, type SetupFacts } from './steps';

export const setupQuery = (theater: ManagedTheater) =>
  queryOptions({
    queryKey: [...manageKeys.theater(theater.theater_id), 'setup'],
    queryFn: async () => {
      const value = await factsOf(theater);
      return { value, as_of: new Date().toISOString(), offline: false };
    },
    staleTime: 0
  });

async function factsOf(theater: ManagedTheater): Promise<SetupFacts> {
  const host = platform();
  const staff = await host.staff();
  const { theater_id: theaterId, time_zone: zone } = theater;
  const until = instantOf(zone, dayAfter(dayIn(zone, new Date()), DAYS));
  const [movies, shows, gateways, network, session] = await Promise.all([
    host.movies({ limit: 1 }),
    staff.shows(theaterId, new Date().toISOString(), until.toISOString()),
    staff.gateways(theaterId),
    staff.network(theaterId),
    host.session()
  ]);
  // Only where money is test money is a booking of one's own that was cancelled certainly a test.
  const test = webGateway(gateways)?.test === true;
  const own = test
    ? (await staff.findBookings(theaterId, { query: session.email ?? '' })).items
    : [];
  return {
    theater,
    movies: movies.value.items.length > 0,
    shows,
    gateways,
    network,
    tested: own.some(
      ({ status, buyer_email }) => status === 'cancelled' && buyer_email === session.email
    )
  };
}
