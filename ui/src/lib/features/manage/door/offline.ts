/**
 * What a door says with no network, from the day's signed list and what it let in itself since: the same words in the same order
 * as the server would say. Pure but for the code's digest and signature.
 */
import type {
  DoorList,
  DoorShow,
  DoorTicket,
  FirstScan,
  KeptScan,
  RedeemAnswer,
  ScannedTicket,
  ScanVerdict
} from '$lib/platform';
import { digestOf, isTicketCode, signedTicket } from './ticket-code';

interface Entry {
  show: DoorShow;
  ticket: DoorTicket;
}

/** A list in the forms it is looked up by. */
export class ListIndex {
  readonly #byDigest = new Map<string, Entry>();
  readonly #byTicket = new Map<string, Entry>();
  readonly #byReference = new Map<string, Entry[]>();
  /** Tickets that this door let in and the list does not know of yet. */
  readonly #mine = new Map<string, FirstScan>();

  constructor(
    readonly list: DoorList,
    readonly publicKey: string,
    kept: readonly KeptScan[]
  ) {
    for (const show of list.shows) {
      for (const ticket of show.tickets) {
        const entry = { show, ticket };
        this.#byDigest.set(ticket.digest, entry);
        this.#byTicket.set(ticket.ticket_id, entry);
        const reference = bare(ticket.reference);
        this.#byReference.set(reference, [...(this.#byReference.get(reference) ?? []), entry]);
      }
    }
    for (const { scan } of kept) this.note(scan.ticket_id, scan.verdict, scan);
  }

  note(ticketId: string, verdict: ScanVerdict, scan: FirstScan): void {
    if (verdict !== 'admitted' || this.#mine.has(ticketId)) return;
    const { scan_id, scanned_at, door } = scan;
    this.#mine.set(ticketId, { scan_id, scanned_at, door });
  }

  undone(ticketId: string): void {
    this.#mine.delete(ticketId);
  }

  firstScan(ticket: DoorTicket): FirstScan | null {
    return ticket.first_scan ?? this.#mine.get(ticket.ticket_id) ?? null;
  }

  admitted(show: DoorShow): number {
    return show.tickets.filter((ticket) => this.firstScan(ticket)).length;
  }

  byDigest = (digest: string) => this.#byDigest.get(digest);
  byTicket = (ticketId: string) => this.#byTicket.get(ticketId);
  byReference = (reference: string) => this.#byReference.get(bare(reference)) ?? [];
  byOwnPart = (part: string) =>
    [...this.#byTicket.values()].find(({ ticket }) => ticket.ticket_id.slice(1) === part);
}

const bare = (reference: string): string => reference.replace(/[\s-]/g, '').toUpperCase();

export interface Asked {
  code: string;
  show_id: string | null;
  ticket_ids: string[] | null;
}

function judge(
  index: ListIndex,
  { show, ticket }: Entry,
  showId: string | null,
  at: number
): ScanVerdict {
  if (ticket.test && !index.list.test_mode) return 'test_ticket';
  if (showId !== null && showId !== show.show_id) return 'wrong_show';
  if (at < Date.parse(show.doors_open_at)) return 'too_early';
  if (at >= Date.parse(show.end_time)) return 'too_late';
  return index.firstScan(ticket) ? 'already' : 'admitted';
}

function scanned(index: ListIndex, entry: Entry, verdict: ScanVerdict): ScannedTicket {
  const { ticket } = entry;
  return {
    ticket_id: ticket.ticket_id,
    seat_id: ticket.seat_id,
    row: ticket.row,
    number: ticket.number,
    area: '',
    ticket_type: ticket.ticket_type,
    proof_needed: ticket.proof_needed ?? null,
    verdict,
    first_scan: verdict === 'already' ? index.firstScan(ticket) : null,
    undo_until: null
  };
}

function answer(
  index: ListIndex,
  verdict: ScanVerdict,
  entries: { entry: Entry; verdict: ScanVerdict }[]
): RedeemAnswer {
  const first = entries[0]?.entry;
  return {
    verdict,
    words: '',
    show: first
      ? {
          show_id: first.show.show_id,
          movie_name: first.show.movie_name,
          screen_name: first.show.screen_name,
          start_time: first.show.start_time,
          end_time: first.show.end_time,
          doors_open_at: first.show.doors_open_at,
          admitted: index.admitted(first.show),
          tickets: first.show.tickets.length
        }
      : null,
    reference: first?.ticket.reference ?? null,
    name: null,
    tickets: entries.map((one) => scanned(index, one.entry, one.verdict))
  };
}

/** The tickets a code means, or why it means none. */
async function found(index: ListIndex, code: string): Promise<Entry[] | ScanVerdict> {
  if (isTicketCode(code)) {
    const entry = index.byDigest(await digestOf(code));
    if (entry) return [entry];
    const ticket = await signedTicket(code, index.publicKey);
    if (!ticket) return 'forged';
    // Genuine, but another one of its kind is on the list; or none is: given back, or sold since.
    return index.byOwnPart(ticket.ticket) ? 'revoked' : 'unknown';
  }
  const byId = index.byTicket(code.trim());
  if (byId) return [byId];
  const [reference = '', seat] = code.split('/');
  const all = index.byReference(reference);
  const wanted =
    seat === undefined ? all : all.filter(({ ticket }) => ticket.seat_id === seat.trim());
  return wanted.length > 0 ? wanted : 'unknown';
}

/** The verdict, and the index knows afterwards who is in. `scanId` makes the id of each ticket's scan. */
export async function redeemOffline(
  index: ListIndex,
  asked: Asked,
  at: Date,
  door: string,
  scanId: () => string
): Promise<RedeemAnswer> {
  const valid =
    Date.parse(index.list.valid_from) <= at.getTime() &&
    at.getTime() < Date.parse(index.list.valid_until);
  if (!valid) return answer(index, 'unknown', []);
  const entries = await found(index, asked.code);
  if (typeof entries === 'string') return answer(index, entries, []);
  const judged = entries.map((entry) => ({
    entry,
    verdict: judge(index, entry, asked.show_id, at.getTime())
  }));
  const chosen = asked.ticket_ids;
  if (judged.length > 1 && chosen === null) return answer(index, 'choose', judged);
  const wanted = judged.filter(
    ({ entry }) => !chosen?.length || chosen.includes(entry.ticket.ticket_id)
  );
  for (const { entry, verdict } of wanted) {
    if (verdict !== 'admitted') continue;
    index.note(entry.ticket.ticket_id, verdict, {
      scan_id: scanId(),
      scanned_at: at.toISOString(),
      door
    });
  }
  const said = answer(index, together(wanted.map((one) => one.verdict)), wanted);
  for (const ticket of said.tickets) {
    const entry = index.byTicket(ticket.ticket_id);
    if (entry && ticket.verdict === 'admitted') ticket.first_scan = index.firstScan(entry.ticket);
  }
  return said;
}

/** One verdict for several: green only if everybody may go in. */
function together(verdicts: readonly ScanVerdict[]): ScanVerdict {
  return (
    verdicts.find((verdict) => verdict !== 'admitted') ??
    (verdicts.length > 0 ? 'admitted' : 'unknown')
  );
}
