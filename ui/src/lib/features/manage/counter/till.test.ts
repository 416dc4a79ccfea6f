import { describe, expect, it } from 'vitest';
import type { CounterShow, ShowSeat } from '$lib/platform';
import { actOf } from './keys';
import { assignTypes, changeOf, likelyNotes, totalOf, usualCount } from './till';

const eur = (amount_minor: number) => ({ amount_minor, currency: 'EUR' });
const seats = ['A-1', 'A-2', 'E-1'].map((seat_id) => ({
  seat_id,
  category: seat_id.startsWith('E') ? 'premium' : 'standard',
  price: eur(0)
})) as Pick<ShowSeat, 'seat_id' | 'category' | 'price'>[];
const types: CounterShow['ticket_types'] = [
  {
    code: 'standard',
    label: 'Adult',
    proof_needed: null,
    prices: [
      { category: 'standard', label: '', price: eur(1000) },
      { category: 'premium', label: '', price: eur(1400) }
    ]
  },
  {
    code: 'child',
    label: 'Child',
    proof_needed: null,
    prices: [
      { category: 'standard', label: '', price: eur(500) },
      { category: 'premium', label: '', price: eur(700) }
    ]
  }
];

describe('the till', () => {
  it('gives the last seats to those who are not the usual', () => {
    expect(assignTypes(seats, types, { child: 1 })).toEqual({
      'A-1': 'standard',
      'A-2': 'standard',
      'E-1': 'child'
    });
    expect(assignTypes(seats, types, { child: 9 })).toEqual({
      'A-1': 'child',
      'A-2': 'child',
      'E-1': 'child'
    });
    expect(usualCount(3, types, { child: 1 })).toBe(2);
  });

  it('adds up by type and category', () => {
    const given = assignTypes(seats, types, { child: 1 });
    expect(totalOf(seats, { ticket_types: types }, given)).toEqual(eur(2700));
    expect(totalOf([], { ticket_types: types }, given)).toBeNull();
  });

  it('sells nothing by a price it does not know', () => {
    const box = seats.slice(0, 1).map((seat) => ({ ...seat, category: 'box' }));
    expect(totalOf(box, { ticket_types: types }, { 'A-1': 'standard' })).toBeNull();
  });

  it('knows the notes people hand over, by the decimals of the currency', () => {
    expect(likelyNotes(eur(2350))).toEqual([2350, 2400, 2500, 3000, 4000, 5000]);
    expect(likelyNotes({ amount_minor: 1800, currency: 'JPY' })).toEqual([
      1800, 2000, 5000, 10_000, 20_000
    ]);
    expect(changeOf(eur(2350), 5000)).toEqual(eur(2650));
    expect(changeOf(eur(2350), 2349)).toBeNull();
  });

  it('has a key for every step', () => {
    expect(actOf('show', '2')).toEqual({ do: 'show', index: 1 });
    expect(actOf('seats', '3')).toEqual({ do: 'best', count: 3 });
    expect(actOf('seats', 'Enter')).toEqual({ do: 'pay' });
    expect(actOf('pay', 'Enter')).toEqual({ do: 'sell' });
    expect(actOf('pay', '5')).toEqual({ do: 'tender' });
    expect(actOf('pay', 't')).toEqual({ do: 'method', method: 'terminal' });
    expect(actOf('done', 'Enter')).toEqual({ do: 'next' });
    expect(actOf('pay', 'Escape')).toEqual({ do: 'back' });
    expect(actOf('show', 'Escape')).toBeNull();
    expect(actOf('show', '0')).toBeNull();
  });
});
