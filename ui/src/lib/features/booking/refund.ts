/** What cancelling gives back, from the amounts the server named; and where a refund, payment or message stands, in words. */
import { m } from '$lib/paraglide/messages';
import type { Booking, Money, Refund } from '$lib/platform';

export function refundFor(booking: Booking, seatIds: readonly string[]): Money {
  const terms = booking.cancellation_policy;
  const left = booking.seats.filter((seat) => !seat.cancelled);
  if (left.every((seat) => seatIds.includes(seat.seat_id))) return terms.refund_now;
  return {
    currency: terms.refund_now.currency,
    amount_minor: seatIds.reduce(
      (sum, id) => sum + (terms.refund_now_by_seat[id]?.amount_minor ?? 0),
      0
    )
  };
}

/** Where the money would go: the means it was paid with. */
export function refundMethod(booking: Booking): string | null {
  const paid = booking.payments.findLast((one) =>
    ['captured', 'partly_refunded', 'authorized'].includes(one.status)
  );
  return paid?.method || null;
}

export function refundState(refund: Refund): string {
  if (refund.status === 'succeeded') return m.refund_succeeded();
  if (refund.status === 'failed') return m.refund_failed();
  return m.refund_pending();
}
