import { describe, expect, it } from 'vitest';
import { amountText, basisPointsOf, minorOf, percentText } from './money';

describe('amounts as staff type them', () => {
  it.each([
    ['14.50', 'EUR', 1450],
    ['14,5', 'EUR', 1450],
    ['1 450', 'JPY', 1450],
    ['1.450', 'KWD', 1450],
    ['0.1', 'EUR', 10],
    ['-2', 'EUR', -200],
    ['14.500', 'EUR', 1450]
  ])('%s %s is %d', (text, currency, minor) => expect(minorOf(text, currency)).toBe(minor));

  it.each([
    ['', 'EUR'],
    ['14.505', 'EUR'],
    ['14.5', 'JPY'],
    ['1.2.3', 'EUR'],
    ['ten', 'EUR'],
    ['1e3', 'EUR']
  ])('%s %s is none', (text, currency) => expect(minorOf(text, currency)).toBeNull());

  it('come back as they went', () => {
    for (const [minor, currency] of [
      [1450, 'EUR'],
      [-5, 'EUR'],
      [0, 'JPY'],
      [1450, 'KWD']
    ] as const) {
      expect(minorOf(amountText(minor, currency), currency)).toBe(minor);
    }
  });

  it('per cent are basis points', () => {
    expect(['14', '-7,5', '0.25', '100 %', 'x', '1.234'].map(basisPointsOf)).toEqual([
      1400,
      -750,
      25,
      10_000,
      null,
      null
    ]);
    expect([1400, -750, 25].map(percentText)).toEqual(['14', '-7.5', '0.25']);
  });
});
