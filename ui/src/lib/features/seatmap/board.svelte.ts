/**
 * Who has which seat, and which ones this person chose. Live changes come in here in version order; whoever draws is
 * told seat by seat, so that a change costs what it touches. Left out: drawing, words and the server.
 */
/* eslint-disable svelte/prefer-svelte-reactivity -- these are never read by a template; whoever draws is told directly */
import type { SeatChange, SeatEvent, SeatStatus, ShowSeat, ShowSeats } from '$lib/platform';
import type { SeatLook } from './naming';

/** Told what other people's doing changed: for the batched announcement, and seats of one's own that were lost. */
export interface BoardListener {
  othersChanged(count: { taken: number; freed: number }): void;
  lost(seat: ShowSeat): void;
}

export class SeatBoard {
  readonly seats: readonly ShowSeat[];
  readonly map: ShowSeats['seat_map'];
  /** The chosen seats' ids, in the order they were chosen. */
  chosen = $state.raw<readonly string[]>([]);
  /** The choice is our suggestion, which the first tap of one's own replaces. */
  suggested = $state(false);
  live = $state(true);

  readonly #index = new Map<string, number>();
  readonly #status: SeatStatus[];
  #version: number;
  /** Seats of this person's own hold: the server calls them held, the map calls them chosen. */
  #own = new Set<string>();
  #settling = false;
  #draw: (index: number) => void = () => undefined;

  constructor(
    show: ShowSeats,
    private readonly listener: BoardListener
  ) {
    this.seats = show.seats;
    this.map = show.seat_map;
    this.#version = show.version;
    this.#status = show.seats.map((seat) => seat.status);
    show.seats.forEach((seat, index) => this.#index.set(seat.seat_id, index));
  }

  /** Whoever draws registers here; called with a seat's index whenever its look may have changed. */
  onDraw(draw: (index: number) => void): void {
    this.#draw = draw;
  }

  seat(seatId: string): ShowSeat | undefined {
    const index = this.#index.get(seatId);
    return index === undefined ? undefined : this.seats[index];
  }

  look(index: number): SeatLook {
    const seat = this.seats[index];
    if (!seat) return 'blocked';
    if (this.chosen.includes(seat.seat_id)) return 'chosen';
    return this.#status[index] ?? 'blocked';
  }

  protected statusOf(seatId: string): SeatStatus | undefined {
    const index = this.#index.get(seatId);
    return index === undefined ? undefined : this.#status[index];
  }

  isFree(seatId: string): boolean {
    const index = this.#index.get(seatId);
    if (index === undefined) return false;
    return this.#status[index] === 'available' || this.#own.has(seatId);
  }

  chosenSeats(): ShowSeat[] {
    return this.chosen.flatMap((id) => this.seat(id) ?? []);
  }

  choose(seatIds: readonly string[], suggested = false): void {
    const before = this.chosen;
    this.chosen = [...new Set(seatIds)].filter((id) => this.#index.has(id));
    this.suggested = suggested;
    this.#redraw([...before, ...this.chosen]);
  }

  /** True when the seat is chosen afterwards, false when not, null when it can't be had. */
  toggle(seatId: string): boolean | null {
    if (this.chosen.includes(seatId)) {
      this.choose(this.chosen.filter((id) => id !== seatId));
      return false;
    }
    if (!this.isFree(seatId)) return null;
    this.choose(this.suggested ? [seatId] : [...this.chosen, seatId]);
    return true;
  }

  /** While our own request runs, its effect must not look like somebody else's. */
  settling(now: boolean): void {
    this.#settling = now;
  }

  /** The seats of this person's hold; they stay theirs whatever the live stream calls them. */
  own(seatIds: readonly string[]): void {
    const before = this.#own;
    this.#own = new Set(seatIds);
    this.#redraw([...before, ...seatIds]);
  }

  take(event: SeatEvent): void {
    if (event.type === 'connection') {
      this.live = event.live;
      return;
    }
    if (event.version < this.#version) return;
    this.#version = event.version;
    this.#apply(event.type === 'snapshot' ? event.seats : event.changes);
  }

  /** A free seat like this one, the nearest first: same category and kind. */
  nearestLike(seat: ShowSeat): ShowSeat | undefined {
    let best: ShowSeat | undefined;
    let least = Infinity;
    this.seats.forEach((other, index) => {
      if (this.#status[index] !== 'available' || this.chosen.includes(other.seat_id)) return;
      if (other.category !== seat.category || other.kind !== seat.kind) return;
      const away = Math.hypot(other.x - seat.x, other.y - seat.y);
      if (away < least) [best, least] = [other, away];
    });
    return best;
  }

  #apply(changes: readonly SeatChange[]): void {
    const lost: ShowSeat[] = [];
    const count = { taken: 0, freed: 0 };
    for (const { seat_id, status } of changes) {
      const index = this.#index.get(seat_id);
      if (index === undefined || this.#status[index] === status) continue;
      this.#status[index] = status;
      const seat = this.seats[index];
      if (this.#own.has(seat_id) || this.#settling || !seat) {
        this.#draw(index);
        continue;
      }
      if (status === 'available') count.freed += 1;
      else if (this.chosen.includes(seat_id)) lost.push(seat);
      else count.taken += 1;
      this.#draw(index);
    }
    if (lost.length > 0) {
      const gone = new Set(lost.map((seat) => seat.seat_id));
      this.choose(
        this.chosen.filter((id) => !gone.has(id)),
        this.suggested
      );
      for (const seat of lost) this.listener.lost(seat);
    }
    if (count.taken + count.freed > 0) this.listener.othersChanged(count);
  }

  #redraw(seatIds: readonly string[]): void {
    for (const id of new Set(seatIds)) {
      const index = this.#index.get(id);
      if (index !== undefined) this.#draw(index);
    }
  }
}
