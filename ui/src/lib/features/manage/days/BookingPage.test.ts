import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import {
  PlatformError,
  setPlatform,
  type ManagedBooking,
  type Platform,
  type DayCalls
} from '$lib/platform';
import { aBooking } from '../../../../test/bookings';
import StaffHost from '../../../../test/StaffHost.svelte';
import BookingPage from './BookingPage.svelte';

const UNSURE = /may have gone back.*not paid twice/;
const lost = () => new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });
const refused = (status: number, code: string) =>
  new PlatformError({ kind: 'problem', code, title: '', detail: '', status });

const booking: ManagedBooking = {
  ...aBooking({ status: 'confirmed' }),
  buyer_name: null,
  buyer_email: null,
  sold_through: 'web',
  tickets: [],
  refundable: { amount_minor: 2900, currency: 'EUR' }
};

/** The page, an amount of goodwill typed into it. */
async function open(...answers: (Error | null)[]) {
  const keys: string[] = [];
  const refundBooking = vi.fn<DayCalls['refundBooking']>((_id, _request, attempt) => {
    keys.push(attempt.key);
    const error = answers.shift();
    return error
      ? Promise.reject(error)
      : Promise.resolve({ booking, refund: null, gift_refund: null } as never);
  });
  const staff = { refundBooking, theater: () => new Promise(() => undefined) };
  setPlatform({ staff: () => Promise.resolve(staff) } as unknown as Platform);
  render(StaffHost, { of: BookingPage as never, with: { booking } });
  await fireEvent.click(screen.getByRole('radio', { name: 'Only an amount' }));
  await type(/Amount/, '5.00');
  await type(/words/i, 'cold hall');
  return keys;
}

async function type(label: RegExp, value: string): Promise<void> {
  await fireEvent.input(screen.getByRole('textbox', { name: label }), { target: { value } });
}

const press = () => fireEvent.click(screen.getByRole('button', { name: 'Give it back' }));

describe('money given back by staff', () => {
  it('is the same attempt after a lost answer, and nothing is promised of it', async () => {
    const keys = await open(lost(), refused(401, 'session_ended'), null);
    await press();
    await screen.findByText(UNSURE);
    expect(screen.queryByText('Nothing went back.')).toBeNull();
    await press();
    await vi.waitFor(() => expect(keys).toHaveLength(2));
    await screen.findByText(UNSURE);
    await press();
    await vi.waitFor(() => expect(keys).toHaveLength(3));
    expect(new Set(keys).size).toBe(1);
  });

  it('is another attempt once refused, and then nothing went back', async () => {
    const keys = await open(refused(409, 'not_cancellable'), null);
    await press();
    await screen.findByText('Nothing went back.');
    expect(screen.queryByText(UNSURE)).toBeNull();
    await press();
    await vi.waitFor(() => expect(keys).toHaveLength(2));
    expect(keys[1]).not.toBe(keys[0]);
  });
});
