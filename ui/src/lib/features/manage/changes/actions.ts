/** What was done, in words. What has none here, say of a newer server, stands as the server calls it. */
import { m } from '$lib/paraglide/messages';

const names: Record<string, () => string> = {
  'theater.create': () => m.manage_did_theater_create(),
  'theater.change': () => m.manage_did_theater_change(),
  'prices.change': () => m.manage_did_prices_change(),
  'screen.create': () => m.manage_did_screen_create(),
  'screen.change': () => m.manage_did_screen_change(),
  'screen.delete': () => m.manage_did_screen_delete(),
  'movie.create': () => m.manage_did_movie_create(),
  'movie.import': () => m.manage_did_movie_import(),
  'movie.change': () => m.manage_did_movie_change(),
  'show.create': () => m.manage_did_show_create(),
  'show.change': () => m.manage_did_show_change(),
  'show.delete': () => m.manage_did_show_delete(),
  'show.publish': () => m.manage_did_show_publish(),
  'show.unpublish': () => m.manage_did_show_unpublish(),
  'seats.block': () => m.manage_did_seats_block(),
  'seats.unblock': () => m.manage_did_seats_unblock(),
  'show.cancel': () => m.day_did_show_cancel(),
  'show.move': () => m.day_did_show_move(),
  'booking.refund': () => m.day_did_refund(),
  'shift.open': () => m.day_did_shift_open(),
  'shift.close': () => m.day_did_shift_close(),
  'counter.sell': () => m.day_did_sell(),
  'counter.payout': () => m.day_did_payout(),
  'ticket.undo': () => m.day_did_scan_undo(),
  'ticket.scans': () => m.day_did_scans(),
  'staff.set': () => m.manage_did_staff_set(),
  'staff.remove': () => m.manage_did_staff_remove()
};

export function actionName(action: string): string {
  return names[action]?.() ?? action;
}
