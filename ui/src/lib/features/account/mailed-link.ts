/**
 * What a person pasted from one of our mails: which page it is for, and its secret. The app's own links carry no
 * secret, so in the shell pasting is the way in. Left out: whether the secret is good, which only the server knows.
 */
import { tokenIn } from './link-token';

const pages = ['recover', 'verify', 'reset'] as const;

/** A page that takes the secret of a mailed link. */
export type LinkPage = (typeof pages)[number];

/** A booking's mail opens nothing by itself: it names the booking, and the person asks for a link that does. */
export type MailedLink = { page: LinkPage; token: string } | { page: 'booking'; reference: string };

/** 32 bytes in base64url, with room for more. */
const SECRET = /^[\w-]{32,200}$/;
const REFERENCE = /^[\w-]{8,20}$/;
const LONGEST = 2000;

/** `own` is the page a secret with no address around it is for. */
export function mailedLink(pasted: string, own: LinkPage): MailedLink | null {
  // Mail programs break lines and put links in angle brackets; neither is part of a link.
  const text = pasted.slice(0, LONGEST).replace(/[\s<>]/g, '');
  const bare = text.replace(/^#?token=/, '');
  if (SECRET.test(bare)) return bare.startsWith('mg_') ? null : { page: own, token: bare };
  const url = addressIn(text);
  if (url === null) return null;
  const reference = url.searchParams.get('reference');
  if (url.pathname === '/recover' && reference !== null && REFERENCE.test(reference))
    return { page: 'booking', reference };
  const token = tokenIn(url);
  const page = pages.find((name) => url.pathname === `/${name}`);
  return page && token !== null && SECRET.test(token) ? { page, token } : null;
}

function addressIn(text: string): URL | null {
  if (!/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
