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

/** Where the money would go: the means it was paid with, a gift card last. */
export function refundMethod(booking: Booking): string | null {
  const paid = booking.payments.findLast((one) =>
    ['captured', 'partly_refunded', 'authorized'].includes(one.status)
  );
  return paid
    ? partsOf(paid)
        .map(({ method }) => method)
        .join(', ') || null
    : null;
}

/** What a payment was made of: the method's part and a gift card's. */
export function partsOf(payment: Booking['payments'][number]): { method: string; amount: Money }[] {
  const { amount, gift_amount, gift_card, method } = payment;
  if (!gift_amount || !gift_card) return [{ method, amount }];
  const rest = { ...amount, amount_minor: amount.amount_minor - gift_amount.amount_minor };
  const card = { method: m.gift_name({ last4: gift_card }), amount: gift_amount };
  return rest.amount_minor > 0 ? [{ method, amount: rest }, card] : [card];
}

/** Where a refund goes, in words. */
export function refundTo(refund: Refund): string {
  return refund.gift_card ? m.gift_name({ last4: refund.gift_card }) : refund.method;
}

export function refundState(refund: Refund): string {
  if (refund.status === 'succeeded') return m.refund_succeeded();
  if (refund.status === 'failed') return m.refund_failed();
  return m.refund_pending();
}
