import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { PlatformError, type Booking, type PaymentRequest, type Platform } from '$lib/platform';
import { aBooking } from '../../../test/bookings';
import GiftHost from '../../../test/GiftHost.svelte';
import { Purchase } from './purchase.svelte';
import { partsOf, refundMethod } from './refund';

const eur = (amount_minor: number) => ({ amount_minor, currency: 'EUR' });
const card = (amount_minor: number) => ({
  last4: '7K3M',
  balance: eur(amount_minor),
  expires_at: null
});
const CODE = '9QFD-2KX0-WERT-3V51-7K3M';

function problem(code: string, status: number, more: object = {}): PlatformError {
  return new PlatformError({ kind: 'problem', code, title: code, detail: '', status, ...more });
}

async function open(parts: Partial<Platform>) {
  const kept = new Map<string, string>();
  const host = {
    booking: () => Promise.resolve({ value: aBooking(), as_of: '', offline: false }),
    remember: (key: string, text: string | null) =>
      void (text === null ? kept.delete(key) : kept.set(key, text)),
    recall: (key: string) => kept.get(key) ?? null,
    ...parts
  } as unknown as Platform;
  const purchase = new Purchase(host, () => Promise.resolve());
  await purchase.resume('b1');
  render(GiftHost, { purchase });
  return { purchase, kept };
}

async function use(code: string): Promise<void> {
  await fireEvent.click(screen.getByText('I have a gift card'));
  await fireEvent.input(screen.getByLabelText('Gift card code'), { target: { value: code } });
  await fireEvent.click(screen.getByRole('button', { name: 'Use card' }));
}

describe('a gift card at the checkout', () => {
  it('says what it pays and what is left to pay, and is sent with the payment', async () => {
    const giftBalance = vi.fn(() => Promise.resolve(card(1000)));
    const pay = vi.fn((_request: PaymentRequest) =>
      Promise.resolve(aBooking({ status: 'confirmed' }))
    );
    const { purchase, kept } = await open({ giftBalance, pay });
    await use(` ${CODE} `);
    await screen.findByText('Gift card •••• 7K3M pays €10.00. Left to pay: €19.00.');
    expect(giftBalance).toHaveBeenCalledWith('t1', CODE);
    await purchase.pay('pm_card_visa', null);
    expect(pay.mock.calls[0]?.[0]).toMatchObject({ gift_card: CODE, expected_gift: eur(1000) });
    expect(kept.size).toBe(0);
  });

  it('that pays all of it says what stays on it, and is removed again', async () => {
    const { purchase } = await open({ giftBalance: () => Promise.resolve(card(5000)) });
    await use(CODE);
    await screen.findByText(/7K3M pays all of it: €29\.00\. €21\.00 stay on the card\./);
    await fireEvent.click(screen.getByRole('button', { name: 'Remove card' }));
    await waitFor(() => expect(screen.queryByText(/7K3M/)).toBeNull());
    expect(purchase.covered).toBeNull();
  });

  it('leaves as much as can be charged, and says why something stays on it', async () => {
    const value = aBooking({ minimum_charge: eur(50) });
    const balances = [card(2880), card(2900)];
    const { purchase } = await open({
      booking: () => Promise.resolve({ value, as_of: '', offline: false }),
      giftBalance: () => Promise.resolve(balances.shift() ?? card(0))
    });
    await use(CODE);
    await screen.findByText(
      'Gift card •••• 7K3M pays €28.50. Left to pay: €0.50. €0.30 stay on the card. ' +
        'Less than €0.50 cannot be charged, so the card pays no more.'
    );
    await fireEvent.click(screen.getByRole('button', { name: 'Remove card' }));
    await use(CODE);
    await screen.findByText(/pays all of it: €29\.00\./);
    expect(purchase.covered).toEqual(eur(2900));
  });

  it('that would leave too little, whatever it pays, is not taken', async () => {
    const value = aBooking({ total_amount: eur(50), minimum_charge: eur(50) });
    const { purchase } = await open({
      booking: () => Promise.resolve({ value, as_of: '', offline: false }),
      giftBalance: () => Promise.resolve(card(20))
    });
    await use(CODE);
    await screen.findByText(/less than €0\.50. Nothing was charged; pay without it/);
    expect(purchase.gift).toBeNull();
  });

  it('that is refused, empty or tried too often says so', async () => {
    const answers = [
      () => Promise.reject(problem('gift_card_invalid', 422)),
      () => Promise.reject(problem('too_many_requests', 429)),
      () => Promise.resolve(card(0))
    ];
    const { purchase } = await open({
      giftBalance: () => answers.shift()?.() ?? Promise.resolve(card(0))
    });
    await use('NOPE');
    await screen.findByText(/not valid here/);
    await fireEvent.click(screen.getByRole('button', { name: 'Use card' }));
    await screen.findByText(/Too many gift cards were tried/);
    await fireEvent.click(screen.getByRole('button', { name: 'Use card' }));
    await screen.findByText(/Nothing is left on this gift card/);
    expect([purchase.gift, purchase.problem]).toEqual([null, null]);
  });

  it('that pays less by now is counted anew, and the payment is the person’s to repeat', async () => {
    const { purchase } = await open({
      giftBalance: () => Promise.resolve(card(1000)),
      pay: () =>
        Promise.reject(
          problem('gift_card_changed', 409, { problem: { gift_amount: eur(400) } as never })
        )
    });
    await use(CODE);
    await screen.findByText(/Left to pay: €19\.00/);
    await purchase.pay('pm_card_visa', null);
    await screen.findByText(/pays another amount by now/);
    await screen.findByText(/Left to pay: €25\.00/);
    expect(purchase.phase).toBe('held');
  });

  it('has a code that no storage ever sees', async () => {
    const pay = () =>
      Promise.reject(
        new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' })
      );
    const { purchase, kept } = await open({ giftBalance: () => Promise.resolve(card(1000)), pay });
    await use(CODE);
    await screen.findByText(/Left to pay/);
    await purchase.pay('pm_card_visa', null);
    expect(purchase.phase).toBe('checking');
    const text = [...kept.values()].join();
    expect(text).toContain('"gift"');
    expect(text).not.toContain('7K3M');
  });
});

describe('what a payment was made of', () => {
  const payment = (change: object) =>
    ({
      status: 'captured',
      amount: eur(2900),
      method: 'Visa',
      ...change
    }) as unknown as Booking['payments'][number];

  it('is the method’s part and the card’s', () => {
    const split = payment({ gift_amount: eur(900), gift_card: '7K3M' });
    expect(partsOf(split).map(({ amount }) => amount)).toEqual([eur(2000), eur(900)]);
    expect(refundMethod(aBooking({ payments: [split] }))).toBe('Visa, Gift card •••• 7K3M');
    const whole = payment({ gift_amount: eur(2900), gift_card: '7K3M' });
    expect(partsOf(whole)).toHaveLength(1);
    expect(partsOf(payment({}))).toEqual([{ method: 'Visa', amount: eur(2900) }]);
  });
});
