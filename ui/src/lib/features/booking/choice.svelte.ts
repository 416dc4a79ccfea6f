/**
 * Choosing seats on a live map: the suggestion for the usual party, one's own taps, and what other people's doing means
 * for them. Says every change of one's own politely, others' in batches, and a lost seat at once. Left out: the hold.
 */
import { announcer } from '$lib/app/announce.svelte';
import { shortName, listNames, placeName } from '$lib/features/seatmap/naming';
import { SeatBoard } from '$lib/features/seatmap/board.svelte';
import { ChangeBatch } from '$lib/features/seatmap/batch';
import { m } from '$lib/paraglide/messages';
import type { Money, Platform, ShowSeat, ShowSeats } from '$lib/platform';

export class Choice {
  readonly board: SeatBoard;
  /** Grows with every change on the map, for views that show words instead of shapes. */
  tick = $state(0);
  /** How many people to suggest seats for. */
  party: number;
  suggesting = $state(false);

  readonly #batch = new ChangeBatch(({ taken, freed }) =>
    announcer.announce(m.others_changed({ taken, freed }))
  );
  #stop: (() => void) | null = null;

  constructor(
    private readonly host: Platform,
    readonly show: ShowSeats,
    private readonly most: number,
    party: number
  ) {
    this.party = $state(Math.max(1, Math.min(most, party)));
    this.board = new SeatBoard(show, {
      othersChanged: (counts) => this.#batch.add(counts),
      lost: (seat) => this.#lost(seat)
    });
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

/** The all-in prices of seats together; every seat of a show has the show's currency. */
export function sumOf(seats: readonly ShowSeat[]): Money | null {
  const currency = seats[0]?.price.currency;
  if (!currency) return null;
  return {
    currency,
    amount_minor: seats.reduce((sum, seat) => sum + seat.price.amount_minor, 0)
  };
}
