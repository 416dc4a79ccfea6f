/**
 * What doors, counters and bad days are told: the server's types of these calls as `crates/api` names them. They stand here until
 * one tree has both sides; then the generated ones take their place, name by name.
 */
import type {
  Action,
  Booking,
  BookingStatus,
  ManagedShow,
  Money,
  Refund,
  Ticket,
  TicketType
} from './generated/api';

/** Everything staff may be allowed, also by a newer server. */
export type Duty = Action | 'invite' | 'refund' | 'see_totals';

export type ScanVerdict =
  | 'admitted'
  | 'already'
  | 'choose'
  | 'forged'
  | 'unknown'
  | 'revoked'
  | 'cancelled'
  | 'wrong_show'
  | 'wrong_theater'
  | 'too_early'
  | 'too_late'
  | 'test_ticket'
  | 'not_paid';

export interface RedeemRequest {
  code: string;
  show_id?: string | null;
  door: string;
  scanned_at?: string | null;
  ticket_ids?: string[] | null;
}

export interface FirstScan {
  scan_id: string;
  scanned_at: string;
  door: string;
}

export interface ScannedTicket {
  ticket_id: string;
  seat_id: string;
  row: string;
  number: string;
  area: string;
  ticket_type: string;
  proof_needed: string | null;
  verdict: ScanVerdict;
  first_scan: FirstScan | null;
  undo_until: string | null;
}

interface ScannedShow {
  show_id: string;
  movie_name: string;
  screen_name: string;
  start_time: string;
  end_time: string;
  doors_open_at: string;
  admitted: number;
  tickets: number;
}

export interface RedeemAnswer {
  verdict: ScanVerdict;
  words: string;
  show: ScannedShow | null;
  reference: string | null;
  name: string | null;
  tickets: ScannedTicket[];
}

export interface UndoAnswer {
  scan_id: string;
  ticket_id: string;
  first_scan: FirstScan | null;
}

/** `payload` is the JSON text of a `DoorList`, `signature` Ed25519 over its bytes. */
export interface SignedDoorList {
  payload: string;
  signature: string;
  public_key: string;
  key_id: string;
}

export interface DoorList {
  theater_id: string;
  date: string;
  serial: number;
  valid_from: string;
  valid_until: string;
  test_mode: boolean;
  shows: DoorShow[];
}

export interface DoorShow {
  show_id: string;
  movie_name: string;
  screen_name: string;
  start_time: string;
  end_time: string;
  doors_open_at: string;
  tickets: DoorTicket[];
}

export interface DoorTicket {
  ticket_id: string;
  revision: number;
  seat_id: string;
  row: string;
  number: string;
  ticket_type: string;
  proof_needed?: string | null;
  reference: string;
  test?: boolean;
  first_scan?: FirstScan | null;
  /** The first 16 bytes of SHA-256 of its code's text, base64url. */
  digest: string;
}

export interface OfflineScan {
  scan_id: string;
  ticket_id: string;
  show_id: string;
  door: string;
  scanned_at: string;
  verdict: ScanVerdict;
}

export interface DoubleScan {
  ticket_id: string;
  show_id: string;
  scans: FirstScan[];
}

export interface WrongScan {
  scan_id: string;
  ticket_id: string;
  verdict: ScanVerdict;
}

export interface ScansAnswer {
  taken: number;
  known: number;
  doubles: DoubleScan[];
  wrong: WrongScan[];
}

export type SaleMethod = 'cash' | 'terminal' | 'invitation';

export interface CounterShow {
  show_id: string;
  movie_name: string;
  start_time: string;
  sold_until: string;
  ticket_types: TicketType[];
  max_seats: number;
}

export interface SellRequest {
  seat_ids?: string[] | null;
  best?: number | null;
  ticket_types?: Record<string, string>;
  method: SaleMethod;
  shift_id?: string | null;
  expected_total?: Money | null;
  tendered_minor?: number | null;
  email?: string | null;
}

export interface SellAnswer {
  booking: Booking;
  tickets: Ticket[];
  change: Money | null;
}

export interface Shift {
  shift_id: string;
  who: { user_id: string; name: string | null; email: string | null };
  window: string;
  opened_at: string;
  closed_at: string | null;
  float: Money;
  cash_sales: Money;
  cash_refunds: Money;
  expected: Money;
  terminal_sales: Money;
  terminal_refunds: Money;
  sales: number;
  invitations: number;
  counted: Money | null;
  difference: Money | null;
}

export interface ShowCancellation {
  show_id: string;
  cancelled_at: string;
  reason: string;
  message: string | null;
  finished: boolean;
  bookings_total: number;
  bookings_done: number;
  refunds_pending: number;
  refunds_succeeded: number;
  refunds_failed: number;
  refund_amount: Money;
}

type MoveOutcome = 'same_seats' | 'other_seats' | 'does_not_fit';

interface MovedBooking {
  booking_id: string;
  reference: string;
  outcome: MoveOutcome;
  seats_before: string[];
  seats_after: string[];
}

export interface ShowMoved {
  show: ManagedShow;
  dry_run: boolean;
  same_seats: number;
  other_seats: number;
  do_not_fit: number;
  refund_amount: Money;
  bookings: MovedBooking[];
}

export interface FoundBooking {
  booking_id: string;
  reference: string;
  status: BookingStatus;
  show_id: string;
  movie_name: string;
  start_time: string;
  screen_name: string;
  seats: string[];
  total_amount: Money;
  buyer_name: string | null;
  buyer_email: string | null;
  created_at: string;
}

export type ManagedBooking = Booking & {
  buyer_name: string | null;
  buyer_email: string | null;
  sold_through: string;
  tickets: { seat_id: string; status: string; revision: number }[];
  refundable: Money;
};

export interface StaffRefundRequest {
  seat_ids?: string[] | null;
  amount?: Money | null;
  reason: string;
  words: string;
  waive_policy?: boolean;
}

export interface StaffRefundAnswer {
  booking: ManagedBooking;
  refund: Refund | null;
}

export interface ManagedMessage {
  message_id: string;
  booking_id: string | null;
  kind: string;
  channel: string;
  recipient: string;
  status: string;
  attempts: number;
  created_at: string;
  due_at: string | null;
  sent_at: string | null;
  error: string | null;
  advice: string;
  can_resend: boolean;
}

export interface DayTotals {
  theater_id: string;
  date: string;
  time_zone: string;
  from: string;
  until: string;
  over: boolean;
  currency: string;
  tickets: number;
  sold: Money;
  refunded: Money;
  net: Money;
  tax_sold: Money;
  tax_refunded: Money;
  late: Money;
  trial: Money;
  by_show: {
    show_id: string;
    movie_name: string;
    screen_name: string;
    start_time: string | null;
    tickets: number;
    sold: Money;
    refunded: Money;
  }[];
  by_ticket_type: { ticket_type: string; tickets: number; sold: Money }[];
  by_method: { method: string; payments: number; sold: Money; refunded: Money }[];
  by_channel: { channel: string; bookings: number; tickets: number; sold: Money }[];
  refunds_by_reason: { reason: string; refunds: number; amount: Money }[];
  settlement: { gateway: string; captured: Money; refunded: Money; net: Money }[];
}
