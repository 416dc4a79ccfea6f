/** What staff ask when a day is over or has gone wrong. Rules are the Platform's. */
import type { Attempt } from './platform';
import type {
  DayTotals,
  FoundBooking,
  ManagedBooking,
  ManagedMessage,
  MoveShowRequest,
  ShowCancellation,
  ShowMove,
  ShowMovePlan,
  StaffRefundAnswer,
  StaffRefundRequest
} from './staff-types';
import type { Page } from './types';

export interface DayCalls {
  dayTotals(theaterId: string, date: string): Promise<DayTotals>;
  /** The same numbers as a file for a spreadsheet, saved by the browser. */
  saveDayTotals(theaterId: string, date: string): Promise<void>;

  findBookings(
    theaterId: string,
    given: { query?: string; show?: string; cursor?: string }
  ): Promise<Page<FoundBooking>>;
  managedBooking(bookingId: string): Promise<ManagedBooking>;
  refundBooking(
    bookingId: string,
    request: StaffRefundRequest,
    attempt: Attempt
  ): Promise<StaffRefundAnswer>;
  resendTickets(bookingId: string, attempt: Attempt): Promise<void>;

  messages(theaterId: string, state: string, cursor?: string): Promise<Page<ManagedMessage>>;
  resendMessage(bookingId: string, messageId: string): Promise<ManagedMessage>;

  cancelShow(showId: string, reason: string, message: string | null): Promise<ShowCancellation>;
  /** Null when the show is not cancelled. */
  showCancellation(showId: string): Promise<ShowCancellation | null>;

  /** To another screen or time; a dry run only says what would happen. */
  moveShow(
    showId: string,
    request: MoveShowRequest,
    version: string | null,
    attempt: Attempt
  ): Promise<ShowMovePlan>;
  /** Of a show that has moved to another screen. */
  showMove(showId: string): Promise<ShowMove>;
}
