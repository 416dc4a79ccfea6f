/**
 * One sale at the counter: a show, its seats, who they are for, how they are paid. What is sent is sent as one attempt until its
 * answer is known, so that a lost answer never sells twice. Left out: keys, words and the drawer.
 */
/* eslint-disable svelte/prefer-svelte-reactivity -- made and used within one call; no template reads them */
import { Intention } from '$lib/app/intention.svelte';
import { SeatBoard } from '$lib/features/seatmap/board.svelte';
import {
  hasCode,
  type CounterCalls,
  type CounterShow,
  type ManagedShow,
  type Money,
  type Platform,
  type SaleMethod,
  type SellAnswer,
  type ShowSeat,
  type ShowSeats
} from '$lib/platform';
import { assignTypes, changeOf, totalOf, usualCount, type Counts } from './till';

export type Step = 'show' | 'seats' | 'pay' | 'done';

export class CounterSale {
  step = $state<Step>('show');
  show = $state.raw<ManagedShow | null>(null);
  prices = $state.raw<CounterShow | null>(null);
  board = $state.raw<SeatBoard | null>(null);
  map = $state.raw<ShowSeats | null>(null);
  tick = $state(0);
  counts = $state.raw<Counts>({});
  method = $state<SaleMethod>('cash');
  /** As typed; empty is exactly the total. */
  tendered = $state<number | null>(null);
  busy = $state(false);
  problem = $state.raw<unknown>(null);
  sold = $state.raw<SellAnswer | null>(null);
  /** Seats that somebody else took meanwhile. */
  lost = $state.raw<readonly ShowSeat[]>([]);

  readonly #intention = new Intention();
  #stop: (() => void) | null = null;

  constructor(
    private readonly host: Pick<Platform, 'seats' | 'bestSeats' | 'watchSeats'>,
    private readonly calls: CounterCalls
  ) {}

  /** What was sent last may have been sold without an answer. */
  get uncertain(): boolean {
    return this.#intention.uncertain;
  }

  get seats(): ShowSeat[] {
    void this.tick;
    return this.board?.chosenSeats() ?? [];
  }

  get types(): Record<string, string> {
    return assignTypes(this.seats, this.prices?.ticket_types ?? [], this.counts);
  }

  get usual(): number {
    return usualCount(this.seats.length, this.prices?.ticket_types ?? [], this.counts);
  }

  get total(): Money | null {
    if (!this.prices || this.seats.length === 0) return null;
    const total = totalOf(this.seats, this.prices, this.types);
    return total && this.method === 'invitation' ? { ...total, amount_minor: 0 } : total;
  }

  get change(): Money | null {
    const { total } = this;
    if (!total || this.method !== 'cash') return null;
    return changeOf(total, this.tendered ?? total.amount_minor);
  }

  async choose(show: ManagedShow): Promise<void> {
    await this.#busy(async () => {
      const [prices, { value: map }] = await Promise.all([
        this.calls.counterShow(show.show_id),
        this.host.seats(show.show_id)
      ]);
      this.#stop?.();
      const board = new SeatBoard(map, {
        othersChanged: () => undefined,
        lost: (seat) => (this.lost = [...this.lost, seat])
      });
      this.show = show;
      this.prices = prices;
      this.map = map;
      this.board = board;
      this.counts = {};
      this.lost = [];
      this.step = 'seats';
      this.#stop = this.host.watchSeats(show.show_id, (event) => {
        board.take(event);
        this.tick += 1;
      });
    });
  }

  async best(count: number): Promise<void> {
    const { show, board } = this;
    if (!show || !board) return;
    await this.#busy(async () => {
      const { value } = await this.host.bestSeats(show.show_id, count);
      if (this.board !== board) return;
      board.choose(value.seat_ids);
      this.lost = [];
      this.tick += 1;
    });
  }

  toggle(seatId: string): void {
    const most = this.prices?.max_seats ?? 0;
    const adds = !this.board?.chosen.includes(seatId);
    if (adds && (this.board?.chosen.length ?? 0) >= most) return;
    this.board?.toggle(seatId);
    this.lost = [];
    this.tick += 1;
  }

  more(code: string, by: 1 | -1): void {
    const next = (this.counts[code] ?? 0) + by;
    if (next < 0 || (by > 0 && this.usual === 0)) return;
    this.counts = { ...this.counts, [code]: next };
  }

  toPay(): void {
    if (!this.total) return;
    this.problem = null;
    this.tendered = null;
    this.step = 'pay';
  }

  back(): void {
    this.problem = null;
    if (this.step === 'pay') this.step = 'seats';
    else if (this.step === 'seats') this.#leave();
  }

  async sell(shiftId: string | null): Promise<void> {
    const { show, total } = this;
    if (!show || !total || this.busy || (this.method === 'cash' && !this.change)) return;
    const request = {
      seat_ids: this.seats.map((seat) => seat.seat_id),
      ticket_types: this.types,
      method: this.method,
      expected_total: total,
      ...(shiftId && this.method !== 'invitation' ? { shift_id: shiftId } : {}),
      ...(this.method === 'cash' ? { tendered_minor: this.tendered ?? total.amount_minor } : {})
    };
    await this.#busy(async () => {
      this.board?.settling(true);
      try {
        this.sold = await this.#intention.send([show.show_id, request], (attempt) =>
          this.calls.sell(show.show_id, request, attempt)
        );
        this.step = 'done';
      } catch (error) {
        if (hasCode(error, 'seats_unavailable')) this.#lose(error.unavailable_seat_ids ?? []);
        if (hasCode(error, 'price_changed'))
          this.prices = await this.calls.counterShow(show.show_id);
        throw error;
      } finally {
        this.board?.settling(false);
      }
    });
  }

  next(): void {
    this.#leave();
    this.sold = null;
    this.method = 'cash';
    this.tendered = null;
  }

  end(): void {
    this.#stop?.();
  }

  #lose(seatIds: readonly string[]): void {
    const gone = new Set(seatIds);
    this.lost = this.seats.filter((seat) => gone.has(seat.seat_id));
    this.board?.choose(this.board.chosen.filter((id) => !gone.has(id)));
    this.tick += 1;
    this.step = 'seats';
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = null;
    this.show = null;
    this.board = null;
    this.map = null;
    this.prices = null;
    this.lost = [];
    this.step = 'show';
  }

  async #busy(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      await work();
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }
}
