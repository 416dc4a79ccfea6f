/**
 * Where the bars of a day's plot stand: what each show sold to the right, what went back of it as part of the same bar. Numbers are the
 * API's own; a length is a share of the longest. Left out: colours, words, the table beside it. Pure.
 */
import type { DayTotals } from '$lib/platform';

interface PlotBar {
  show_id: string;
  sold: number;
  back: number;
  /** In units of the drawing. */
  soldWidth: number;
  backWidth: number;
  y: number;
}

export interface Plot {
  bars: PlotBar[];
  /** Amounts with a line, from nothing up. */
  marks: { value: number; x: number }[];
  height: number;
}

export const ROW = 28;
/** Of the longest possible bar, in units of the drawing. */
export const WIDTH = 1000;

/** The next round amount: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

export function plotOf(shows: DayTotals['by_show']): Plot {
  const amounts = shows.map((show) => ({
    show_id: show.show_id,
    sold: show.sold.amount_minor,
    back: show.refunded.amount_minor
  }));
  const longest = Math.max(0, ...amounts.flatMap(({ sold, back }) => [sold, back]));
  const step = roundUp(longest / 4);
  const count = Math.max(1, Math.ceil(longest / step));
  const scale = WIDTH / (step * count);
  return {
    bars: amounts.map((one, index) => ({
      ...one,
      soldWidth: Math.max(0, one.sold) * scale,
      backWidth: Math.max(0, one.back) * scale,
      y: index * ROW
    })),
    marks: Array.from({ length: count + 1 }, (_, index) => ({
      value: index * step,
      x: index * step * scale
    })),
    height: amounts.length * ROW
  };
}
