import { describe, expect, it } from 'vitest';
import type { ManagedTheater } from '$lib/platform';
import { draftOf, newList, specOf } from './draft';

const words = { required: () => 'required', amount: () => 'amount', percent: () => 'percent' };
const prices: Pick<ManagedTheater, 'currency' | 'ticket_types' | 'price_lists'> = {
  currency: 'EUR',
  ticket_types: [
    { code: 'standard', label: 'Adult', change: { basis_points: 0 }, proof: null },
    { code: 'child', label: 'Child', change: { basis_points: -5000 }, proof: null },
    { code: 'student', label: 'Student', change: { amount: -200 }, proof: 'Card' },
    { code: 'crew', label: 'Crew', change: { fixed: 100 }, proof: null }
  ],
  price_lists: [
    {
      external_id: 'usual',
      name: 'Usual',
      prices: [{ category: 'standard', amount_minor: 1250 }],
      rules: [
        {
          label: 'Matinee',
          weekdays: [6, 7],
          from: null,
          until: '17:00',
          categories: ['standard'],
          change: { basis_points: -2500 }
        }
      ]
    }
  ]
};

describe('prices in a form', () => {
  it('go back as they came', () => {
    const read = specOf(draftOf(prices), 'EUR', words);
    expect(read).toEqual({
      spec: { ticket_types: prices.ticket_types, price_lists: prices.price_lists }
    });
  });

  it('name each mistake by its place in the body', () => {
    const draft = draftOf(prices);
    Object.assign(draft.types[1]?.change ?? {}, { value: 'half' });
    Object.assign(draft.lists[0]?.prices[0] ?? {}, { amount: '12.505' });
    Object.assign(draft.lists[0]?.rules[0] ?? {}, { label: ' ' });
    expect(specOf(draft, 'EUR', words)).toEqual({
      fields: {
        'ticket_types/1/change': 'percent',
        'price_lists/0/prices/0/amount_minor': 'amount',
        'price_lists/0/rules/0/label': 'required'
      }
    });
  });

  it('a new list begins with the categories that are known, under a name nobody has', () => {
    const draft = draftOf(prices);
    const list = newList(draft, 'New');
    expect(list.external_id).toBe('list-2');
    expect(list.prices.map(({ category }) => category)).toEqual(['standard']);
    expect(
      newList({ types: [], lists: [] }, 'First').prices.map(({ category }) => category)
    ).toEqual(['standard', 'premium']);
  });
});
