/**
 * The hall that the server would make from these numbers, for a look at it beforehand: same rows, aisles, places and
 * categories as `crates/import/src/hall.rs`. What counts is the server's; this is a picture.
 */
import type { HallSpec, SeatKind, ShowSeat, ShowSeats } from '$lib/platform';

const SEAT = 30;
const ROW = 40;
const MARGIN = 40;
const RADIUS = 12;
export const ROWS_MAX = 100;
export const SEATS_MAX = 200;
/** Of a whole map. */
export const ALL_MAX = 20_000;

export type HallMember =
  'rows' | 'seats_per_row' | 'aisles_after' | 'wheelchair_places' | 'premium_rows';

/** What is wrong with the numbers, by member; nothing when they make a hall. */
export function wrongIn(hall: Required<HallSpec>): HallMember[] {
  const { rows, seats_per_row: seats, aisles_after: aisles } = hall;
  const whole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  const wrong: HallMember[] = [];
  if (!whole(rows, 1, ROWS_MAX) || rows * seats > ALL_MAX) wrong.push('rows');
  if (!whole(seats, 1, SEATS_MAX)) wrong.push('seats_per_row');
  if (!aisles.every((after) => whole(after, 1, seats - 1))) wrong.push('aisles_after');
  if (!whole(hall.wheelchair_places, 0, Math.floor(seats / 2))) wrong.push('wheelchair_places');
  if (!whole(hall.premium_rows, 0, rows)) wrong.push('premium_rows');
  return wrong;
}

/** "4, 10" as numbers; a slip of the pen is a number that fits nowhere. */
export function aislesOf(text: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : -1));
}

/** A to Z, then AA, AB and so on. */
export function rowLabel(row: number): string {
  const letter = (number: number) => String.fromCharCode(65 + (number % 26));
  const more = Math.floor(row / 26);
  return more === 0 ? letter(row) : letter(more - 1) + letter(row);
}

/** Pairs of a place and a companion's seat, from the left end and the right in turn, the place at the end. */
function firstRow(hall: Required<HallSpec>): SeatKind[] {
  const kinds = Array.from<SeatKind>({ length: hall.seats_per_row }).fill('standard');
  const last = kinds.length - 1;
  for (let place = 0; place < hall.wheelchair_places; place += 1) {
    const fromEnd = Math.floor(place / 2) * 2;
    const left = place % 2 === 0;
    kinds[left ? fromEnd : last - fromEnd] = 'wheelchair';
    kinds[left ? fromEnd + 1 : last - fromEnd - 1] = 'companion';
  }
  return kinds;
}

export function hallOf(hall: Required<HallSpec>, currency: string, name: string): ShowSeats {
  const aisles = [...new Set(hall.aisles_after)];
  const first = firstRow(hall);
  const price = { amount_minor: 0, currency };
  const seats: ShowSeat[] = [];
  for (let row = 0; row < hall.rows; row += 1) {
    const premium = row >= hall.rows - hall.premium_rows;
    for (let seat = 0; seat < hall.seats_per_row; seat += 1) {
      const before = aisles.filter((after) => after <= seat).length;
      const special = row === 0 ? (first[seat] ?? 'standard') : 'standard';
      const label = rowLabel(row);
      seats.push({
        seat_id: `${label}-${seat + 1}`,
        row: label,
        number: String(seat + 1),
        status: 'available',
        price,
        category: premium ? 'premium' : 'standard',
        kind: special !== 'standard' ? special : premium ? 'premium' : 'standard',
        area: 0,
        x: MARGIN + SEAT * (seat + before),
        y: 2 * MARGIN + ROW * row,
        radius: RADIUS
      });
    }
  }
  return {
    show_id: '',
    version: 0,
    seat_map: {
      name,
      width: 2 * MARGIN + SEAT * (hall.seats_per_row - 1 + aisles.length),
      height: 3 * MARGIN + ROW * (hall.rows - 1),
      categories: [
        { code: 'standard', label: 'Standard', color: '#5AA9E6' },
        ...(hall.premium_rows > 0 ? [{ code: 'premium', label: 'Premium', color: '#F2C14E' }] : [])
      ],
      areas: [{ name: '' }],
      decorations: []
    },
    seats
  };
}
