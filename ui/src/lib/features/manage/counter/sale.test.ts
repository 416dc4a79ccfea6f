import { describe, expect, it } from 'vitest';
import {
  PlatformError,
  type CounterCalls,
  type CounterShow,
  type ManagedShow,
  type Platform,
  type SellAnswer
} from '$lib/platform';
import { aSeat } from '../../../../test/bookings';
import { CounterSale } from './sale.svelte';

const failure = (status: number, code: string) =>
  new PlatformError({ kind: 'problem', code, title: '', detail: '', status });

/** A sale of one seat, ready to be sold; the keys it was sent with. */
async function ready(...answers: PlatformError[]) {
  const keys: string[] = [];
  const seats = {
    show_id: 's1',
    version: 1,
    seats: [aSeat('G', 7)],
    seat_map: { width: 1, height: 1, areas: [], decorations: [] }
  };
  const prices = {
    max_seats: 10,
    ticket_types: [
      {
        code: 'standard',
        prices: [{ category: 'premium', price: { amount_minor: 1450, currency: 'EUR' } }]
      }
    ]
  };
  const calls = {
    counterShow: () => Promise.resolve(prices as unknown as CounterShow),
    sell: (_show: string, _request: unknown, attempt: { key: string }) => {
      keys.push(attempt.key);
      const error = answers.shift();
      return error ? Promise.reject(error) : Promise.resolve({} as SellAnswer);
    }
  } as unknown as CounterCalls;
  const host = {
    seats: () => Promise.resolve({ value: seats }),
    watchSeats: () => () => undefined
  } as unknown as Platform;
  const sale = new CounterSale(host, calls);
  await sale.choose({ show_id: 's1' } as ManagedShow);
  sale.toggle('G-7');
  sale.method = 'invitation';
  sale.toPay();
  return { sale, keys };
}

describe('a sale at the counter', () => {
  it('is the same one after an answer that says nothing, even a failing server’s', async () => {
    const { sale, keys } = await ready(failure(500, 'internal'));
    await sale.sell(null);
    expect(sale.uncertain).toBe(true);
    await sale.sell(null);
    expect(sale.step).toBe('done');
    expect(keys).toHaveLength(2);
    expect(keys[1]).toBe(keys[0]);
  });

  it('is another one after a refusal', async () => {
    const { sale, keys } = await ready(failure(409, 'shift_closed'));
    await sale.sell(null);
    expect(sale.uncertain).toBe(false);
    await sale.sell(null);
    expect(keys).toHaveLength(2);
    expect(keys[1]).not.toBe(keys[0]);
  });
});
