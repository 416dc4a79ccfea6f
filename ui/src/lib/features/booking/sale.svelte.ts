/**
 * One show's sale as a page lives it: the choice on the map, the hold it becomes, and the way to the checkout and back.
 * Left out: the map and the checkout themselves.
 */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { announcer } from '$lib/app/announce.svelte';
import { paths } from '$lib/app/paths';
import { m } from '$lib/paraglide/messages';
import type { Platform, ShowDetail, ShowSeats } from '$lib/platform';
import { Choice } from './choice.svelte';
import { Purchase } from './purchase.svelte';

const STAY = { noScroll: true, keepFocus: true } as const;

export class Sale {
  readonly choice: Choice;
  readonly purchase: Purchase;
  readonly #holdKey: string;

  constructor(
    private readonly host: Platform,
    private readonly show: ShowDetail,
    seats: ShowSeats,
    party: number,
    /** Brings the chosen seats into sight. */
    private readonly showChosen: () => void
  ) {
    this.choice = new Choice(host, seats, show, party);
    this.purchase = new Purchase(host);
    this.#holdKey = `hold.${show.show_id}`;
  }

  get checkingOut(): boolean {
    return page.url.searchParams.get('step') === 'checkout' && this.purchase.phase !== 'choosing';
  }

  get held(): boolean {
    return this.purchase.phase === 'held';
  }

  /** Opens a hold made earlier, or suggests seats. */
  async begin(): Promise<void> {
    const { host, purchase } = this;
    const bookingId = page.url.searchParams.get('booking') ?? host.recall(this.#holdKey);
    if (bookingId) {
      await purchase.resume(bookingId);
      const { booking, phase } = purchase;
      if (booking?.show.show_id === this.show.show_id && (phase === 'held' || phase === 'action')) {
        this.#adopt();
        return;
      }
      if (phase === 'confirmed' || phase === 'checking') return;
      host.remember(this.#holdKey, null);
      if (!this.checkingOut) purchase.reset();
    }
    try {
      if (await this.choice.suggest(false)) this.showChosen();
    } catch {
      // A suggestion is a courtesy: without one the map is simply empty.
      return;
    }
  }

  async suggest(): Promise<void> {
    try {
      if (await this.choice.suggest(true)) this.showChosen();
    } catch (error) {
      this.purchase.problem = error;
    }
  }

  changeParty(by: 1 | -1): void {
    this.choice.changeParty(by);
    void this.suggest();
  }

  toggle(seatId: string): void {
    this.purchase.problem = null;
    this.choice.toggle(seatId);
  }

  /** Seats offered instead of some that could not be held. */
  take(seatIds: string[]): void {
    this.purchase.problem = null;
    this.choice.take(seatIds);
    this.showChosen();
  }

  /** Takes or changes the hold, and on to the checkout. */
  async proceed(): Promise<void> {
    const { choice, purchase, show } = this;
    const wanted = [...choice.board.chosen];
    const types = choice.ownTypes();
    if (!(this.held && this.#isHeld(wanted))) {
      choice.board.settling(true);
      const done = this.held
        ? await purchase.change({ seat_ids: wanted, ticket_types: types })
        : await purchase.hold(show.show_id, wanted, types);
      choice.board.settling(false);
      if (!done) return;
    }
    const { booking } = purchase;
    if (!booking) return;
    this.#adopt();
    this.host.remember(this.#holdKey, booking.booking_id);
    await goto(paths.checkout(show.show_id, booking.booking_id), STAY);
  }

  backToMap(): void {
    if (!this.checkingOut) return;
    void this.#toMap();
    this.choice.adoptTypes(this.purchase.booking?.seats ?? []);
    if (this.held) {
      announcer.toast(m.still_held(), {
        action: { label: m.release_seats(), run: () => void this.release() }
      });
    }
  }

  async release(): Promise<void> {
    const { board } = this.choice;
    const seatIds = [...(this.purchase.booking?.seats.map((seat) => seat.seat_id) ?? [])];
    if (!(await this.purchase.release())) return;
    this.host.remember(this.#holdKey, null);
    board.own([]);
    board.choose([]);
    await this.#toMap();
    announcer.toast(m.released(), {
      action: {
        label: m.take_again(),
        run: () => {
          board.choose(seatIds);
          void this.proceed();
        }
      }
    });
  }

  chooseAgain(): void {
    const { board } = this.choice;
    this.host.remember(this.#holdKey, null);
    this.purchase.reset();
    board.own([]);
    board.choose(board.chosen.filter((id) => board.isFree(id)));
    void this.#toMap();
  }

  async finish(bookingId: string): Promise<void> {
    this.host.remember(this.#holdKey, null);
    announcer.announce(m.paid());
    await goto(paths.booking(bookingId), { replaceState: true });
  }

  #isHeld(wanted: readonly string[]): boolean {
    const mine = this.purchase.booking?.seats ?? [];
    return (
      mine.length === wanted.length &&
      mine.every(
        ({ seat_id, ticket_type }) =>
          wanted.includes(seat_id) && this.choice.typeOf(seat_id) === ticket_type
      )
    );
  }

  #adopt(): void {
    const seats = this.purchase.booking?.seats ?? [];
    const seatIds = seats.map((seat) => seat.seat_id);
    this.choice.board.own(seatIds);
    this.choice.board.choose(seatIds);
    this.choice.adoptTypes(seats);
    this.showChosen();
  }

  #toMap(): Promise<void> {
    return goto(paths.show(this.show.show_id), { ...STAY, replaceState: true });
  }
}
