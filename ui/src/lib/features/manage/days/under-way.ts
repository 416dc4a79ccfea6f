/** Work that a show's cancellation or move left: how it is followed until the last money is back. */
import type { ShowCancellation, ShowMove } from '$lib/platform';

/** What both say of it. */
export type UnderWay = Pick<
  ShowMove & ShowCancellation,
  | 'finished'
  | 'bookings_total'
  | 'bookings_done'
  | 'refunds_pending'
  | 'refunds_succeeded'
  | 'refunds_failed'
  | 'refund_amount'
>;

const LOOK_MS = 2000;

/** Everybody has their money back: none is on its way, and none failed. */
export function isAllBack(
  now: Pick<UnderWay, 'finished' | 'refunds_pending' | 'refunds_failed'>
): boolean {
  return now.finished && now.refunds_pending === 0 && now.refunds_failed === 0;
}

/** When to look again: never once it is over, or when there is nothing to look at. */
export function lookAgain(
  now: Pick<UnderWay, 'finished' | 'refunds_pending'> | null | undefined
): number | false {
  return now && (!now.finished || now.refunds_pending > 0) ? LOOK_MS : false;
}
