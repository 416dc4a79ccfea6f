import { describe, expect, it } from 'vitest';
import { decimalsOf, formatMoney } from './money';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('formatMoney', () => {
  it.each([
    [1450, 'EUR', 'en', '€14.50'],
    [1450, 'EUR', 'de', '14,50 €'],
    [1800, 'JPY', 'en', '¥1,800'],
    [4500, 'KWD', 'en', 'KWD 4.500'],
    [5, 'EUR', 'en', '€0.05'],
    [7, 'KWD', 'en', 'KWD 0.007'],
    [0, 'EUR', 'en', '€0.00'],
    [-250, 'EUR', 'en', '-€2.50']
  ])('%i minor units of %s in %s', (amount_minor, currency, locale, expected) => {
    expect(plain(formatMoney({ amount_minor, currency }, locale))).toBe(expected);
  });

  it('keeps every digit of the largest amount the contract allows', () => {
    const amount_minor = Number.MAX_SAFE_INTEGER;
    expect(formatMoney({ amount_minor, currency: 'EUR' }, 'en')).toBe('€90,071,992,547,409.91');
  });

  it('knows the decimals of a currency', () => {
    expect(['EUR', 'JPY', 'KWD'].map(decimalsOf)).toEqual([2, 0, 3]);
  });
});
