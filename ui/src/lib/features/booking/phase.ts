/**
 * What a booking's own record says about where it stands: to be paid, being looked into, paid, or over; and whether there
 * is still something to wait for. Left out: what this device knows beyond it, such as a payment sent but not answered.
 */
import type { Booking } from '$lib/platform';

export type Phase =
  /** No hold. */
  | 'choosing'
  /** Seats are held; nothing is being paid. */
  | 'held'
  /** A payment call is out. */
  | 'paying'
  /** The payer's bank wants something. */
  | 'action'
  /** We do not know yet whether the payment went through, and are asking. */
  | 'checking'
  | 'confirmed'
  /** The hold is over; what was paid nevertheless goes back by itself. */
  | 'gone';

const UNDECIDED: readonly string[] = ['created', 'requires_action', 'authorized'];
const PAID: readonly string[] = ['captured', 'partly_refunded', 'refunded'];

const has = (booking: Booking, states: readonly string[]) =>
  booking.payments.some((payment) => states.includes(payment.status));

/** Money was taken for it, whether or not some went back. */
export const wasPaid = (booking: Booking): boolean => has(booking, PAID);

export function phaseOf(booking: Booking): Phase {
  switch (booking.status) {
    case 'held':
      return 'held';
    case 'awaiting_payment':
      return booking.next_action && booking.payment_id ? 'action' : 'checking';
    case 'confirmed':
    case 'partly_cancelled':
    case 'cancelled':
      return 'confirmed';
    default:
      // Its time is over, but a payment still under way decides between tickets and money back.
      return has(booking, UNDECIDED) ? 'checking' : 'gone';
  }
}

/** Confirmed, and the tickets follow as soon as the money is in. */
export function isIssuing(booking: Booking): boolean {
  return booking.status === 'confirmed' && has(booking, UNDECIDED) && !wasPaid(booking);
}

/** The server is not done with this booking: a payment to be settled, tickets to be issued, a refund to be sent. */
export function isSettling(booking: Booking): boolean {
  const phase = phaseOf(booking);
  if (phase === 'checking' || phase === 'action' || isIssuing(booking)) return true;
  return booking.refunds.some((refund) => refund.status === 'pending');
}
