/**
 * From a choice of seats to a ticket: the hold and its payment, as one small state machine. Every intention has one
 * Attempt until its answer is certain; the payment's is kept over a reload, so that "Checking your payment…" ends in one
 * charge at most. Left out: screens, words, and which seats are chosen.
 */
import {
  isPlatformError,
  newAttempt,
  type Attempt,
  type Booking,
  type ChangeRequest,
  type Money,
  type PaymentRequest,
  type Platform
} from '$lib/platform';
import { isUncertain } from '$lib/platform/uncertain';
import { phaseOf, type Phase } from './phase';

interface PendingPayment {
  attempt: Attempt;
  method: string;
  total: Money;
  /** What a gift card pays of it. Its code is not kept: without it the same attempt cannot be sent again. */
  gift?: Money;
}

/** A gift card to pay with, as long as this page is open. */
export interface Gift {
  code: string;
  last4: string;
  balance: Money;
}

const CHECK_DELAYS_MS = [800, 1500, 2500, 4000, 6000, 8000, 10_000, 15_000, 20_000, 30_000, 30_000];

export class Purchase {
  phase = $state<Phase>('choosing');
  booking = $state.raw<Booking | null>(null);
  /** Why the last step did not succeed; null while there is nothing to say. */
  problem = $state.raw<unknown>(null);
  busy = $state(false);
  gift = $state.raw<Gift | null>(null);
  /** A check is under way; without one, only the person or the network's return asks again. */
  asking = $state(false);

  #hold: { attempt: Attempt; of: string } | null = null;
  #extend: Attempt | null = null;
  #stopped = false;

  constructor(
    private readonly host: Platform,
    private readonly wait: (ms: number) => Promise<void> = (ms) =>
      new Promise((done) => setTimeout(done, ms))
  ) {}

  stop(): void {
    this.#stopped = true;
  }

  /** Opens a hold made earlier: after a reload, from a link, or with Back. */
  async resume(bookingId: string): Promise<void> {
    await this.#run(async () => this.#take((await this.host.booking(bookingId)).value));
    if (this.#pending() && (this.phase === 'held' || this.phase === 'checking')) await this.check();
    else if (this.phase === 'checking') await this.check();
  }

  /** Takes the seats; a repeat of the same choice after a lost answer is the same intention. */
  async hold(
    showId: string,
    seatIds: readonly string[],
    ticketTypes: Record<string, string> = {}
  ): Promise<boolean> {
    const of = JSON.stringify([showId, [...seatIds].sort(), ticketTypes]);
    if (this.#hold?.of !== of) this.#hold = { attempt: newAttempt(), of };
    const { attempt } = this.#hold;
    return this.#run(
      async () => {
        this.#take(
          await this.host.book(
            { show_id: showId, seat_ids: [...seatIds], ticket_types: ticketTypes },
            attempt
          )
        );
        this.#hold = null;
      },
      () => (this.#hold = null)
    );
  }

  /** Changes the hold in one step. When somebody else changed it first, the newer one is shown instead. */
  async change(change: ChangeRequest): Promise<boolean> {
    const { booking } = this;
    if (!booking) return false;
    const done = await this.#run(async () =>
      this.#take(await this.host.changeBooking(booking.booking_id, change, booking.version))
    );
    if (!done && isPlatformError(this.problem) && this.problem.code === 'version_mismatch') {
      await this.#refresh();
    }
    return done;
  }

  async extend(): Promise<boolean> {
    const { booking } = this;
    if (!booking) return false;
    const attempt = (this.#extend ??= newAttempt());
    return this.#run(
      async () => {
        this.#take(await this.host.extendHold(booking.booking_id, attempt));
        this.#extend = null;
      },
      () => (this.#extend = null)
    );
  }

  /** Frees the seats at once. */
  async release(): Promise<boolean> {
    const { booking } = this;
    if (!booking) return false;
    return this.#run(async () => {
      await this.host.releaseHold(booking.booking_id);
      this.#forget();
      this.reset();
    });
  }

  /** Back to choosing; the hold, if there is one, is no longer ours to show. */
  reset(): void {
    this.booking = null;
    this.gift = null;
    this.problem = null;
    this.phase = 'choosing';
  }

  /** What the gift card pays of the total; null without one. */
  get covered(): Money | null {
    const { gift, booking } = this;
    if (!gift || !booking) return null;
    const { amount_minor: due, currency } = booking.total_amount;
    const all = Math.min(gift.balance.amount_minor, due);
    // What is left has to be as much as can be charged.
    const least = booking.minimum_charge?.amount_minor ?? 0;
    const pays = all < due && due - all < least ? Math.max(due - least, 0) : all;
    return { amount_minor: pays, currency };
  }

  /** Takes a gift card to pay with; null when it is one, else why it is not. Nothing is paid by asking. */
  async useGift(code: string): Promise<unknown> {
    const { booking } = this;
    if (this.busy || !booking) return null;
    this.busy = true;
    this.problem = null;
    try {
      const { last4, balance } = await this.host.giftBalance(booking.show.theater_id, code);
      this.gift = { code, last4, balance };
      return null;
    } catch (error) {
      return error;
    } finally {
      this.busy = false;
    }
  }

  async pay(method: string, email: string | null): Promise<void> {
    if (this.busy || !this.booking) return;
    if (email && email !== this.booking.guest_email && !(await this.change({ guest_email: email })))
      return;
    const { booking } = this;
    const pending: PendingPayment = {
      attempt: newAttempt(),
      method,
      total: booking.total_amount,
      ...(this.covered && { gift: this.covered })
    };
    this.host.remember(this.#key(), JSON.stringify(pending));
    this.phase = 'paying';
    await this.#send(pending);
  }

  /** The sandbox's bank, played by the person. */
  async answerBank(outcome: 'succeed' | 'fail'): Promise<void> {
    const { booking } = this;
    if (!booking?.payment_id) return;
    const paymentId = booking.payment_id;
    const attempt = newAttempt();
    const done = await this.#run(() =>
      this.host.simulatePayment(paymentId, booking.booking_id, outcome, attempt)
    );
    // A refusal is an answer too: the booking tells why, and that its seats are still held.
    const refused = isPlatformError(this.problem) && this.problem.code === 'payment_declined';
    if (done || refused || isUncertain(this.problem)) await this.check();
  }

  /** Looks whether what goes on elsewhere is over. As long as it is not, nothing on the screen changes. */
  async look(): Promise<void> {
    if (this.busy || this.asking || !this.booking) return;
    const { value, offline } = await this.host.booking(this.booking.booking_id);
    if (!offline && this.phase === 'action' && phaseOf(value) !== 'action') await this.check();
  }

  /** Asks until the payment's fate is certain, or gives the question back to the person. */
  async check(): Promise<void> {
    this.phase = 'checking';
    if (this.asking) return;
    this.asking = true;
    try {
      await this.#ask();
    } finally {
      this.asking = false;
    }
  }

  async #ask(): Promise<void> {
    for (const delay of [0, ...CHECK_DELAYS_MS]) {
      if (delay) await this.wait(delay);
      if (this.#stopped) return;
      try {
        const { value, offline } = await this.host.booking(this.booking?.booking_id ?? '');
        if (offline) continue;
        const said = phaseOf(value);
        this.booking = value;
        const pending = this.#pending();
        // Still held although a payment was sent: it may never have arrived. The same attempt asks for one effect.
        if (said === 'held' && pending && this.#sendable(pending) && !lastPaymentFailed(value)) {
          this.asking = false;
          return await this.#send(pending);
        }
        if (said === 'checking') continue;
        this.#take(value);
        if (said === 'held') this.problem = declined(value);
        if (said !== 'action') this.#forget();
        return;
      } catch (error) {
        if (!isUncertain(error)) {
          this.problem = error;
          this.phase = 'held';
          return;
        }
        this.problem = error;
      }
    }
  }

  /** The clock on this device ran out: the server says whether the hold did. */
  async checkExpiry(): Promise<void> {
    if (this.phase === 'held' && !this.busy) await this.#refresh();
  }

  async #send(pending: PendingPayment): Promise<void> {
    const bookingId = this.booking?.booking_id ?? '';
    this.busy = true;
    this.problem = null;
    try {
      const { method: payment_method, total: expected_total, attempt, gift } = pending;
      const request: PaymentRequest = { booking_id: bookingId, payment_method, expected_total };
      if (gift && this.gift) {
        request.gift_card = this.gift.code;
        request.expected_gift = gift;
      }
      const answer = await this.host.pay(request, attempt);
      this.busy = false;
      this.#take(answer);
      if (this.phase === 'checking') await this.check();
      else if (this.phase !== 'action') this.#forget();
    } catch (error) {
      this.busy = false;
      await this.#refused(error);
    }
  }

  async #refused(error: unknown): Promise<void> {
    this.problem = error;
    const code = isPlatformError(error) ? error.code : '';
    if (code === 'payment_in_progress' || code === 'already_paid') return this.check();
    if (isUncertain(error)) {
      this.phase = 'checking';
      // Offline there is nothing to ask; the person, or the network's return, asks again.
      if (code !== 'offline') await this.check();
      return;
    }
    this.#forget();
    if (code === 'hold_expired' || code === 'not_held') return this.#over();
    this.phase = 'held';
    const still = isPlatformError(error) ? error.problem?.booking : undefined;
    if (still) this.booking = still;
    else if (code === 'price_changed' || code === 'version_mismatch') await this.#refresh();
    else if (code === 'gift_card_invalid') this.gift = null;
    else if (code === 'gift_card_changed') this.#recount(error);
  }

  /** The card has another amount than it had: the server says what it pays now. */
  #recount(error: unknown): void {
    const balance = isPlatformError(error) ? error.problem?.gift_amount : undefined;
    this.gift = this.gift && balance?.amount_minor ? { ...this.gift, balance } : null;
  }

  #sendable(pending: PendingPayment): boolean {
    return !pending.gift || this.gift !== null;
  }

  /** The hold is over. Whether money was taken nevertheless, and goes back, stands in the booking. */
  async #over(): Promise<void> {
    await this.#refresh();
    if (this.phase === 'checking') await this.check();
    else if (this.phase !== 'confirmed') this.phase = 'gone';
  }

  async #refresh(): Promise<void> {
    const id = this.booking?.booking_id;
    if (!id) return;
    try {
      this.#take((await this.host.booking(id)).value);
    } catch (error) {
      this.problem ??= error;
    }
  }

  #take(booking: Booking): void {
    this.booking = booking;
    this.phase = phaseOf(booking);
  }

  async #run(work: () => Promise<void>, onRefused?: () => void): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.problem = error;
      if (!isUncertain(error)) onRefused?.();
      if (isPlatformError(error) && (error.code === 'hold_expired' || error.code === 'not_held')) {
        this.phase = 'gone';
      }
      return false;
    } finally {
      this.busy = false;
    }
  }

  #key(): string {
    return `payment.${this.booking?.booking_id ?? ''}`;
  }

  #forget(): void {
    this.host.remember(this.#key(), null);
  }

  #pending(): PendingPayment | null {
    const text = this.host.recall(this.#key());
    return text ? (JSON.parse(text) as PendingPayment) : null;
  }
}

function lastPaymentFailed(booking: Booking): boolean {
  const status = booking.payments.at(-1)?.status;
  return status === 'declined' || status === 'voided';
}

/** A decline learnt by asking, in the shape of one that was answered. */
function declined(booking: Booking): { declined: string | null } | null {
  const last = booking.payments.at(-1);
  return last?.status === 'declined' ? { declined: last.decline_reason ?? null } : null;
}
