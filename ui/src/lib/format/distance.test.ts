import { expect, it } from 'vitest';
import { distanceKm, formatDistance } from './distance';

it('measures along the globe', () => {
  const helsinki = { latitude: 60.17, longitude: 24.94 };
  const tokyo = { latitude: 35.68, longitude: 139.69 };
  expect(distanceKm(helsinki, tokyo)).toBeGreaterThan(7700);
  expect(distanceKm(helsinki, tokyo)).toBeLessThan(7900);
  expect(distanceKm(helsinki, helsinki)).toBe(0);
});

it.each([
  [0.02, '50 m'],
  [0.42, '400 m'],
  [1.234, '1.2 km'],
  [12.7, '13 km']
])('rounds %d km as a person would', (km, words) => {
  expect(formatDistance(km)).toBe(words);
});
