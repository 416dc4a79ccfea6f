import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { PlatformError, type Booking, type ChangeRequest, type Platform } from '$lib/platform';
import { aBooking } from '../../../test/bookings';
import PromoHost from '../../../test/PromoHost.svelte';
import { withoutCode } from './promo';
import { Purchase } from './purchase.svelte';

const eur = (amount_minor: number) => ({ amount_minor, currency: 'EUR' });
const line = (label: string, amount_minor: number, kind: 'part' | 'contained' = 'part') => ({
  label,
  amount: eur(amount_minor),
  kind
});
const reduced = () =>
  aBooking({
    promo_code: 'SPRING',
    total_amount: eur(2400),
    breakdown: [
      line('2 × Adult', 2900),
      line('Promo code SPRING', -500),
      line('incl. VAT', 295, 'contained')
    ]
  });

async function open(first: Booking, answer: (change: ChangeRequest) => Promise<Booking>) {
  const changeBooking = vi.fn((_id: string, change: ChangeRequest) => answer(change));
  const host = {
    booking: () => Promise.resolve({ value: first, as_of: '', offline: false }),
    changeBooking,
    remember: () => undefined,
    recall: () => null
  } as unknown as Platform;
  const purchase = new Purchase(host, () => Promise.resolve());
  await purchase.resume('b1');
  render(PromoHost, { purchase });
  return { changeBooking, purchase };
}

async function use(code: string): Promise<void> {
  await fireEvent.click(screen.getByText('I have a promotion code'));
  await fireEvent.input(screen.getByLabelText('Promotion code'), { target: { value: code } });
  await fireEvent.click(screen.getByRole('button', { name: 'Use code' }));
}

function problem(code: string, status: number): PlatformError {
  return new PlatformError({ kind: 'problem', code, title: code, detail: '', status });
}

describe('the price without the code', () => {
  it('is the total with the discount put back, and nothing when there is no code', () => {
    expect(withoutCode(reduced())).toEqual(eur(2900));
    expect(withoutCode(aBooking())).toBeNull();
  });
});

describe('a promotion code at the checkout', () => {
  it('is applied, and says what the price was and is', async () => {
    const { changeBooking } = await open(aBooking(), () => Promise.resolve(reduced()));
    await use(' spring ');
    await screen.findByText('Code SPRING: €24.00 instead of €29.00');
    expect(changeBooking.mock.calls[0]?.[1]).toEqual({ promo_code: 'spring' });
  });

  it('that is refused says so, and that the price stays', async () => {
    const { purchase } = await open(aBooking(), () =>
      Promise.reject(problem('promo_invalid', 422))
    );
    await use('NOPE');
    await screen.findByText(/does not work for this booking.*still €29\.00/);
    expect(purchase.phase).toBe('held');
  });

  it('tried too often says so, and nothing of a payment', async () => {
    const { purchase } = await open(aBooking(), () =>
      Promise.reject(problem('too_many_requests', 429))
    );
    await use('NOPE');
    await screen.findByText(/Too many codes were tried.*still €29\.00/);
    expect(purchase.problem).toBeNull();
  });

  it('is removed again', async () => {
    const { changeBooking } = await open(reduced(), () => Promise.resolve(aBooking()));
    await fireEvent.click(screen.getByRole('button', { name: 'Remove code' }));
    await waitFor(() => expect(screen.queryByText(/Code SPRING/)).toBeNull());
    expect(changeBooking.mock.calls[0]?.[1]).toEqual({ promo_code: '' });
  });

  it('stays when other tickets would not go with it', async () => {
    const { purchase } = await open(reduced(), () => Promise.reject(problem('promo_invalid', 422)));
    await purchase.change({ ticket_types: { 'G-7': 'child', 'G-8': 'child' } });
    await screen.findByText(/does not work with these tickets/);
    expect(purchase.booking?.promo_code).toBe('SPRING');
  });

  it('that the customer has used says so beside the field', async () => {
    await open(aBooking(), () => Promise.reject(problem('promo_used', 409)));
    await use('ONCE');
    await screen.findByText(/as often as one customer may.*still €29\.00/);
  });

  it('that the address has used asks to remove it, when the address comes', async () => {
    const { purchase } = await open(reduced(), () => Promise.reject(problem('promo_used', 409)));
    await purchase.change({ guest_email: 'ann@example.org' });
    await screen.findByText(/your seats are still held: remove the code to go on/);
    expect(screen.getByRole('button', { name: 'Remove code' })).toBeTruthy();
    expect(purchase.phase).toBe('held');
  });
});
