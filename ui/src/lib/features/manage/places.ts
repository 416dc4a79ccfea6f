/**
 * Where staff can go, by what the server says they may do. Nothing here knows roles: the server's own list of actions is
 * the only word, so that a new role needs no change of pages.
 */
import { m } from '$lib/paraglide/messages';
import type { Duty } from '$lib/platform';
import { staffPaths } from './paths';

export interface Place {
  key:
    | 'programme'
    | 'door'
    | 'counter'
    | 'bookings'
    | 'totals'
    | 'movies'
    | 'prices'
    | 'screens'
    | 'messages'
    | 'facts'
    | 'setup'
    | 'people'
    | 'changes';
  needs: Duty;
  label: () => string;
  href: (theaterId: string) => string;
}

const PLACES: readonly Place[] = [
  { key: 'programme', needs: 'see', label: () => m.manage_programme(), href: staffPaths.programme },
  { key: 'door', needs: 'redeem', label: () => m.manage_door(), href: staffPaths.door },
  { key: 'counter', needs: 'sell', label: () => m.manage_counter(), href: staffPaths.counter },
  { key: 'bookings', needs: 'sell', label: () => m.day_bookings(), href: staffPaths.bookings },
  { key: 'totals', needs: 'see_totals', label: () => m.day_totals(), href: staffPaths.totals },
  { key: 'messages', needs: 'sell', label: () => m.day_messages(), href: staffPaths.messages },
  {
    key: 'movies',
    needs: 'change_programme',
    label: () => m.manage_movies(),
    href: staffPaths.movies
  },
  {
    key: 'prices',
    needs: 'change_programme',
    label: () => m.manage_prices(),
    href: staffPaths.prices
  },
  {
    key: 'screens',
    needs: 'change_programme',
    label: () => m.manage_screens(),
    href: staffPaths.screens
  },
  { key: 'facts', needs: 'change_theater', label: () => m.manage_facts(), href: staffPaths.facts },
  { key: 'setup', needs: 'change_theater', label: () => m.setup_place(), href: staffPaths.setUp },
  { key: 'people', needs: 'change_staff', label: () => m.manage_people(), href: staffPaths.people },
  { key: 'changes', needs: 'see_audit', label: () => m.manage_changes(), href: staffPaths.changes }
];

export function placesFor(actions: readonly Duty[]): Place[] {
  return PLACES.filter(({ needs }) => actions.includes(needs));
}

/** The place an address belongs to: the longest that it begins with. */
export function placeAt(path: string, theaterId: string): Place['key'] | undefined {
  const bare = (place: Place) => place.href(theaterId).split('?')[0] ?? '';
  const inside = PLACES.filter(
    (place) => path === bare(place) || path.startsWith(`${bare(place)}/`)
  );
  return inside.sort((a, b) => bare(b).length - bare(a).length)[0]?.key;
}
