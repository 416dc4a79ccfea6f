/** Further pages of the history, behind the first one that the query keeps fresh. */
import { announcer } from '$lib/app/announce.svelte';
import { explain } from '$lib/app/errors';
import { platform, type Booking } from '$lib/platform';

export class MoreBookings {
  items = $state.raw<Booking[]>([]);
  busy = $state(false);
  #next = $state.raw<string | null>();

  /** Where to go on from, or null at the end. */
  cursor(first: string | null): string | null {
    return this.#next === undefined ? first : this.#next;
  }

  async load(cursor: string): Promise<void> {
    this.busy = true;
    try {
      const { value } = await platform().bookings(cursor);
      this.items = [...this.items, ...value.items];
      this.#next = value.next_cursor;
    } catch (error) {
      announcer.toast(explain(error).detail, { tone: 'bad' });
    } finally {
      this.busy = false;
    }
  }
}
