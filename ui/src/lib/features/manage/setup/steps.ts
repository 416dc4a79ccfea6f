/**
 * What a cinema needs before it sells, in the order in which one step needs the other: what is done, what is next. Pure; the
 * server's own answers decide, so nothing is ticked that is not there.
 */
import type { GatewayHere, ManagedShow, ManagedTheater, NetworkHere } from '$lib/platform';

export interface SetupFacts {
  theater: Pick<ManagedTheater, 'screens' | 'price_lists'>;
  /** Whether the server knows any movie. */
  movies: boolean;
  /** Shows that begin within the next seven days. */
  shows: Pick<ManagedShow, 'published' | 'cancelled'>[];
  gateways: GatewayHere[];
  /** A booking of one's own that was paid with test money and cancelled again. */
  tested: boolean;
  network: Pick<NetworkHere, 'reach'>;
}

export type StepKey =
  'theater' | 'screens' | 'prices' | 'movies' | 'shows' | 'payments' | 'test' | 'network';

export interface Step {
  key: StepKey;
  done: boolean;
  /** Can be done now: what it needs is there. */
  possible: boolean;
  /** A cinema can do without. */
  optional: boolean;
}

export const onSale = (shows: SetupFacts['shows']): number =>
  shows.filter((show) => show.published && !show.cancelled).length;

/** Who takes payments on the web, if anybody does. */
export function webGateway(gateways: readonly GatewayHere[]): GatewayHere | null {
  return gateways.find(({ name, state }) => name !== 'counter' && state !== 'off') ?? null;
}

export function stepsOf(facts: SetupFacts): Step[] {
  const { theater } = facts;
  const web = webGateway(facts.gateways);
  const [screens, prices] = [theater.screens.length > 0, theater.price_lists.length > 0];
  const shows = onSale(facts.shows) > 0;
  const step = (key: StepKey, done: boolean, possible = true, optional = false): Step => ({
    key,
    done,
    possible,
    optional
  });
  return [
    step('theater', true),
    step('screens', screens),
    step('prices', prices),
    step('movies', facts.movies),
    step('shows', shows, screens && prices && facts.movies),
    step('payments', web?.state === 'ready'),
    // With real money there is no booking that is only a test.
    step('test', facts.tested, shows && web?.test === true, web !== null && !web.test),
    step('network', facts.network.reach !== 'this_machine', true, true)
  ];
}

/** The first that is still to do and can be. */
export function nextOf(steps: readonly Step[]): StepKey | null {
  const open = steps.filter(({ done, possible }) => !done && possible);
  return (open.find(({ optional }) => !optional) ?? open[0])?.key ?? null;
}
