/**
 * Which page of staff's an address is. Theirs is one route of the app, and this table is fetched with it: each route of the app's own
 * is named in the script that every moviegoer loads first, and these are two dozen.
 */
import type { Component } from 'svelte';

type Load = () => Promise<{ default: Component }>;

/** Parts of an address below /manage; those that begin with a colon are names of what stands there. */
const TABLE: readonly (readonly [string, Load])[] = [
  ['', () => import('./pages/Home.svelte')],
  ['new', () => import('./pages/NewTheater.svelte')],
  ['door', () => import('./pages/Door.svelte')],
  ['counter', () => import('./pages/Counter.svelte')],
  [':theater', () => import('./pages/Programme.svelte')],
  [':theater/shows/new', () => import('./pages/NewShow.svelte')],
  [':theater/shows/week', () => import('./pages/Week.svelte')],
  [':theater/setup', () => import('./pages/SetUp.svelte')],
  [':theater/setup/payments', () => import('./pages/Payments.svelte')],
  [':theater/setup/test', () => import('./pages/TestBooking.svelte')],
  [':theater/setup/network', () => import('./pages/Network.svelte')],
  [':theater/shows/:show', () => import('./pages/Show.svelte')],
  [':theater/shows/:show/seats', () => import('./pages/ShowSeats.svelte')],
  [':theater/shows/:show/cancel', () => import('./pages/CancelShow.svelte')],
  [':theater/shows/:show/move', () => import('./pages/MoveShow.svelte')],
  [':theater/movies', () => import('./pages/Movies.svelte')],
  [':theater/movies/new', () => import('./pages/NewMovie.svelte')],
  [':theater/movies/:movie', () => import('./pages/Movie.svelte')],
  [':theater/prices', () => import('./pages/Prices.svelte')],
  [':theater/screens', () => import('./pages/Screens.svelte')],
  [':theater/screens/new', () => import('./pages/NewScreen.svelte')],
  [':theater/screens/:screen', () => import('./pages/Screen.svelte')],
  [':theater/facts', () => import('./pages/Facts.svelte')],
  [':theater/people', () => import('./pages/People.svelte')],
  [':theater/changes', () => import('./pages/Changes.svelte')],
  [':theater/totals', () => import('./pages/Totals.svelte')],
  [':theater/bookings', () => import('./pages/Bookings.svelte')],
  [':theater/bookings/:booking', () => import('./pages/Booking.svelte')],
  [':theater/messages', () => import('./pages/Messages.svelte')]
];

export interface StaffRoute {
  pattern: string;
  params: Readonly<Record<string, string>>;
  load: Load;
}

/** The first row that fits: what is written out stands above what may be anything. */
export function routeOf(pathname: string): StaffRoute | null {
  const parts = pathname.split('/').filter(Boolean).slice(1).map(decodeURIComponent);
  for (const [pattern, load] of TABLE) {
    const names = pattern.split('/').filter(Boolean);
    if (names.length !== parts.length) continue;
    if (!names.every((name, at) => name.startsWith(':') || name === parts[at])) continue;
    const params = names.flatMap((name, at) =>
      name.startsWith(':') ? [[name.slice(1), parts[at] ?? '']] : []
    );
    return { pattern, params: Object.fromEntries(params), load };
  }
  return null;
}
