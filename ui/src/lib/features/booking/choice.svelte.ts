/**
 * Choosing seats on a live map: the suggestion for the usual party, one's own taps, and what other people's doing means
 * for them. Says every change of one's own politely, others' in batches, and a lost seat at once. Left out: the hold.
 */
import { announcer } from '$lib/app/announce.svelte';
import { shortName, listNames, placeName } from '$lib/features/seatmap/naming';
import { SeatBoard } from '$lib/features/seatmap/board.svelte';
import { ChangeBatch } from '$lib/features/seatmap/batch';
import { m } from '$lib/paraglide/messages';
import type { BookedSeat, Money, Platform, ShowDetail, ShowSeat, ShowSeats } from '$lib/platform';

export class Choice {
  readonly board: SeatBoard;
  /** Grows with every change on the map, for views that show words instead of shapes. */
  tick = $state(0);
  /** How many people to suggest seats for. */
  party: number;
  suggesting = $state(false);
  /** Ticket types other than the usual one, by seat. */
  types = $state.raw<Readonly<Record<string, string>>>({});

  readonly #batch = new ChangeBatch(({ taken, freed }) =>
    announcer.announce(m.others_changed({ taken, freed }))
  );
  #stop: (() => void) | null = null;

  constructor(
    private readonly host: Platform,
    seats: ShowSeats,
    private readonly show: Pick<ShowDetail, 'show_id' | 'max_seats_per_booking' | 'ticket_types'>,
    party: number
  ) {
    this.party = $state(Math.max(1, Math.min(this.most, party)));
    this.board = new SeatBoard(seats, {
      othersChanged: (counts) => this.#batch.add(counts),
      lost: (seat) => this.#lost(seat)
    });
  }

  get most(): number {
    return this.show.max_seats_per_booking;
  }

  /** The type a seat would be booked as; the first of the show is the usual one. */
  typeOf(seatId: string): string {
    return this.types[seatId] ?? this.show.ticket_types[0]?.code ?? '';
  }

  setType(seatId: string, code: string): void {
    this.types = { ...this.types, [seatId]: code };
  }

  /** What a hold's types are, once there is one. */
  adoptTypes(seats: readonly BookedSeat[]): void {
    this.types = Object.fromEntries(seats.map((seat) => [seat.seat_id, seat.ticket_type]));
  }

  /** The types of the chosen seats, where they are not the usual one. */
  ownTypes(): Record<string, string> {
    const usual = this.show.ticket_types[0]?.code;
    return Object.fromEntries(
      this.board.chosen.flatMap((id) => {
        const code = this.typeOf(id);
        return code === usual ? [] : [[id, code]];
      })
    );
  }

  /** A seat's all-in price as the type it would be booked as. */
  priceOf(seat: ShowSeat): Money {
    const own = this.types[seat.seat_id];
    const type = own && this.show.ticket_types.find(({ code }) => code === own);
    const listed = type && type.prices.find(({ category }) => category === seat.category);
    return listed ? listed.price : seat.price;
  }

  watch(): () => void {
    this.#stop = this.host.watchSeats(this.show.show_id, (event) => {
      this.board.take(event);
      if (event.type !== 'connection') this.tick += 1;
    });
    return () => {
      this.#stop?.();
      this.#batch.stop();
    };
  }

  /** Highlights the best seats for the party. False when the hall has none left together or at all. */
  async suggest(aloud: boolean): Promise<boolean> {
    this.suggesting = true;
    try {
      const { value } = await this.host.bestSeats(this.show.show_id, this.party);
      if (value.seat_ids.length === 0) {
        if (aloud) announcer.toast(m.best_none());
        return false;
      }
      this.board.choose(value.seat_ids, true);
      this.tick += 1;
      if (aloud) announcer.announce(m.best_chosen({ seats: listNames(this.board.chosenSeats()) }));
      return true;
    } finally {
      this.suggesting = false;
    }
  }

  changeParty(by: 1 | -1): void {
    this.party = Math.max(1, Math.min(this.most, this.party + by));
  }

  toggle(seatId: string): void {
    const seat = this.board.seat(seatId);
    if (!seat) return;
    const adds = !this.board.chosen.includes(seatId) && !this.board.suggested;
    if (adds && this.board.chosen.length >= this.most) {
      announcer.toast(m.seats_at_most({ count: this.most }));
      return;
    }
    const now = this.board.toggle(seatId);
    this.tick += 1;
    if (now === null) announcer.announce(m.seat_not_free({ seat: placeName(seat) }));
    else {
      const words = now ? m.seat_added : m.seat_removed;
      announcer.announce(words({ seat: placeName(seat), count: this.board.chosen.length }));
    }
  }

  take(seatIds: readonly string[]): void {
    this.board.choose(seatIds);
    this.tick += 1;
    announcer.announce(m.best_chosen({ seats: listNames(this.board.chosenSeats()) }));
  }

  #lost(seat: ShowSeat): void {
    const other = this.board.nearestLike(seat);
    const words = this.board.chosen.length > 0 ? m.seat_lost_rest : m.seat_lost;
    const text = words({ seat: placeName(seat) });
    announcer.announce(text, 'assertive');
    announcer.toast(text, {
      tone: 'bad',
      ...(other
        ? {
            action: {
              label: m.seat_take({ seat: shortName(other) }),
              run: () => this.take([...this.board.chosen, other.seat_id])
            }
          }
        : {})
    });
  }
}

/** All-in prices together; every seat of a show has the show's currency. */
export function sumOf(prices: readonly Money[]): Money | null {
  const currency = prices[0]?.currency;
  if (!currency) return null;
  return { currency, amount_minor: prices.reduce((sum, price) => sum + price.amount_minor, 0) };
}
