import { expect, it } from 'vitest';
import type { TheaterSpec } from '$lib/platform';
import { draftOf, specOf } from './draft';

const words = {
  required: () => 'required',
  number: () => 'number',
  amount: () => 'amount',
  percent: () => 'percent'
};

const facts: TheaterSpec = {
  name: 'Kino',
  location: {
    address: 'Torstr. 1',
    city: 'Berlin',
    country: 'DE',
    latitude: 52.53,
    longitude: 13.4
  },
  time_zone: 'Europe/Berlin',
  currency: 'EUR',
  tax: { label: 'MwSt. 7 %', basis_points: 700 },
  fees: { per_seat_minor: 50 },
  max_seats_per_booking: 8,
  gap_rule: 'enforce',
  hold_minutes: 7,
  doors_open_minutes: 0,
  cancellation_policy: [{ minutes_before: 90, refund_basis_points: 7500 }]
};

it('a form that is saved as it was filled changes no fact', () => {
  expect(specOf(draftOf(facts), words)).toEqual({ spec: facts });
});

it('what is not a number is said at its field', () => {
  const draft = { ...draftOf(facts), doors_open_minutes: 'an hour' };
  expect(specOf(draft, words)).toEqual({ fields: { doors_open_minutes: 'number' } });
});
