/**
 * What a promotion code does to a booking's price, from the breakdown the server made. Left out: arithmetic beyond
 * taking the discount out again, which lines of the breakdown add up for; what a code is worth is the server's.
 */
import type { Booking } from '$lib/platform';

type Money = Booking['total_amount'];

/** The total as it would be without the code; null when there is none. */
export function withoutCode(booking: Booking): Money | null {
  if (!booking.promo_code) return null;
  const off = booking.breakdown
    .filter((line) => line.kind === 'part' && line.amount.amount_minor < 0)
    .reduce((sum, line) => sum + line.amount.amount_minor, 0);
  const { amount_minor, currency } = booking.total_amount;
  return { amount_minor: amount_minor - off, currency };
}
