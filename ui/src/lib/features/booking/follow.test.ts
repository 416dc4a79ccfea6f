import { expect, it, vi } from 'vitest';
import { aBooking } from '../../../test/bookings';
import type { Booking } from '$lib/platform';
import { Follow } from './follow.svelte';
import { isIssuing, isSettling, phaseOf } from './phase';

const paidBy = (status: string) => ({ payments: [{ status }] }) as unknown as Partial<Booking>;

it('looks a bounded number of times, and again when asked', async () => {
  const look = vi.fn(() => Promise.reject(new Error('offline')));
  const waits: number[] = [];
  const follow = new Follow(look, (ms) => {
    waits.push(ms);
    return Promise.resolve();
  });
  follow.start();
  await vi.waitFor(() => expect(follow.spent).toBe(true));
  const looks = look.mock.calls.length;
  expect(looks).toBe(waits.length);
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(180_000);
  follow.start();
  expect(follow.spent).toBe(false);
  await vi.waitFor(() => expect(look).toHaveBeenCalledTimes(2 * looks));
});

it('stops when told', async () => {
  const look = vi.fn(() => Promise.resolve());
  const follow = new Follow(look, () => Promise.resolve());
  follow.start()();
  await new Promise((done) => setTimeout(done));
  expect(look).not.toHaveBeenCalled();
});

it('waits for payments, tickets and refunds, and for nothing else', () => {
  expect(isSettling(aBooking({ status: 'awaiting_payment' }))).toBe(true);
  expect(isSettling(aBooking())).toBe(false);
  const issuing = aBooking({ status: 'confirmed', ...paidBy('authorized') });
  expect([isIssuing(issuing), isSettling(issuing)]).toEqual([true, true]);
  const done = aBooking({ status: 'confirmed', ...paidBy('captured') });
  expect([isIssuing(done), isSettling(done)]).toEqual([false, false]);
  const refunds = [{ status: 'pending' }] as unknown as Booking['refunds'];
  expect(isSettling(aBooking({ status: 'cancelled', refunds }))).toBe(true);
});

it('does not call a booking over while its payment is undecided', () => {
  expect(phaseOf(aBooking({ status: 'expired', ...paidBy('authorized') }))).toBe('checking');
  expect(phaseOf(aBooking({ status: 'expired', ...paidBy('declined') }))).toBe('gone');
});
