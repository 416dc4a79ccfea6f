import { expect, it } from 'vitest';
import { movesByBooking, seatNames } from './moves';

const seat = (name: string) => ({
  seat_id: name,
  row: name.slice(0, 1),
  number: name.slice(1)
});
const moved = (booking: string, from: string, to: string) => ({
  booking_id: booking,
  reference: `R-${booking}`,
  from: seat(from),
  to: seat(to)
});

it('tells the seats of a booking together, in their order', () => {
  const moves = [moved('a', 'F3', 'G3'), moved('b', 'A1', 'A2'), moved('a', 'F4', 'G4')];
  const told = movesByBooking(moves).map(({ reference, from, to }) => [
    reference,
    seatNames(from),
    seatNames(to)
  ]);
  expect(told).toEqual([
    ['R-a', 'F3, F4', 'G3, G4'],
    ['R-b', 'A1', 'A2']
  ]);
});

it('tells nothing of nobody', () => {
  expect(movesByBooking([])).toEqual([]);
  expect(seatNames([])).toBe('');
});
