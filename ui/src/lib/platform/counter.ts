/** What the box office can ask for. Rules are the Platform's. */
import type { Attempt } from './platform';
import type { CounterShow, SellAnswer, SellRequest, Shift } from './staff-types';

export interface CounterCalls {
  counterShow(showId: string): Promise<CounterShow>;
  sell(showId: string, request: SellRequest, attempt: Attempt): Promise<SellAnswer>;
  /** The booking's tickets as a page each, to be printed. */
  ticketsToPrint(bookingId: string): Promise<Blob>;
  /** The person's own shifts, newest first; all of them for owners and managers. */
  shifts(theaterId: string, open: boolean): Promise<Shift[]>;
  openShift(
    theaterId: string,
    window: string,
    floatMinor: number,
    attempt: Attempt
  ): Promise<Shift>;
  shift(theaterId: string, shiftId: string): Promise<Shift>;
  /** Notes that the cash of a refund was handed out, once: repeated in the same shift it changes nothing. */
  payOut(theaterId: string, shiftId: string, refundId: string): Promise<Shift>;
  closeShift(
    theaterId: string,
    shiftId: string,
    countedMinor: number,
    attempt: Attempt
  ): Promise<Shift>;
}
