/**
 * What a ticket's QR code says: `MT1:` and base32 of version, key id, flags, ticket id, show, seat, revision, start and a signature
 * over all before it, as the server writes it. A door that has the day's list needs of it only whose it is and how new.
 */
import { fromBase32, fromBase64Url, toBase32, toBase64Url } from './bytes';
import { sha256, signedBy } from './proof';

const PREFIX = 'MT1:';
const FACTS = 1 + 8 + 1 + 32 + 16 + 2 + 4 + 8;
const ALL = FACTS + 64;
const TICKET_AT = 10;
const REVISION_AT = TICKET_AT + 32 + 16 + 2;

export interface SignedTicket {
  /** As ids end, after their letter. */
  ticket: string;
  revision: number;
}

export const isTicketCode = (text: string): boolean => text.toUpperCase().startsWith(PREFIX);

/** What stands on the list for a code. Scanners that type may type small letters; codes have none. */
export async function digestOf(code: string): Promise<string> {
  const bytes = new TextEncoder().encode(code.trim().toUpperCase());
  return toBase64Url((await sha256(bytes)).slice(0, 16));
}

/** The ticket of a code whose signature is this key's; null for anything else. */
export async function signedTicket(code: string, publicKey: string): Promise<SignedTicket | null> {
  const text = code.trim().toUpperCase();
  const bytes = text.startsWith(PREFIX) ? fromBase32(text.slice(PREFIX.length)) : null;
  const key = fromBase64Url(publicKey);
  if (bytes?.length !== ALL || bytes[0] !== 1 || key?.length !== 32) return null;
  const [facts, signature] = [bytes.slice(0, FACTS), bytes.slice(FACTS)];
  if (!(await signedBy(key, signature, facts))) return null;
  return {
    ticket: toBase32(facts.slice(TICKET_AT, TICKET_AT + 32)).toLowerCase(),
    revision: new DataView(facts.buffer).getUint32(REVISION_AT)
  };
}
