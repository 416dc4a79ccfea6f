/**
 * From the chosen seats to the hold and the checkout, and back to the map. Left out: paying, which is the purchase's, and
 * what the screens look like.
 */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { announcer } from '$lib/app/announce.svelte';
import { paths } from '$lib/app/paths';
import { m } from '$lib/paraglide/messages';
import type { Platform, ShowDetail } from '$lib/platform';
import type { Choice } from './choice.svelte';
import { Purchase } from './purchase.svelte';

const STAY = { noScroll: true, keepFocus: true } as const;

export class Till {
  readonly purchase: Purchase;
  readonly #holdKey: string;

  constructor(
    private readonly host: Platform,
    private readonly show: ShowDetail,
    private readonly choice: Choice,
    private readonly showChosen: () => void
  ) {
    this.purchase = new Purchase(host);
    this.#holdKey = `hold.${show.show_id}`;
  }

  get checkingOut(): boolean {
    return page.url.searchParams.get('step') === 'checkout' && this.purchase.phase !== 'choosing';
  }

  get held(): boolean {
    return this.purchase.phase === 'held';
  }

  /** Opens a hold made earlier. False when there is nothing to go on with, and seats are to be chosen. */
  async resume(bookingId: string): Promise<boolean> {
    const { purchase } = this;
    await purchase.resume(bookingId);
    const { booking, phase } = purchase;
    const here = booking?.show.show_id === this.show.show_id;
    if (here && (phase === 'held' || phase === 'action')) {
      this.#adopt();
      return true;
    }
    if (phase === 'confirmed' || phase === 'checking') return true;
    this.host.remember(this.#holdKey, null);
    if (!this.checkingOut) purchase.reset();
    return false;
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
    if (!this.held) return;
    announcer.toast(m.still_held(), {
      action: { label: m.release_seats(), run: () => void this.release() }
    });
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
