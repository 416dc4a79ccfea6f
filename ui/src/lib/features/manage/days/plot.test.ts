import { describe, expect, it } from 'vitest';
import type { DayTotals } from '$lib/platform';
import { plotOf, ROW, roundUp, WIDTH } from './plot';

const money = (amount_minor: number) => ({ amount_minor, currency: 'EUR' });
const show = (show_id: string, sold: number, back: number): DayTotals['by_show'][number] => ({
  show_id,
  movie_name: show_id,
  screen_name: 'One',
  start_time: null,
  tickets: 1,
  sold: money(sold),
  refunded: money(back)
});

describe('the plot of a day', () => {
  it('has the amounts of the API, and lengths in their proportion', () => {
    const shows = [show('a', 40_000, 0), show('b', 10_000, 2500), show('c', 0, 1250)];
    const { bars, marks, height } = plotOf(shows);
    expect(bars.map(({ sold, back }) => [sold, back])).toEqual(
      shows.map(({ sold, refunded }) => [sold.amount_minor, refunded.amount_minor])
    );
    expect(marks.at(-1)).toEqual({ value: 40_000, x: WIDTH });
    for (const bar of bars) {
      expect(bar.soldWidth / WIDTH).toBeCloseTo(bar.sold / 40_000, 10);
      expect(bar.backWidth / WIDTH).toBeCloseTo(bar.back / 40_000, 10);
    }
    expect([bars[2]?.y, height]).toEqual([2 * ROW, 3 * ROW]);
  });

  it('has marks at round amounts that the longest bar does not pass', () => {
    expect([0, 1, 3, 700, 5001].map(roundUp)).toEqual([1, 1, 5, 1000, 10_000]);
    const { marks, bars } = plotOf([show('a', 73_150, 0)]);
    expect(marks.map(({ value }) => value)).toEqual([0, 20_000, 40_000, 60_000, 80_000]);
    expect(bars[0]?.soldWidth).toBeLessThan(WIDTH);
  });

  it('draws nothing of nothing', () => {
    expect(plotOf([show('a', 0, 0)]).bars[0]).toMatchObject({ soldWidth: 0, backWidth: 0 });
    expect(plotOf([]).height).toBe(0);
  });
});
