import { render, screen } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import DateStrip from './DateStrip.svelte';

const days = ['2025-05-24', '2025-05-25', '2025-05-26'];

function strip(value: string) {
  const onchoose = vi.fn();
  render(DateStrip, { days, value, onchoose });
  const press = (key: string) =>
    screen
      .getByRole('radiogroup')
      .dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  return { onchoose, press };
}

describe('DateStrip', () => {
  it('is one tab stop on the chosen day', () => {
    strip('2025-05-25');
    const stops = screen.getAllByRole('radio').filter((day) => day.tabIndex === 0);
    expect(stops).toHaveLength(1);
    expect(stops[0]?.getAttribute('aria-checked')).toBe('true');
  });

  it('names days in full and today as such', () => {
    strip('2025-05-24');
    expect(screen.getByRole('radio', { name: /^Today, Saturday/ })).toBeTruthy();
    expect(screen.getByRole('radio', { name: /^Sunday/ })).toBeTruthy();
  });

  it.each([
    ['ArrowRight', '2025-05-26'],
    ['ArrowLeft', '2025-05-24'],
    ['End', '2025-05-26'],
    ['Home', '2025-05-24']
  ])('moves with %s', (key, expected) => {
    const { onchoose, press } = strip('2025-05-25');
    press(key);
    expect(onchoose).toHaveBeenCalledWith(expected);
  });

  it('stays inside its ends', () => {
    const { onchoose, press } = strip('2025-05-26');
    press('ArrowRight');
    expect(onchoose).toHaveBeenCalledWith('2025-05-26');
  });
});
