/**
 * Why a change of staff's was refused, in words for people: what happened, what is safe, what to do. A code without words
 * of its own falls back to those of any page, and those to the server's.
 */
import { explain, type Explanation } from '$lib/app/errors';
import { m } from '$lib/paraglide/messages';
import { isPlatformError, type FieldError } from '$lib/platform';

const words: Record<string, () => Explanation> = {
  forbidden: () => ({
    title: m.manage_error_forbidden_title(),
    detail: m.manage_error_forbidden_detail()
  }),
  show_clash: () => ({
    title: m.manage_error_clash_title(),
    detail: m.manage_error_clash_detail()
  }),
  show_moved: () => ({
    title: m.day_error_moved_title(),
    detail: m.day_error_moved_detail()
  }),
  show_started: () => ({
    title: m.day_error_started_title(),
    detail: m.day_error_started_detail()
  }),
  move_unfinished: () => ({
    title: m.day_error_unfinished_title(),
    detail: m.day_error_unfinished_detail()
  }),
  show_sold: () => ({ title: m.manage_error_sold_title(), detail: m.manage_error_sold_detail() }),
  screen_in_use: () => ({
    title: m.manage_error_screen_title(),
    detail: m.manage_error_screen_detail()
  }),
  theater_sold: () => ({
    title: m.manage_error_theater_title(),
    detail: m.manage_error_theater_detail()
  }),
  last_owner: () => ({
    title: m.manage_error_owner_title(),
    detail: m.manage_error_owner_detail()
  }),
  email_unverified: () => ({
    title: m.manage_error_unverified_title(),
    detail: m.manage_error_unverified_detail()
  }),
  seats_unavailable: () => ({
    title: m.manage_error_seats_title(),
    detail: m.manage_error_seats_detail()
  }),
  show_cancelled: () => ({
    title: m.day_error_cancelled_title(),
    detail: m.day_error_cancelled_detail()
  }),
  not_cancellable: () => ({
    title: m.day_error_refund_title(),
    detail: m.day_error_refund_detail()
  }),
  undo_too_late: () => ({ title: m.door_error_undo_title(), detail: m.door_error_undo_detail() }),
  price_changed: () => ({
    title: m.counter_error_price_title(),
    detail: m.counter_error_price_detail()
  }),
  shift_open: () => ({
    title: m.counter_error_open_title(),
    detail: m.counter_error_open_detail()
  }),
  shift_closed: () => ({
    title: m.counter_error_closed_title(),
    detail: m.counter_error_closed_detail()
  }),
  paid_out: () => ({
    title: m.counter_error_paid_out_title(),
    detail: m.counter_error_paid_out_detail()
  }),
  shift_busy: () => ({
    title: m.counter_error_busy_title(),
    detail: m.counter_error_busy_detail()
  }),
  movie_source_refused: () => ({
    title: m.manage_tmdb_error_title(),
    detail: m.manage_tmdb_error_refused()
  }),
  movie_source_busy: () => ({
    title: m.manage_tmdb_error_title(),
    detail: m.manage_tmdb_error_busy()
  }),
  movie_source_unavailable: () => ({
    title: m.manage_tmdb_error_title(),
    detail: m.manage_tmdb_error_detail()
  }),
  version_mismatch: () => ({ title: m.manage_conflict_title(), detail: m.manage_conflict_detail() })
};

export function explainStaff(error: unknown): Explanation {
  const known = isPlatformError(error) ? words[error.code] : undefined;
  if (known) return known();
  // The server's own sentences name the place of each mistake; a title of one's own is enough above them.
  if (isPlatformError(error) && error.code === 'invalid') {
    return { title: m.manage_error_invalid_title(), detail: m.manage_error_invalid_detail() };
  }
  return explain(error);
}

export const isConflict = (error: unknown): boolean =>
  isPlatformError(error) && error.status === 412;

/** Every mistake the server named, with its whole place in the body: "prices/0/amount_minor". */
export function mistakes(error: unknown): FieldError[] {
  if (!isPlatformError(error)) return [];
  return (error.errors ?? []).map(({ pointer, detail }) => ({
    pointer: pointer.replace(/^\//, ''),
    detail
  }));
}
