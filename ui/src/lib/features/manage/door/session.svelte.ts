/**
 * A door at work: what is scanned is asked of the server, or, when that does not answer in time, of the list on this device; what
 * was decided here is told later. One code at a time, in the order they came. Left out: how codes come and how verdicts look.
 */
/* eslint-disable svelte/prefer-svelte-reactivity -- made and used within one call; no template reads them */
import {
  isPlatformError,
  newAttempt,
  type DoorCalls,
  type DoorList,
  type DoorSettings,
  type DoubleScan,
  type KeptList,
  type KeptScan,
  type RedeemAnswer,
  type ScanRequest,
  type SignedDoorList,
  type WrongScan
} from '$lib/platform';
import { ServerClock } from './clock';
import { ListIndex, redeemOffline } from './offline';
import { textSignedBy } from './proof';

export interface Outcome {
  key: number;
  code: string;
  answer: RedeemAnswer;
  /** Decided by the list on this device. */
  offline: boolean;
  at: string;
}

export interface DoorHouse {
  theater_id: string;
  theater_name: string;
  time_zone: string;
}

export interface DoorWorld {
  calls: DoorCalls;
  online: () => boolean;
  now: () => number;
  uuid: () => string;
}

const HISTORY = 30;
/** Of one request; the server takes as many. */
const AT_ONCE = 1000;
/**
 * The day of a house ends when it is empty, not at midnight. A day's list has the shows until five of the night after it and, before
 * that, those from midnight on: so from three o'clock the next day's serves both who comes late and who comes for a show at five.
 */
const NIGHT_MS = 3 * 3_600_000;

export class DoorSession {
  outcome = $state.raw<Outcome | null>(null);
  history = $state.raw<readonly Outcome[]>([]);
  index = $state.raw<ListIndex | null>(null);
  listAsOf = $state<string | null>(null);
  waiting = $state(0);
  busy = $state(false);
  /** Why the last code has no verdict, or the list could not be had. */
  problem = $state.raw<unknown>(null);
  /** Nothing was ever synced here, and there is no network. */
  blind = $state(false);
  doubles = $state.raw<readonly DoubleScan[]>([]);
  wrong = $state.raw<readonly WrongScan[]>([]);
  /** Grows with every entry, for counts made from the index. */
  tick = $state(0);

  readonly #clock = new ServerClock();
  #next = 1;
  #queue: Promise<unknown> = Promise.resolve();
  #syncing = false;

  constructor(
    readonly house: DoorHouse,
    private readonly world: DoorWorld,
    public settings: DoorSettings
  ) {}

  /** By the server's clock, as far as we heard it: a device's own may be wrong by hours. */
  get #now(): Date {
    return new Date(this.world.now() + this.#clock.skew);
  }

  /** What is kept on this device, if it is what the server signed. */
  async load(): Promise<void> {
    const kept = (await this.world.calls.keptLists()).find(
      (one) => one.theater_id === this.house.theater_id
    );
    if (kept?.skew_ms !== undefined) this.#clock.begin(kept.skew_ms);
    if (kept) await this.#use(kept.list, kept.as_of);
    await this.#count();
  }

  /** The day's list anew. A door that cannot have it goes on with the one it has. */
  async refresh(): Promise<void> {
    const { calls } = this.world;
    const { theater_id, theater_name, time_zone } = this.house;
    try {
      const day = new Intl.DateTimeFormat('en-CA', { timeZone: time_zone }).format(
        this.#now.getTime() - NIGHT_MS
      );
      const asked = this.world.now();
      const { list, as_of } = await calls.doorList(theater_id, day);
      this.#clock.heard(Date.parse(as_of), asked, this.world.now());
      if (await this.#use(list, as_of)) {
        const skew_ms = this.#clock.skew;
        const kept: KeptList = { theater_id, theater_name, time_zone, list, as_of, skew_ms };
        await calls.keepList(kept);
      }
    } catch (error) {
      if (!isPlatformError(error) || error.kind !== 'offline') this.problem = error;
    }
  }

  async #use(list: SignedDoorList, asOf: string): Promise<boolean> {
    if (!(await textSignedBy(list.public_key, list.signature, list.payload))) return false;
    const read = JSON.parse(list.payload) as DoorList;
    const have = this.index?.list;
    if (read.theater_id !== this.house.theater_id) return false;
    if (have?.date === read.date && read.serial < have.serial) return false;
    const kept = await this.world.calls.keptScans(this.house.theater_id);
    this.index = new ListIndex(read, list.public_key, kept);
    this.listAsOf = asOf;
    this.blind = false;
    this.tick += 1;
    return true;
  }

  scan(code: string, ticketIds: string[] | null = null): Promise<void> {
    const one = this.#queue.then(() => this.#scan(code.trim(), ticketIds));
    this.#queue = one.catch(() => undefined);
    return one;
  }

  async #scan(code: string, ticketIds: string[] | null): Promise<void> {
    if (code === '') return;
    this.busy = true;
    this.problem = null;
    const at = this.#now;
    const request: ScanRequest = {
      code,
      show_id: this.settings.show_id,
      door: this.settings.door,
      scanned_at: at.toISOString(),
      ticket_ids: ticketIds
    };
    const attempt = newAttempt();
    let asked: KeptScan['asked'];
    try {
      if (this.world.online()) {
        try {
          const answer = await this.world.calls.redeem(this.house.theater_id, request, attempt);
          this.#noteOnline(answer);
          return this.#show(code, answer, false);
        } catch (error) {
          if (!mayDecideHere(error) || !this.index) throw error;
          // Lost on the way there or on the way back: nobody here can know.
          if (isPlatformError(error) && error.kind === 'offline') asked = { request, attempt };
        }
      }
      await this.#decide(request, at, asked);
    } catch (error) {
      this.problem = error;
      this.outcome = null;
    } finally {
      this.busy = false;
    }
  }

  async #decide(request: ScanRequest, at: Date, asked: KeptScan['asked']): Promise<void> {
    const { index } = this;
    if (!index) {
      this.blind = true;
      this.outcome = null;
      return;
    }
    const { code, door } = request;
    const wanted = {
      code,
      show_id: request.show_id ?? null,
      ticket_ids: request.ticket_ids ?? null
    };
    const answer = await redeemOffline(index, wanted, at, door, this.world.uuid);
    for (const ticket of answer.tickets) {
      const scan = ticket.first_scan;
      if (ticket.verdict !== 'admitted' || !scan || answer.verdict === 'choose' || !answer.show)
        continue;
      // Kept before anybody is told to go in.
      await this.world.calls.keepScan({
        theater_id: this.house.theater_id,
        scan: {
          scan_id: scan.scan_id,
          ticket_id: ticket.ticket_id,
          show_id: answer.show.show_id,
          door,
          scanned_at: scan.scanned_at,
          verdict: 'admitted'
        },
        ...(asked ? { asked } : {})
      });
    }
    await this.#count();
    this.#show(code, answer, true);
  }

  #noteOnline(answer: RedeemAnswer): void {
    for (const ticket of answer.tickets) {
      if (ticket.first_scan) this.index?.note(ticket.ticket_id, 'admitted', ticket.first_scan);
    }
  }

  #show(code: string, answer: RedeemAnswer, offline: boolean): void {
    const outcome = { key: this.#next++, code, answer, offline, at: this.#now.toISOString() };
    this.outcome = outcome;
    this.tick += 1;
    if (answer.verdict !== 'choose') this.history = [outcome, ...this.history].slice(0, HISTORY);
  }

  /** Takes back that somebody was let in by this outcome. */
  async undo(outcome: Outcome): Promise<void> {
    const { calls } = this.world;
    const kept = await calls.keptScans(this.house.theater_id);
    for (const ticket of outcome.answer.tickets) {
      const scanId = ticket.verdict === 'admitted' ? ticket.first_scan?.scan_id : undefined;
      if (!scanId) continue;
      const own = kept.find((one) => one.scan.scan_id === scanId);
      if (own && !own.asked) await calls.forgetScans([scanId]);
      else {
        if (own) await this.sync();
        await calls.undoRedeem(this.house.theater_id, scanId, newAttempt());
      }
      this.index?.undone(ticket.ticket_id);
    }
    await this.#count();
    this.tick += 1;
    this.history = this.history.filter((one) => one.key !== outcome.key);
    if (this.outcome?.key === outcome.key) this.outcome = null;
  }

  /** Tells what was decided here. What the server may have heard already is asked again first, as the same attempt. */
  async sync(): Promise<void> {
    if (this.#syncing || !this.world.online()) return;
    this.#syncing = true;
    try {
      const { calls } = this.world;
      const kept = await calls.keptScans(this.house.theater_id);
      const done = await this.#askAgain(kept);
      const rest = kept.filter((one) => !done.has(one.scan.scan_id));
      for (let from = 0; from < rest.length; from += AT_ONCE) {
        const scans = rest.slice(from, from + AT_ONCE).map((one) => one.scan);
        const told = await calls.tellScans(this.house.theater_id, scans, newAttempt());
        this.doubles = [...told.doubles, ...this.doubles];
        this.wrong = [...told.wrong, ...this.wrong];
        await calls.forgetScans(scans.map((scan) => scan.scan_id));
      }
      if (kept.length > 0) await this.refresh();
    } catch (error) {
      // What was not told stays for the next time.
      if (!isPlatformError(error) || error.kind !== 'offline') this.problem = error;
    } finally {
      this.#syncing = false;
      await this.#count();
    }
  }

  /** The ids of scans that the server knows as its own. */
  async #askAgain(kept: readonly KeptScan[]): Promise<Set<string>> {
    const done = new Set<string>();
    const answers = new Map<string, RedeemAnswer | null>();
    for (const { asked, scan } of kept) {
      if (!asked) continue;
      const { key } = asked.attempt;
      if (!answers.has(key)) {
        try {
          const answer = await this.world.calls.redeem(
            this.house.theater_id,
            asked.request,
            asked.attempt
          );
          answers.set(key, answer);
        } catch (error) {
          if (isPlatformError(error) && error.kind === 'offline') throw error;
          answers.set(key, null);
        }
      }
      const ticket = answers.get(key)?.tickets.find((one) => one.ticket_id === scan.ticket_id);
      if (ticket?.verdict !== 'admitted') continue;
      await this.world.calls.forgetScans([scan.scan_id]);
      done.add(scan.scan_id);
    }
    return done;
  }

  async #count(): Promise<void> {
    this.waiting = (await this.world.calls.keptScans(this.house.theater_id)).length;
  }
}

/** The list may decide when the server cannot, or does not know us any more; not when it said what is wrong with the request. */
function mayDecideHere(error: unknown): boolean {
  if (!isPlatformError(error)) return false;
  return (
    error.kind === 'offline' ||
    error.status === 401 ||
    error.status === 429 ||
    (error.status ?? 0) >= 500
  );
}
