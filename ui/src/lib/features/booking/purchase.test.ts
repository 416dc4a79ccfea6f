import { describe, expect, it, vi } from 'vitest';
import { PlatformError, type Attempt, type Booking, type Platform } from '$lib/platform';
import { aBooking } from '../../../test/bookings';
import { phaseOf } from './phase';
import { Purchase } from './purchase.svelte';

function problem(code: string, status: number, more: object = {}): PlatformError {
  return new PlatformError({ kind: 'problem', code, title: code, detail: '', status, ...more });
}
const lost = () => new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });

function setUp(parts: Partial<Platform> = {}) {
  const kept = new Map<string, string>();
  const host = {
    book: vi.fn(() => Promise.resolve(aBooking())),
    booking: vi.fn(() =>
      Promise.resolve({ value: aBooking(), as_of: '2026-11-22T20:00:00Z', offline: false })
    ),
    remember: (key: string, text: string | null) =>
      void (text === null ? kept.delete(key) : kept.set(key, text)),
    recall: (key: string) => kept.get(key) ?? null,
    ...parts
  } as unknown as Platform;
  return { host, kept, purchase: new Purchase(host, () => Promise.resolve()) };
}
const reading = (booking: Booking) =>
  Promise.resolve({ value: booking, as_of: '2026-11-22T20:00:00Z', offline: false });
const confirmed = () => aBooking({ status: 'confirmed' });

describe('a booking’s state', () => {
  it('names the phase', () => {
    expect(phaseOf(aBooking())).toBe('held');
    expect(phaseOf(confirmed())).toBe('confirmed');
    expect(phaseOf(aBooking({ status: 'expired' }))).toBe('gone');
    expect(phaseOf(aBooking({ status: 'awaiting_payment' }))).toBe('checking');
    const action = {
      status: 'awaiting_payment',
      payment_id: 'p',
      next_action: { type: 'simulate' }
    };
    expect(phaseOf(aBooking(action as Partial<Booking>))).toBe('action');
  });
});

describe('taking a hold', () => {
  it('repeats the same attempt after a lost answer and a new one for other seats', async () => {
    const attempts: string[] = [];
    const { purchase } = setUp({
      book: (_request, attempt: Attempt) => {
        attempts.push(attempt.key);
        return attempts.length === 1 ? Promise.reject(lost()) : Promise.resolve(aBooking());
      }
    });
    expect(await purchase.hold('s1', ['G-7', 'G-8'])).toBe(false);
    expect(await purchase.hold('s1', ['G-8', 'G-7'])).toBe(true);
    expect(attempts[1]).toBe(attempts[0]);
    purchase.reset();
    await purchase.hold('s1', ['G-8', 'G-7']);
    expect(attempts[2]).not.toBe(attempts[0]);
  });

  it('keeps choosing when the seats are gone', async () => {
    const { purchase } = setUp({ book: () => Promise.reject(problem('seats_unavailable', 409)) });
    expect(await purchase.hold('s1', ['G-7'])).toBe(false);
    expect(purchase.phase).toBe('choosing');
    expect(purchase.problem).toBeInstanceOf(PlatformError);
  });
});

describe('paying', () => {
  it('confirms, and forgets the attempt', async () => {
    const { purchase, kept } = setUp({ pay: () => Promise.resolve(confirmed()) });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa', null);
    expect(purchase.phase).toBe('confirmed');
    expect(kept.size).toBe(0);
  });

  it('stays on the same hold after a decline', async () => {
    const { purchase, kept } = setUp({
      pay: () => Promise.reject(problem('payment_declined', 402))
    });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa_chargeDeclined', null);
    expect(purchase.phase).toBe('held');
    expect(purchase.booking?.booking_id).toBe('b1');
    expect(kept.size).toBe(0);
  });

  it('says nothing was charged when the hold is over', async () => {
    const { purchase } = setUp({ pay: () => Promise.reject(problem('hold_expired', 409)) });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa', null);
    expect(purchase.phase).toBe('gone');
  });

  it('knows of the refund when the seats were lost under the payment', async () => {
    const refunds = [{ status: 'pending' }] as unknown as Booking['refunds'];
    const answers = [aBooking(), aBooking({ status: 'expired', refunds })];
    const { purchase } = setUp({
      pay: () => Promise.reject(problem('hold_expired', 409)),
      booking: () => reading(answers.shift() ?? aBooking())
    });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa', null);
    expect(purchase.phase).toBe('gone');
    expect(purchase.booking?.refunds).toEqual(refunds);
  });

  it('gives the question back when the answer stays out', async () => {
    const { purchase } = setUp({
      booking: () => reading(aBooking({ status: 'awaiting_payment' }))
    });
    await purchase.resume('b1');
    expect([purchase.phase, purchase.asking]).toEqual(['checking', false]);
  });

  it('shows the new total when the price changed', async () => {
    const dearer = aBooking({ total_amount: { amount_minor: 3100, currency: 'EUR' } });
    const answers = [aBooking(), dearer];
    const { purchase } = setUp({
      pay: () => Promise.reject(problem('price_changed', 409)),
      booking: () => reading(answers.shift() ?? dearer)
    });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa', null);
    expect(purchase.phase).toBe('held');
    expect(purchase.booking?.total_amount.amount_minor).toBe(3100);
  });

  it('asks after a lost answer, with the same attempt even after a reload', async () => {
    const keys: string[] = [];
    const pay = (_request: unknown, attempt: Attempt) => {
      keys.push(attempt.key);
      return keys.length === 1 ? Promise.reject(lost()) : Promise.resolve(confirmed());
    };
    const { host, purchase } = setUp({ pay });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa', null);
    expect(purchase.phase).toBe('checking');

    const reloaded = new Purchase(host, () => Promise.resolve());
    await reloaded.resume('b1');
    expect(reloaded.phase).toBe('confirmed');
    expect(keys[1]).toBe(keys[0]);
  });

  it('does not pay again when the answer was a decline that got lost', async () => {
    const payment = {
      payment_id: 'p1',
      status: 'declined' as const,
      amount: { amount_minor: 2900, currency: 'EUR' },
      gateway: 'sandbox',
      method: 'Visa',
      created_at: '2026-11-22T20:00:00Z',
      decline_reason: 'No funds.'
    };
    const answers = [aBooking(), aBooking({ payments: [payment] })];
    const pay = vi.fn(() => Promise.reject(problem('unavailable', 503)));
    const { purchase } = setUp({ pay, booking: () => reading(answers.shift() ?? aBooking()) });
    await purchase.resume('b1');
    await purchase.pay('pm_card_visa', null);
    expect(pay).toHaveBeenCalledTimes(1);
    expect(purchase.phase).toBe('held');
    expect(purchase.problem).toEqual({ declined: 'No funds.' });
  });

  it('follows the bank’s answer', async () => {
    const asked = aBooking({
      status: 'awaiting_payment',
      payment_id: 'p1',
      next_action: { type: 'simulate' }
    });
    const answers = [aBooking(), confirmed()];
    const simulatePayment = vi.fn(() => Promise.resolve());
    const { purchase } = setUp({
      pay: () => Promise.resolve(asked),
      booking: () => reading(answers.shift() ?? confirmed()),
      simulatePayment
    });
    await purchase.resume('b1');
    await purchase.pay('pm_card_authenticationRequired', null);
    expect(purchase.phase).toBe('action');
    await purchase.answerBank('succeed');
    expect(simulatePayment).toHaveBeenCalledOnce();
    expect(purchase.phase).toBe('confirmed');
  });

  it('finds out by itself what was done on a page elsewhere, and changes nothing before', async () => {
    const next_action = { type: 'redirect', url: 'https://pay.example/' };
    const asked = aBooking({
      status: 'awaiting_payment',
      payment_id: 'p1',
      next_action
    } as Partial<Booking>);
    const answers = [aBooking(), asked, confirmed(), confirmed()];
    const { purchase } = setUp({
      pay: () => Promise.resolve(asked),
      booking: () => reading(answers.shift() ?? confirmed())
    });
    await purchase.resume('b1');
    await purchase.pay('hosted', null);
    const phases: string[] = [];
    const before = purchase.booking;
    const looked = purchase.look();
    phases.push(purchase.phase);
    await looked;
    phases.push(purchase.phase);
    expect(phases).toEqual(['action', 'action']);
    expect(purchase.booking).toBe(before);
    await purchase.look();
    expect(purchase.phase).toBe('confirmed');
  });

  it('keeps the hold when the bank refuses, and says why', async () => {
    const payments = [{ status: 'declined', decline_reason: 'The bank said no.' }];
    let refused = false;
    const { purchase } = setUp({
      pay: () =>
        Promise.resolve(
          aBooking({
            status: 'awaiting_payment',
            payment_id: 'p',
            next_action: { type: 'simulate' }
          } as Partial<Booking>)
        ),
      booking: () => reading(aBooking(refused ? ({ payments } as Partial<Booking>) : {})),
      simulatePayment: () => {
        refused = true;
        return Promise.reject(problem('payment_declined', 402));
      }
    });
    await purchase.resume('b1');
    await purchase.pay('pm_card_authenticationRequired', null);
    await purchase.answerBank('fail');
    expect(purchase.phase).toBe('held');
    expect(purchase.problem).toEqual({ declined: 'The bank said no.' });
  });
});
