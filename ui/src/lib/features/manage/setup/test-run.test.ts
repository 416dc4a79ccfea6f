import { beforeEach, expect, it, vi } from 'vitest';
import type { Booking, RedeemAnswer, Refund, Ticket } from '$lib/platform';
import { aBooking } from '../../../../test/bookings';
import { TEST_STEPS, TestFailed, TestRun, type Hosts } from './test-run.svelte';

const read = <T>(value: T) => Promise.resolve({ value, as_of: '', offline: false });
const total = aBooking().total_amount;
const refund = (status: Refund['status'], amount = total): Refund => ({
  refund_id: 'r1',
  amount,
  method: 'Visa •••• 4242',
  status,
  created_at: ''
});

let now: Booking;
let calls: string[];

/** A server whose answers a test changes one by one. */
function hosts(change: { [K in keyof Hosts]?: Partial<Hosts[K]> } = {}): Hosts {
  const said = <T>(name: string, answer: () => T) =>
    vi.fn(() => {
      calls.push(name);
      return Promise.resolve(answer());
    });
  const ticket = { ticket_id: 'x', qr_payload: 'MT1:x', test: true } as Ticket;
  return {
    host: {
      bestSeats: () => read({ seat_ids: ['G-7'], together: true, version: 1 }),
      book: said('book', () => now),
      booking: () => read(now),
      pay: said('pay', () => (now = { ...now, status: 'confirmed' })),
      tickets: () => read({ booking_id: 'b1', tickets: [ticket], ics: '', pdf_base64: '' }),
      releaseHold: said('release', () => undefined),
      ...change.host
    },
    door: {
      redeem: said('redeem', () => ({ verdict: 'too_early', words: '', reference: now.reference })),
      ...change.door
    },
    staff: {
      refundBooking: said('refund', () => {
        now = { ...now, status: 'cancelled', refunds: [refund('succeeded')] };
        return { booking: now, refund: refund('pending') };
      }),
      ...change.staff
    }
  } as unknown as Hosts;
}

const run = (of: Hosts) =>
  new TestRun(
    () => Promise.resolve(of),
    { door: 'Test', reason: 'Test' },
    () => Promise.resolve()
  );

beforeEach(() => {
  now = aBooking();
  calls = [];
});

it('goes the whole way and says what came of each step', async () => {
  const test = run(hosts());
  await test.run('t1', 's1');
  expect(test.problem).toBeNull();
  expect(TEST_STEPS.map((step) => test.states[step])).toEqual(TEST_STEPS.map(() => 'done'));
  expect(calls).toEqual(['book', 'pay', 'redeem', 'refund']);
  expect([test.over, test.refund?.status, test.scan?.verdict]).toEqual([
    true,
    'succeeded',
    'too_early'
  ]);
});

it('a declined payment frees the seat again', async () => {
  const pay = () => Promise.reject(new Error('declined'));
  const test = run(hosts({ host: { pay } }));
  await test.run('t1', 's1');
  expect([test.states.hold, test.states.pay, test.states.ticket]).toEqual([
    'done',
    'failed',
    'waiting'
  ]);
  expect([calls, test.cleared]).toEqual([['book', 'release'], true]);
});

it('a door that does not know the ticket fails the test, and the money goes back', async () => {
  const unknown = { verdict: 'forged', words: '', reference: null } as unknown as RedeemAnswer;
  const test = run(hosts({ door: { redeem: () => Promise.resolve(unknown) } }));
  await test.run('t1', 's1');
  expect(test.states.scan).toBe('failed');
  expect(test.problem).toBeInstanceOf(TestFailed);
  expect([calls, test.cleared]).toEqual([['book', 'pay', 'refund'], true]);
});

it('a ticket of real money is no test', async () => {
  const ticket = { qr_payload: 'MT1:x', test: false } as Ticket;
  const tickets = () => read({ booking_id: 'b1', tickets: [ticket], ics: '', pdf_base64: '' });
  const test = run(hosts({ host: { tickets } }));
  await test.run('t1', 's1');
  expect(test.states.ticket).toBe('failed');
  expect(calls).not.toContain('redeem');
});

it('less money back than was paid is no success', async () => {
  const less = refund('succeeded', { ...total, amount_minor: 1 });
  const refundBooking = () => {
    now = { ...now, status: 'cancelled', refunds: [less] };
    return Promise.resolve({ booking: now, refund: less } as never);
  };
  const test = run(hosts({ staff: { refundBooking } }));
  await test.run('t1', 's1');
  expect([test.states.cancel, test.states.refund, test.over]).toEqual(['done', 'failed', false]);
});

it('says when something of it is left', async () => {
  const pay = () => Promise.reject(new Error('gone'));
  const releaseHold = () => Promise.reject(new Error('gone'));
  const test = run(hosts({ host: { pay, releaseHold } }));
  await test.run('t1', 's1');
  expect(test.cleared).toBe(false);
});
