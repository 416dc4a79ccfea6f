/** A move's plan as people read it: by booking, with the names of seats. */
import type { SeatMoved, SeatName } from '$lib/platform';

interface BookingMoved {
  booking_id: string;
  reference: string;
  from: SeatName[];
  to: SeatName[];
}

/** The server tells seat by seat, those of a booking one after the other. */
export function movesByBooking(moves: readonly SeatMoved[]): BookingMoved[] {
  const byBooking = new Map<string, BookingMoved>();
  for (const { booking_id, reference, from, to } of moves) {
    const booking = byBooking.get(booking_id) ?? { booking_id, reference, from: [], to: [] };
    booking.from.push(from);
    booking.to.push(to);
    byBooking.set(booking_id, booking);
  }
  return [...byBooking.values()];
}

export const seatNames = (seats: readonly SeatName[]): string =>
  seats.map(({ row, number }) => `${row}${number}`).join(', ');
