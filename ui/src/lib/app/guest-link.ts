/**
 * A booking mail's link, `/bookings/{id}#guest=…`: its token goes to the platform before the booking is read. Left
 * out: taking it out of the address, which only a page that is up can do (the root layout does).
 */
import { platform } from '$lib/platform';

export interface GuestLink {
  bookingId: string;
  token: string;
}

/** A guest's token is much shorter; what is longer or looks otherwise is none. */
const TOKEN = /^mg_[\w.~-]{1,500}$/;

export function guestLinkIn(url: URL): GuestLink | null {
  const bookingId = /^\/bookings\/([\w-]+)(?:\/|$)/.exec(url.pathname)?.[1];
  const token = new URLSearchParams(url.hash.slice(1)).get('guest');
  if (bookingId === undefined || token === null || !TOKEN.test(token)) return null;
  return { bookingId, token };
}

/** Whether there was a token that the platform took. Never fails: the page shows what opening the booking says. */
export async function adoptGuestLink(url: URL): Promise<boolean> {
  const link = guestLinkIn(url);
  if (link === null) return false;
  try {
    await platform().adoptGuestToken(link.bookingId, link.token);
    return true;
  } catch {
    return false;
  }
}
