import { expect, it } from 'vitest';
import type { Theater } from '$lib/platform';
import { byNearness, kilometresTo } from './distance';

const theater = (theater_id: string, latitude: number, city = 'A'): Theater =>
  ({
    theater_id,
    name: theater_id,
    location: { latitude, longitude: 0, city, country: 'XX', address: '' }
  }) as Theater;

const near = theater('near', 1);
const far = theater('far', 50);
const city = theater('city', 20, 'B');

it('puts the favourite first, then the nearest', () => {
  const at = { latitude: 0, longitude: 0 };
  const order = byNearness([far, near, city], at, 'far').map((one) => one.theater_id);
  expect(order).toEqual(['far', 'near', 'city']);
});

it('sorts by city and name when no position is known', () => {
  const order = byNearness([city, near, far], null, null).map((one) => one.theater_id);
  expect(order).toEqual(['far', 'near', 'city']);
});

it("trusts the server's distance over its own", () => {
  expect(kilometresTo({ ...near, distance_km: 3 }, { latitude: 0, longitude: 0 })).toBe(3);
  expect(kilometresTo(near, null)).toBeNull();
});
