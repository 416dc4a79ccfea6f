/** How full a show is, in three steps a person can act on. */
import type { Show } from '$lib/platform';

export type Fullness = 'sold-out' | 'few' | 'open';

const FEW_SEATS = 8;
const FEW_SHARE = 0.1;

export function fullness(show: Pick<Show, 'seats_available' | 'seats_total'>): Fullness {
  if (show.seats_available <= 0) return 'sold-out';
  const few = Math.max(FEW_SEATS, show.seats_total * FEW_SHARE);
  return show.seats_available <= few ? 'few' : 'open';
}

/** 0–100: the share that is taken, for the thin bar on a showtime. */
export function takenPercent(show: Pick<Show, 'seats_available' | 'seats_total'>): number {
  if (show.seats_total <= 0) return 100;
  const taken = 1 - show.seats_available / show.seats_total;
  return Math.round(Math.min(1, Math.max(0, taken)) * 100);
}
