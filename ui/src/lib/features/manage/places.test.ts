import { expect, it } from 'vitest';
import { placeAt, placesFor } from './places';

it('shows only where somebody may go', () => {
  expect(placesFor(['see', 'redeem']).map(({ key }) => key)).toEqual(['programme', 'door']);
  expect(placesFor(['see', 'change_staff']).map(({ key }) => key)).toEqual(['programme', 'people']);
  expect(placesFor([])).toEqual([]);
});

it('knows which place an address belongs to', () => {
  expect(placeAt('/manage/t1', 't1')).toBe('programme');
  expect(placeAt('/manage/t1/shows/s1', 't1')).toBe('programme');
  expect(placeAt('/manage/t1/screens/new', 't1')).toBe('screens');
  expect(placeAt('/manage/door', 't1')).toBe('door');
  expect(placeAt('/manage', 't1')).toBeUndefined();
});
