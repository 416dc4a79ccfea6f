/**
 * A flat list of seats as the rows people see, and where an arrow key leads from a seat. Left out: drawing and state;
 * a key moves over taken seats too, since they stay focusable.
 */
import type { ShowSeat } from '$lib/platform';

export interface SeatRow {
  area: number;
  row: string;
  /** Indexes into the list of seats, from left to right. */
  seats: number[];
}

/** Seats come row by row; a row ends where the row's name or its area changes. */
export function groupRows(seats: readonly ShowSeat[]): SeatRow[] {
  const rows: SeatRow[] = [];
  seats.forEach((seat, index) => {
    const last = rows.at(-1);
    if (last && last.row === seat.row && last.area === seat.area) last.seats.push(index);
    else rows.push({ area: seat.area, row: seat.row, seats: [index] });
  });
  return rows;
}

const PAGE_ROWS = 5;

interface Place {
  row: number;
  column: number;
}

export class SeatWalk {
  readonly #places: Place[] = [];

  constructor(
    private readonly seats: readonly ShowSeat[],
    private readonly rows: readonly SeatRow[]
  ) {
    rows.forEach((row, rowIndex) =>
      row.seats.forEach((seat, column) => (this.#places[seat] = { row: rowIndex, column }))
    );
  }

  /** The seat a key leads to, or null when the key is not a move. At an edge the seat stays. */
  next(from: number, key: string, ctrl = false): number | null {
    const place = this.#places[from];
    if (!place) return null;
    switch (key) {
      case 'ArrowLeft':
        return this.#inRow(place, place.column - 1);
      case 'ArrowRight':
        return this.#inRow(place, place.column + 1);
      case 'ArrowUp':
        return this.#nearest(from, place.row - 1);
      case 'ArrowDown':
        return this.#nearest(from, place.row + 1);
      case 'PageUp':
        return this.#nearest(from, place.row - PAGE_ROWS);
      case 'PageDown':
        return this.#nearest(from, place.row + PAGE_ROWS);
      case 'Home':
        return ctrl ? this.#inRow({ row: 0, column: 0 }, 0) : this.#inRow(place, 0);
      case 'End':
        return ctrl
          ? this.#inRow({ row: this.rows.length - 1, column: 0 }, Infinity)
          : this.#inRow(place, Infinity);
      default:
        return null;
    }
  }

  #inRow(place: Place, column: number): number | null {
    const row = this.rows[place.row]?.seats ?? [];
    return row[Math.max(0, Math.min(row.length - 1, column))] ?? null;
  }

  /** The seat of another row that stands closest to where we are, so that a curved row does not drift sideways. */
  #nearest(from: number, wanted: number): number | null {
    const row = this.rows[Math.max(0, Math.min(this.rows.length - 1, wanted))];
    const x = this.seats[from]?.x ?? 0;
    let best: number | null = null;
    let distance = Infinity;
    for (const index of row?.seats ?? []) {
      const away = Math.abs((this.seats[index]?.x ?? 0) - x);
      if (away < distance) [best, distance] = [index, away];
    }
    return best;
  }
}
