/**
 * A booking that is only a test, from the hold to the refund, by the calls everybody's booking goes by: one after the other,
 * each with what came of it. What was begun is ended, also when a step in between fails. Left out: screens and words.
 */
import {
  newAttempt,
  type Booking,
  type DayCalls,
  type DoorCalls,
  type Money,
  type Platform,
  type RedeemAnswer,
  type Refund,
  type Ticket
} from '$lib/platform';

export type TestStep = 'hold' | 'pay' | 'ticket' | 'scan' | 'cancel' | 'refund';
export const TEST_STEPS: readonly TestStep[] = [
  'hold',
  'pay',
  'ticket',
  'scan',
  'cancel',
  'refund'
];
export type StepState = 'waiting' | 'doing' | 'done' | 'failed';

/** The sandbox's card that always pays. */
const CARD = 'pm_card_visa';
const LOOKS = [300, 700, 1000, 2000, 3000, 5000];

export interface Hosts {
  host: Pick<Platform, 'bestSeats' | 'book' | 'booking' | 'pay' | 'tickets' | 'releaseHold'>;
  door: Pick<DoorCalls, 'redeem'>;
  staff: Pick<DayCalls, 'refundBooking'>;
}

/** Something a step found that is not as it has to be. */
export class TestFailed extends Error {}

export class TestRun {
  states = $state<Record<TestStep, StepState>>(fresh());
  booking = $state.raw<Booking | null>(null);
  ticket = $state.raw<Ticket | null>(null);
  scan = $state.raw<RedeemAnswer | null>(null);
  refund = $state.raw<Refund | null>(null);
  paid = $state.raw<Money | null>(null);
  busy = $state(false);
  problem = $state.raw<unknown>(null);
  /** After a failure: whether nothing of it is left. */
  cleared = $state(true);

  constructor(
    private readonly open: () => Promise<Hosts>,
    private readonly words: { door: string; reason: string },
    private readonly wait: (ms: number) => Promise<void> = (ms) =>
      new Promise((done) => setTimeout(done, ms))
  ) {}

  get over(): boolean {
    return this.states.refund === 'done';
  }

  async run(theaterId: string, showId: string): Promise<void> {
    if (this.busy) return;
    this.#reset();
    this.busy = true;
    try {
      const hosts = await this.open();
      await this.#all(hosts, theaterId, showId);
    } catch (error) {
      this.problem = error;
      for (const step of TEST_STEPS)
        if (this.states[step] === 'doing') this.states[step] = 'failed';
      await this.#clear();
    } finally {
      this.busy = false;
    }
  }

  async #all(hosts: Hosts, theaterId: string, showId: string): Promise<void> {
    const { host, door, staff } = hosts;
    const held = await this.#step('hold', async () => {
      const seats = (await host.bestSeats(showId, 1)).value.seat_ids;
      const taken = await host.book({ show_id: showId, seat_ids: seats }, newAttempt());
      this.booking = taken;
      return taken;
    });
    await this.#step('pay', async () => {
      const payment = {
        booking_id: held.booking_id,
        payment_method: CARD,
        expected_total: held.total_amount
      };
      const paid = await host.pay(payment, newAttempt());
      this.booking = paid;
      if (paid.status !== 'confirmed') throw new TestFailed(paid.status);
      this.paid = paid.total_amount;
    });
    const ticket = await this.#step('ticket', async () => {
      const first = (await host.tickets(held.booking_id)).value.tickets[0];
      if (!first?.test) throw new TestFailed('ticket');
      this.ticket = first;
      return first;
    });
    await this.#step('scan', async () => {
      const request = { code: ticket.qr_payload, door: this.words.door };
      this.scan = await door.redeem(theaterId, request, newAttempt());
      if (this.scan.reference !== held.reference) throw new TestFailed(this.scan.verdict);
    });
    await this.#step('cancel', async () => {
      await this.#giveBack(staff, held);
      this.booking = (await host.booking(held.booking_id)).value;
      if (this.booking.status !== 'cancelled') throw new TestFailed(this.booking.status);
    });
    await this.#step('refund', () => this.#refunded(host, held));
  }

  async #giveBack(staff: Hosts['staff'], booking: Booking): Promise<void> {
    const request = { reason: 'other' as const, words: this.words.reason, waive_policy: true };
    const answer = await staff.refundBooking(booking.booking_id, request, newAttempt());
    this.refund = answer.refund;
  }

  /** The gateway may take a moment; the refund is only done when it says so. */
  async #refunded(host: Hosts['host'], held: Booking): Promise<void> {
    for (const pause of [0, ...LOOKS]) {
      await this.wait(pause);
      const now = (await host.booking(held.booking_id)).value;
      this.booking = now;
      const back = now.refunds.at(-1) ?? null;
      this.refund = back ?? this.refund;
      if (back?.status === 'failed') throw new TestFailed('refund');
      if (back?.status === 'succeeded') {
        if (back.amount.amount_minor !== this.paid?.amount_minor) throw new TestFailed('amount');
        return;
      }
    }
    throw new TestFailed('refund_pending');
  }

  /** A test leaves no seat taken. */
  async #clear(): Promise<void> {
    const { booking } = this;
    if (!booking) return;
    try {
      const { host, staff } = await this.open();
      const now = (await host.booking(booking.booking_id)).value;
      this.booking = now;
      if (now.status === 'held') await host.releaseHold(now.booking_id);
      else if (now.status === 'confirmed') await this.#giveBack(staff, now);
      this.cleared = now.status !== 'awaiting_payment';
    } catch {
      this.cleared = false;
    }
  }

  async #step<T>(step: TestStep, work: () => Promise<T>): Promise<T> {
    this.states[step] = 'doing';
    const result = await work();
    this.states[step] = 'done';
    return result;
  }

  #reset(): void {
    this.states = fresh();
    this.booking = this.ticket = this.scan = this.refund = this.paid = this.problem = null;
    this.cleared = true;
  }
}

function fresh(): Record<TestStep, StepState> {
  return {
    hold: 'waiting',
    pay: 'waiting',
    ticket: 'waiting',
    scan: 'waiting',
    cancel: 'waiting',
    refund: 'waiting'
  };
}
