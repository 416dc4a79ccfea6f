import { describe, expect, it } from 'vitest';
import type { Booking } from '$lib/platform';
import { aBooking } from '../../../test/bookings';
import { sortBookings } from './history';
import { refundFor } from './refund';

const now = Date.parse('2026-11-22T20:00:00Z');

describe('the history', () => {
  it('puts each booking where a person looks for it', () => {
    const past = aBooking({ booking_id: 'past', status: 'confirmed' });
    past.show = { ...past.show, end_time: '2026-11-20T20:00:00Z' };
    const history = sortBookings(
      [
        aBooking({ booking_id: 'open' }),
        aBooking({ booking_id: 'coming', status: 'partly_cancelled' }),
        past,
        aBooking({ booking_id: 'cancelled', status: 'cancelled' }),
        aBooking({ booking_id: 'expired', status: 'expired' }),
        aBooking({
          booking_id: 'late',
          status: 'expired',
          refunds: [{ status: 'pending' }] as unknown as Booking['refunds']
        })
      ],
      now
    );
    const ids = (list: { booking_id: string }[]) => list.map((one) => one.booking_id);
    expect(ids(history.open)).toEqual(['open']);
    expect(ids(history.upcoming)).toEqual(['coming']);
    expect(ids(history.past)).toEqual(['past']);
    expect(ids(history.cancelled)).toEqual(['cancelled', 'late']);
  });
});

describe('what cancelling gives back', () => {
  it('is the server’s amount for all seats and its amounts by seat for some', () => {
    const booking = aBooking({ status: 'confirmed' });
    expect(refundFor(booking, ['G-7', 'G-8']).amount_minor).toBe(2900);
    expect(refundFor(booking, ['G-8']).amount_minor).toBe(1400);
    expect(refundFor(booking, []).amount_minor).toBe(0);
  });
});
