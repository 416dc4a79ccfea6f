import { expect, it } from 'vitest';
import type { GatewayHere, ManagedTheater } from '$lib/platform';
import { nextOf, stepsOf, webGateway, type SetupFacts } from './steps';

const gateway = (given: Partial<GatewayHere>): GatewayHere => ({
  name: 'sandbox',
  state: 'ready',
  test: true,
  trouble: null,
  account: null,
  webhook: null,
  ...given
});
const counter = gateway({ name: 'counter' });

const empty: SetupFacts = {
  theater: { screens: [], price_lists: [] },
  movies: false,
  shows: [],
  gateways: [gateway({ state: 'off' }), counter],
  tested: false,
  network: { reach: 'this_machine' }
};
const furnished: SetupFacts = {
  ...empty,
  theater: { screens: [{}], price_lists: [{}] } as unknown as ManagedTheater,
  movies: true
};
const done = (facts: SetupFacts) =>
  stepsOf(facts)
    .filter((step) => step.done)
    .map(({ key }) => key);

it('leads an empty theater through what it needs, one after the other', () => {
  expect(done(empty)).toEqual(['theater']);
  expect(nextOf(stepsOf(empty))).toBe('screens');
  expect(nextOf(stepsOf(furnished))).toBe('shows');
  const selling: SetupFacts = { ...furnished, shows: [{ published: true, cancelled: false }] };
  expect(nextOf(stepsOf(selling))).toBe('payments');
  const paying: SetupFacts = { ...selling, gateways: [gateway({}), counter] };
  expect(nextOf(stepsOf(paying))).toBe('test');
  const tested: SetupFacts = { ...paying, tested: true };
  expect(nextOf(stepsOf(tested))).toBe('network');
  const all: SetupFacts = { ...tested, network: { reach: 'local_network' } };
  expect(nextOf(stepsOf(all))).toBeNull();
  expect(done(all)).toHaveLength(8);
});

it('a show that nobody can buy is not a programme', () => {
  const drafts = [
    { published: false, cancelled: false },
    { published: true, cancelled: true }
  ];
  expect(done({ ...furnished, shows: drafts })).not.toContain('shows');
});

it('the counter alone sells nothing on the web, and a gateway in trouble is not ready', () => {
  expect(webGateway([gateway({ state: 'off' }), counter])).toBeNull();
  const trouble = [gateway({ name: 'stripe', state: 'trouble', trouble: 'key_refused' }), counter];
  expect(done({ ...furnished, gateways: trouble })).not.toContain('payments');
});

it('real money makes the test booking something to leave out', () => {
  const live = [gateway({ name: 'stripe', test: false }), counter];
  const shows = [{ published: true, cancelled: false }];
  const steps = stepsOf({ ...furnished, shows, gateways: live });
  expect(steps.find(({ key }) => key === 'test')).toMatchObject({
    possible: false,
    optional: true
  });
  expect(nextOf(steps)).toBe('network');
});
