/**
 * One show's sale as its page lives it: the choice on the map, and the till it is taken to. The till is fetched when it is
 * first needed, so that looking at a map does not wait for it. Left out: the map itself.
 */
import { page } from '$app/state';
import type { Platform, ShowDetail, ShowSeats } from '$lib/platform';
import { Choice } from './choice.svelte';
import type { Till } from './till.svelte';

export class Sale {
  readonly choice: Choice;
  till = $state.raw<Till | null>(null);
  /** Why seats could not be suggested, or the till not be fetched. */
  problem = $state.raw<unknown>(null);
  opening = $state(false);

  constructor(
    private readonly host: Platform,
    private readonly show: ShowDetail,
    seats: ShowSeats,
    party: number,
    /** Brings the chosen seats into sight. */
    private readonly showChosen: () => void
  ) {
    this.choice = new Choice(host, seats, show, party);
  }

  /** Opens a hold made earlier, or suggests seats. */
  async begin(): Promise<void> {
    const bookingId =
      page.url.searchParams.get('booking') ?? this.host.recall(`hold.${this.show.show_id}`);
    if (bookingId) {
      const till = await this.#open();
      if (!till || (await till.resume(bookingId))) return;
    }
    try {
      if (await this.choice.suggest(false)) this.showChosen();
    } catch {
      // A suggestion is a courtesy: without one the map is simply empty.
      return;
    }
  }

  async suggest(): Promise<void> {
    this.clear();
    try {
      if (await this.choice.suggest(true)) this.showChosen();
    } catch (error) {
      this.problem = error;
    }
  }

  changeParty(by: 1 | -1): void {
    this.choice.changeParty(by);
    void this.suggest();
  }

  toggle(seatId: string): void {
    this.clear();
    this.choice.toggle(seatId);
  }

  /** Seats offered instead of some that could not be held. */
  take(seatIds: string[]): void {
    this.clear();
    this.choice.take(seatIds);
    this.showChosen();
  }

  async proceed(): Promise<void> {
    const till = await this.#open();
    await till?.proceed();
  }

  clear(): void {
    this.problem = null;
    if (this.till) this.till.purchase.problem = null;
  }

  async #open(): Promise<Till | null> {
    if (this.till) return this.till;
    this.opening = true;
    try {
      const { Till } = await import('./till.svelte');
      return (this.till ??= new Till(this.host, this.show, this.choice, this.showChosen));
    } catch (error) {
      this.problem = error;
      return null;
    } finally {
      this.opening = false;
    }
  }
}
