/**
 * What the browser may keep: settings for good, and for this sitting the tokens of a guest's own bookings (each
 * opens one booking only; the account's session is a cookie that script cannot read).
 */
import { randomHex, type Settings } from './platform';

const SETTINGS = 'matinee.settings';
const SIGNED_IN = 'matinee.signed-in';
const GUEST_SECRET = 'matinee.guest-secret';
const GUEST_TOKENS = 'matinee.guest-bookings';
const MAX_GUEST_BOOKINGS = 50;

const defaultSettings: Settings = {
  theme: 'system',
  language: null,
  favourite_theater_id: null,
  party_size: 2,
  server_url: null,
  session_only: false
};

/** Storage can be closed to us (private windows, policies): then memory does, for this page. */
export function safeStorage(
  pick: () => Storage
): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  try {
    const storage = pick();
    const probe = 'matinee.probe';
    storage.setItem(probe, '1');
    storage.removeItem(probe);
    return storage;
  } catch {
    const memory = new Map<string, string>();
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key)
    };
  }
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export class BrowserStore {
  readonly #local = safeStorage(() => localStorage);
  readonly #session = safeStorage(() => sessionStorage);

  settings(): Settings {
    return { ...defaultSettings, ...parsed(this.#local.getItem(SETTINGS)) };
  }

  saveSettings(change: Partial<Settings>): Settings {
    const next = { ...this.settings(), ...change };
    this.#local.setItem(SETTINGS, JSON.stringify(next));
    return next;
  }

  /** Only a hint, so that a guest's start does not ask the server who they are. */
  get maySignedIn(): boolean {
    return this.#local.getItem(SIGNED_IN) === '1';
  }

  set maySignedIn(value: boolean) {
    if (value) this.#local.setItem(SIGNED_IN, '1');
    else this.#local.removeItem(SIGNED_IN);
  }

  guestSecret(): string {
    const kept = this.#session.getItem(GUEST_SECRET);
    if (kept) return kept;
    const secret = randomHex(16);
    this.#session.setItem(GUEST_SECRET, secret);
    return secret;
  }

  guestToken(bookingId: string): string | undefined {
    const token = parsed(this.#session.getItem(GUEST_TOKENS))[bookingId];
    return typeof token === 'string' ? token : undefined;
  }

  keepGuestToken(bookingId: string, token: string): void {
    const kept = Object.entries(parsed(this.#session.getItem(GUEST_TOKENS)));
    const others = kept.filter(([id]) => id !== bookingId).slice(-(MAX_GUEST_BOOKINGS - 1));
    this.#session.setItem(
      GUEST_TOKENS,
      JSON.stringify(Object.fromEntries([...others, [bookingId, token]]))
    );
  }

  guestBookingIds(): string[] {
    return Object.keys(parsed(this.#session.getItem(GUEST_TOKENS))).reverse();
  }

  remember(key: string, text: string | null): void {
    if (text === null) this.#session.removeItem(`matinee.kept.${key}`);
    else this.#session.setItem(`matinee.kept.${key}`, text);
  }

  recall(key: string): string | null {
    return this.#session.getItem(`matinee.kept.${key}`);
  }
}
