import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { PlatformError, setPlatform, type Booking, type Platform } from '$lib/platform';
import { aBooking } from '../../../test/bookings';
import WithClient from '../../../test/WithClient.svelte';
import Checkout from './Checkout.svelte';
import { Purchase } from './purchase.svelte';

const PAGE = 'https://pay.example/x';
const payment = (more: object) => aBooking({ payment_id: 'p1', ...more } as Partial<Booking>);
const elsewhere = payment({
  status: 'awaiting_payment',
  next_action: { type: 'redirect', url: PAGE }
});
const lost = new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });

/** The checkout of a booking that is being paid on the provider's page. */
async function open(parts: Partial<Platform> = {}) {
  const answers: (Booking | PlatformError)[] = [];
  const booking = () => {
    const value = answers.shift() ?? elsewhere;
    return value instanceof PlatformError
      ? Promise.reject(value)
      : Promise.resolve({ value, as_of: '2026-11-22T20:00:00Z', offline: false });
  };
  const host = {
    booking,
    openExternal: () => Promise.resolve(),
    remember: () => undefined,
    recall: () => null,
    ...parts
  } as unknown as Platform;
  setPlatform(host);
  // A check that waits before it asks again waits for good here.
  const purchase = new Purchase(host, () => new Promise(() => undefined));
  await purchase.resume('b1');
  const show = { ticket_types: [], screen: {}, start_time: '2026-11-25T18:00:00Z' };
  const of = Checkout as never;
  const nothing = () => undefined;
  const props = { purchase, show, onrelease: nothing, onchooseagain: nothing };
  render(WithClient, { of, with: props });
  const press = async (name: string) => {
    const button = screen.getByRole('button', { name });
    button.focus();
    await fireEvent.click(button);
  };
  return { answers, press };
}

describe('a payment on a page elsewhere', () => {
  it('stays as it is when it is not there yet, and says so each time', async () => {
    const { answers, press } = await open();
    const button = screen.getByRole('button', { name: 'I have paid' });
    for (const answer of [elsewhere, lost]) {
      answers.push(answer);
      await press('I have paid');
      await screen.findByText('Not there yet. We keep looking, and your tickets appear here.');
      expect(document.activeElement).toBe(button);
    }
  });

  it('gives the focus to the title of the next step', async () => {
    const { answers, press } = await open();
    const undecided = payment({ status: 'awaiting_payment' });
    answers.push(undecided, undecided);
    await press('I have paid');
    const title = await screen.findByRole('heading', { name: 'Checking your payment…' });
    await waitFor(() => expect(document.activeElement).toBe(title));
  });

  it('shows the page’s address when it did not open', async () => {
    const { press } = await open({ openExternal: vi.fn(() => Promise.reject(new Error('no'))) });
    await press('Open the payment page');
    await screen.findByText(/did not open/);
    screen.getByText(PAGE);
  });
});
