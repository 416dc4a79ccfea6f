import { describe, expect, it } from 'vitest';
import { methodsOf } from './methods';

const tokens = (names: readonly string[] | undefined) => methodsOf(names).map(({ token }) => token);

describe('the ways to pay', () => {
  it('are those the server offers', () => {
    expect(tokens(['hosted'])).toEqual(['hosted']);
    expect(tokens(['test_cards'])[0]).toBe('pm_card_visa');
    expect(tokens(['hosted', 'test_cards', 'something_new'])).toHaveLength(4);
  });

  it('mark test cards, and nothing else', () => {
    expect(methodsOf(['hosted', 'test_cards']).map(({ test }) => test)).toEqual([
      false,
      true,
      true,
      true
    ]);
  });

  it('leave the answer to the server when it offers none', () => {
    expect(tokens([])).toEqual(['hosted']);
    expect(tokens(undefined)).toEqual(['hosted']);
  });
});
