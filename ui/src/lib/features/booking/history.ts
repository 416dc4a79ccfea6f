/** Bookings in the order a person looks for them: to be finished, to come, been, cancelled. Holds that ended
 * are left out, unless something was paid for them. */
import type { Booking } from '$lib/platform';

export interface History {
  open: Booking[];
  upcoming: Booking[];
  past: Booking[];
  cancelled: Booking[];
}

export function sortBookings(bookings: readonly Booking[], now: number): History {
  const history: History = { open: [], upcoming: [], past: [], cancelled: [] };
  for (const booking of bookings) {
    const over = Date.parse(booking.show.end_time) <= now;
    switch (booking.status) {
      case 'held':
      case 'awaiting_payment':
        if (!over) history.open.push(booking);
        break;
      case 'confirmed':
      case 'partly_cancelled':
        (over ? history.past : history.upcoming).push(booking);
        break;
      case 'cancelled':
        history.cancelled.push(booking);
        break;
      default:
        // Paid too late: the money's way back is looked for here.
        if (booking.refunds.length > 0) history.cancelled.push(booking);
        break;
    }
  }
  const start = (booking: Booking) => Date.parse(booking.show.start_time);
  history.upcoming.sort((one, other) => start(one) - start(other));
  history.past.sort((one, other) => start(other) - start(one));
  history.cancelled.sort((one, other) => start(other) - start(one));
  return history;
}
