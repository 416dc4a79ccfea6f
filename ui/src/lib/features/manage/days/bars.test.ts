import { expect, it } from 'vitest';
import { barsOf } from './bars';

it('draws shares of the longest, and nothing below zero', () => {
  const bars = barsOf([
    { label: 'a', value: 200 },
    { label: 'b', value: 50 },
    { label: 'c', value: -10 }
  ]);
  expect(bars.map(({ share }) => share)).toEqual([100, 25, 0]);
  expect(barsOf([{ label: 'a', value: 0 }])[0]?.share).toBe(0);
});
