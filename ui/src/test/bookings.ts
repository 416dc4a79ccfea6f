/** A booking as the server answers it, for tests to vary. */
import type { Booking, ShowSeat } from '$lib/platform';

const eur = (amount_minor: number) => ({ amount_minor, currency: 'EUR' });

export function aBooking(change: Partial<Booking> = {}): Booking {
  return {
    booking_id: 'b1',
    reference: 'AAAAA-BBBBB',
    status: 'held',
    show: {
      show_id: 's1',
      movie_id: 'm1',
      theater_id: 't1',
      screen: { screen_id: 'c1', name: 'Screen 1' },
      start_time: '2026-11-25T18:00:00Z',
      end_time: '2026-11-25T20:00:00Z',
      format: '2D',
      language: 'en',
      subtitles: [],
      from_price: eur(1450),
      seats_available: 10,
      seats_total: 10
    },
    movie_name: 'Metropolis',
    theater_name: 'Kino',
    time_zone: 'Europe/Berlin',
    seats: [
      { seat_id: 'G-7', row: 'G', number: '7', ticket_type: 'standard', price: eur(1450) },
      { seat_id: 'G-8', row: 'G', number: '8', ticket_type: 'standard', price: eur(1450) }
    ],
    total_amount: eur(2900),
    breakdown: [],
    hold_expires_at: '2026-11-22T20:08:00Z',
    extensions_left: 2,
    payments: [],
    refunds: [],
    notifications: [],
    cancellation_policy: {
      text: 'Full refund until 2 hours before.',
      cancellable: true,
      cancellable_until: null,
      refund_now: eur(2900),
      refund_now_by_seat: { 'G-7': eur(1450), 'G-8': eur(1400) }
    },
    advice: [],
    version: 1,
    created_at: '2026-11-22T20:00:00Z',
    guest_email: null,
    ...change
  };
}

export function aSeat(row: string, number: number, change: Partial<ShowSeat> = {}): ShowSeat {
  return {
    seat_id: `${row}-${number}`,
    row,
    number: String(number),
    status: 'available',
    price: eur(1450),
    category: 'premium',
    kind: 'standard',
    area: 0,
    x: number * 30,
    y: (row.charCodeAt(0) - 64) * 36,
    radius: 12,
    ...change
  };
}
