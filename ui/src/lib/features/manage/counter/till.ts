/** The arithmetic of a counter: which seat gets which ticket type, what that costs, and what goes back. Whole minor units. Pure. */
import { decimalsOf } from '$lib/format/money';
import type { CounterShow, Money, ShowSeat } from '$lib/platform';

export type Counts = Readonly<Record<string, number>>;

/**
 * So many of each type, over seats in the order they were chosen: those that are not the first type get the last seats, so that
 * adding a child does not change what the grown-ups have.
 */
export function assignTypes(
  seats: readonly Pick<ShowSeat, 'seat_id'>[],
  types: readonly { code: string }[],
  counts: Counts
): Record<string, string> {
  const usual = types[0]?.code ?? 'standard';
  const special = types
    .slice(1)
    .flatMap(({ code }) => Array.from({ length: counts[code] ?? 0 }, () => code));
  const given = special.slice(0, seats.length);
  const first = seats.length - given.length;
  return Object.fromEntries(
    seats.map((seat, index) => [
      seat.seat_id,
      index < first ? usual : (given[index - first] ?? usual)
    ])
  );
}

/** How many of the first type are left. */
export function usualCount(
  seats: number,
  types: readonly { code: string }[],
  counts: Counts
): number {
  const special = types.slice(1).reduce((sum, { code }) => sum + (counts[code] ?? 0), 0);
  return Math.max(0, seats - special);
}

/** Null when a seat has no price as its type: then nothing may be sold by these numbers. */
export function totalOf(
  seats: readonly Pick<ShowSeat, 'seat_id' | 'category' | 'price'>[],
  show: Pick<CounterShow, 'ticket_types'>,
  types: Readonly<Record<string, string>>
): Money | null {
  const currency = seats[0]?.price.currency;
  if (!currency) return null;
  let sum = 0;
  for (const seat of seats) {
    const type = show.ticket_types.find(({ code }) => code === types[seat.seat_id]);
    const listed = type?.prices.find(({ category }) => category === seat.category);
    if (!listed) return null;
    sum += listed.price.amount_minor;
  }
  return { amount_minor: sum, currency };
}

/** What people hand over for an amount: exactly that, then the next notes up. At most six, the smallest first. */
export function likelyNotes(total: Money): number[] {
  const decimals = decimalsOf(total.currency);
  // Of currencies without a smaller unit, the smallest note is worth a hundred.
  const unit = decimals === 0 ? 100 : 10 ** decimals;
  const steps = [1, 5, 10, 20, 50, 100, 200].map((step) => step * unit);
  const rounded = steps.map((step) => Math.ceil(total.amount_minor / step) * step);
  return [...new Set([total.amount_minor, ...rounded])].sort((a, b) => a - b).slice(0, 6);
}

/** What goes back over the counter; null when it is not enough. */
export function changeOf(total: Money, tendered: number): Money | null {
  if (tendered < total.amount_minor) return null;
  return { ...total, amount_minor: tendered - total.amount_minor };
}
