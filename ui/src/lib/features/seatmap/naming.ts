/** A seat in words: its short name (G7), its place (Row G, seat 7) and what a screen reader says of it. */
import { formatMoney } from '$lib/format/money';
import { m } from '$lib/paraglide/messages';
import { getLocale } from '$lib/paraglide/runtime';
import type { SeatStatus, ShowSeat, ShowSeats } from '$lib/platform';

/** What a person sees: the server's states, and what they chose themselves. */
export type SeatLook = SeatStatus | 'chosen';

export function shortName(seat: { row: string; number: string }): string {
  // "1" and "8" must not read as 18.
  return /\d$/.test(seat.row) ? `${seat.row}-${seat.number}` : `${seat.row}${seat.number}`;
}

export function placeName(seat: { row: string; number: string }): string {
  return m.seat_place({ row: seat.row, number: seat.number });
}

/** "G7, G8 and J1" in the reader's language. */
export function listNames(seats: readonly { row: string; number: string }[]): string {
  return new Intl.ListFormat(getLocale(), { type: 'conjunction' }).format(seats.map(placeName));
}

const lookWords: Record<SeatLook, () => string> = {
  available: () => m.seat_available(),
  chosen: () => m.seat_chosen(),
  held: () => m.seat_held(),
  sold: () => m.seat_sold(),
  blocked: () => m.seat_blocked()
};

const kindWords: Partial<Record<ShowSeat['kind'], () => string>> = {
  wheelchair: () => m.seat_kind_wheelchair(),
  companion: () => m.seat_kind_companion(),
  accessible: () => m.seat_kind_accessible()
};

/** "Row G, seat 12, Premium, €14.50, available"; the area first where there are several. */
export class SeatNames {
  readonly #labels: Map<string, string>;
  readonly #areas: string[];
  readonly #prices = new Map<string, string>();

  constructor(map: ShowSeats['seat_map']) {
    this.#labels = new Map(map.categories.map(({ code, label }) => [code, label]));
    this.#areas = map.areas.length > 1 ? map.areas.map(({ name }) => name) : [];
  }

  category(seat: ShowSeat): string {
    return this.#labels.get(seat.category) ?? seat.category;
  }

  price(seat: ShowSeat): string {
    const key = `${seat.price.amount_minor} ${seat.price.currency}`;
    let text = this.#prices.get(key);
    if (text === undefined) {
      text = formatMoney(seat.price, getLocale());
      this.#prices.set(key, text);
    }
    return text;
  }

  full(seat: ShowSeat, look: SeatLook): string {
    const category = this.category(seat);
    const kind = kindWords[seat.kind]?.();
    return [
      this.#areas[seat.area],
      placeName(seat),
      category,
      kind && kind.toLowerCase() !== category.toLowerCase() ? kind : '',
      seat.restricted_view ? m.seat_restricted_view() : '',
      this.price(seat),
      lookWords[look]()
    ]
      .filter(Boolean)
      .join(', ');
  }
}
