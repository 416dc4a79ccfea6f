/** Every address inside the app, in one place, so that a link is never spelled twice. */
const id = encodeURIComponent;

export const paths = {
  discover: '/',
  theaters: '/theaters',
  theater: (theaterId: string) => `/theaters/${id(theaterId)}`,
  movie: (movieId: string, theaterId?: string) =>
    `/movies/${id(movieId)}${theaterId ? `?theater=${id(theaterId)}` : ''}`,
  /** The seat map; the checkout sheet is `?step=checkout` on the same page. */
  show: (showId: string) => `/shows/${id(showId)}`,
  checkout: (showId: string, bookingId: string) =>
    `/shows/${id(showId)}?step=checkout&booking=${id(bookingId)}`,
  /** The ticket, and what became of a booking. */
  booking: (bookingId: string) => `/bookings/${id(bookingId)}`,
  cancel: (bookingId: string) => `/bookings/${id(bookingId)}/cancel`,
  tickets: '/tickets',
  recover: '/recover',
  signIn: (next?: string) => `/signin${next ? `?next=${id(next)}` : ''}`,
  register: (next?: string) => `/register${next ? `?next=${id(next)}` : ''}`,
  forgot: '/forgot',
  reset: '/reset',
  verify: '/verify',
  profile: '/profile',
  settings: '/settings',
  /** Staff's pages; their own addresses stand with them. */
  manage: '/manage'
} as const;

/** Routes where the bottom tabs give way to the page's own action bar. */
export function isBuying(routeId: string | null): boolean {
  return routeId?.startsWith('/shows/') ?? false;
}

/** `next` comes from the address bar: only a path of this app is followed. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : paths.discover;
}
