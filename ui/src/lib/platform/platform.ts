/**
 * The one interface between the UI and whatever hosts it. Two implementations: browser.ts (HTTP and
 * server-sent events, same origin, cookie session) and shell.ts (typed IPC to the app's Rust core, which
 * keeps a local copy). Nothing else in the UI calls fetch, opens a stream, touches storage or imports
 * @tauri-apps. Left out: what screens do with the answers, and words for people.
 *
 * Rules both implementations keep:
 * - every failure is a PlatformError;
 * - a token never crosses this interface (the browser's is an HttpOnly cookie, the shell's is in the keyring;
 *   a guest's booking token stays inside the implementation);
 * - a call that changes something takes an Attempt: the same attempt repeated has one effect.
 */
import type { CounterCalls } from './counter';
import type { DayCalls } from './days';
import type { DoorCalls } from './door';
import type { StaffCalls } from './staff';
import type { TheaterHere } from './theater-here';
import type {
  BestSeats,
  BookRequest,
  Booking,
  CancelAnswer,
  ChangeRequest,
  DeviceSession,
  GiftBalance,
  Movie,
  Page,
  Passkey,
  PaymentRequest,
  Profile,
  SeatChange,
  SecondFactorBegun,
  SecondFactorState,
  Show,
  ShowDetail,
  ShowSeats,
  SignInMethods,
  SimulateOutcome,
  Theater,
  Tickets
} from './types';

/** A value and how fresh it is. Offline, the shell answers from its local copy and says so. */
export interface Read<T> {
  value: T;
  /** When the server last said this (RFC 3339). */
  as_of: string;
  offline: boolean;
}

/**
 * One intention of the person, however often it is sent. Its key is the Idempotency-Key; keep the attempt
 * until the call has a definite answer, and make a new one for a new intention. A plain object, so that it
 * can be stored across a reload.
 */
export interface Attempt {
  key: string;
}

export interface Coordinates {
  latitude: number;
  longitude: number;
}

export interface TheaterQuery {
  q?: string;
  near?: Coordinates;
  limit?: number;
  cursor?: string;
}

export interface MovieQuery {
  q?: string;
  limit?: number;
  cursor?: string;
}

export interface ShowQuery {
  theater_id?: string;
  /** A date in the theater's zone, YYYY-MM-DD. Without it: the next 14 days. */
  date?: string;
}

export type SeatEvent =
  | { type: 'snapshot'; version: number; seats: SeatChange[] }
  | { type: 'seats'; version: number; changes: SeatChange[] }
  /** Whether the stream is up. Down, the map is only as fresh as its last event. */
  | { type: 'connection'; live: boolean };

export interface Session {
  signed_in: boolean;
  user_id: string | null;
  email: string | null;
  name: string | null;
  /** Shell only: the OS has no keyring, so the session ends with the app. */
  session_only: boolean;
}

export interface Credentials {
  email: string;
  password: string;
  /** A code of the account's generator, when it was asked for (`second_factor_required`). */
  code?: string;
}

/** What makes an account. */
export interface NewAccount {
  name: string;
  email: string;
  password: string;
  /** Of messages to this person, BCP 47. */
  language: string;
}

export type Theme = 'system' | 'light' | 'dark';

export interface Settings {
  theme: Theme;
  /** BCP 47, or null to follow the system. */
  language: string | null;
  /** The theater Discover opens on; a signed-in person's profile has its own, which wins. */
  favourite_theater_id: string | null;
  /** The usual number of seats, for the seat map's suggestion. */
  party_size: number;
  /** Shell only: the server this app talks to; null is the app's own built-in server. */
  server_url: string | null;
  /** Shell only: without an OS keyring the person chose to stay signed in only until the app closes. */
  session_only: boolean;
}

export interface Status {
  online: boolean;
  /** When the server was last heard (RFC 3339), null if never. */
  as_of: string | null;
}

/** Whether messages are shown by this browser, or by the app on this computer: `on` and `off` can be changed, the others say why not. */
export type PushState =
  | 'unsupported'
  /** The page came without encryption, and browsers allow none of this there. */
  | 'insecure'
  /** The person told the browser to refuse; only they can change that, in the browser. */
  | 'blocked'
  | 'off'
  | 'on';

export interface Share {
  title: string;
  text: string;
  url?: string;
}

export interface Platform {
  readonly kind: 'browser' | 'shell';

  // Catalog. Reads answer from the local copy when there is one and no network.
  theaters(query?: TheaterQuery): Promise<Read<Page<Theater>>>;
  theater(theaterId: string): Promise<Read<Theater>>;
  theaterMovies(theaterId: string, date?: string): Promise<Read<Page<Movie>>>;
  movies(query?: MovieQuery): Promise<Read<Page<Movie>>>;
  movie(movieId: string): Promise<Read<Movie>>;
  movieShows(movieId: string, query?: ShowQuery): Promise<Read<Page<Show>>>;
  show(showId: string): Promise<Read<ShowDetail>>;

  // Seats.
  seats(showId: string): Promise<Read<ShowSeats>>;
  /** Follows a show's seats until the returned function is called. Reconnects by itself. */
  watchSeats(showId: string, onEvent: (event: SeatEvent) => void): () => void;
  bestSeats(showId: string, count: number): Promise<Read<BestSeats>>;

  // Buying.
  book(request: BookRequest, attempt: Attempt): Promise<Booking>;
  booking(bookingId: string): Promise<Read<Booking>>;
  /** `version` is the booking's, sent as If-Match; 412 (`version_mismatch`) when it has changed since. */
  changeBooking(bookingId: string, change: ChangeRequest, version: number): Promise<Booking>;
  extendHold(bookingId: string, attempt: Attempt): Promise<Booking>;
  releaseHold(bookingId: string): Promise<void>;
  /** Resolves with the confirmed booking, or with one that carries `payment_id` and `next_action`. */
  pay(request: PaymentRequest, attempt: Attempt): Promise<Booking>;
  /** What is on a theater's gift card. The code goes to the server and is kept nowhere. */
  giftBalance(theaterId: string, code: string): Promise<GiftBalance>;
  /** Sandbox only: plays the bank's page. */
  simulatePayment(
    paymentId: string,
    bookingId: string,
    outcome: SimulateOutcome,
    attempt: Attempt
  ): Promise<void>;
  tickets(bookingId: string): Promise<Read<Tickets>>;
  cancel(bookingId: string, seatIds: string[] | null, attempt: Attempt): Promise<CancelAnswer>;
  /** The signed-in person's bookings, newest first; for a guest, those of this session. */
  bookings(cursor?: string): Promise<Read<Page<Booking>>>;

  // Account.
  session(): Promise<Session>;
  register(account: NewAccount): Promise<Session>;
  /** The first administrator of a server, by the code it printed. Refused in the app (`not_here`). */
  setUp(account: NewAccount & { code: string }): Promise<Session>;
  login(credentials: Credentials): Promise<Session>;
  /** In a browser messages of the one who leaves come here no more. */
  logout(): Promise<void>;
  /** The ways to sign in that this server offers beside a password. */
  signInMethods(): Promise<SignInMethods>;
  /** Signs in at the server's provider. In a browser the page leaves and null is all that comes; the shell waits. */
  signInWithProvider(): Promise<Session | null>;
  /** Browser only: back from the provider. Null when an app began it: the page leaves to tell the app. */
  finishProviderSignIn(code: string, state: string): Promise<Session | null>;
  /** Whether this host can make and use passkeys at all; a server may still offer none. */
  readonly passkeysPossible: boolean;
  signInWithPasskey(): Promise<Session>;
  passkeys(): Promise<Passkey[]>;
  /** Asks the person at their device; `password` where the account has one. */
  makePasskey(name: string, password: string): Promise<Passkey>;
  removePasskey(passkeyId: string): Promise<void>;
  secondFactor(): Promise<SecondFactorState>;
  /** A new secret for a code generator; it counts once `confirmSecondFactor` took a first code. */
  beginSecondFactor(password: string): Promise<SecondFactorBegun>;
  /** The recovery codes, this once. */
  confirmSecondFactor(code: string): Promise<string[]>;
  /** Every session ends, this one too. */
  removeSecondFactor(password: string, code: string): Promise<void>;
  forgotPassword(email: string): Promise<void>;
  resetPassword(token: string, password: string): Promise<void>;
  /** Redeems the link mailed at registration. */
  verifyEmail(token: string): Promise<void>;
  profile(): Promise<Read<Profile>>;
  /** `version` is the one the profile came with; 412 when it has changed elsewhere. null overwrites. */
  saveProfile(profile: Profile, version: number | null): Promise<Profile>;
  deleteAccount(): Promise<void>;
  /** Whether this browser gets the person's messages. */
  pushState(): Promise<PushState>;
  /** Lets the browser ask the person, then subscribes. `off` when they did not answer. Call it on a tap. */
  subscribePush(): Promise<PushState>;
  unsubscribePush(): Promise<void>;
  /** Asks for the mail that verifies the address once more. */
  resendVerification(): Promise<void>;
  /** The devices that are signed in, the one seen last first. */
  sessions(): Promise<DeviceSession[]>;
  endSession(sessionId: string): Promise<void>;
  endOtherSessions(): Promise<void>;
  /** Saves everything that is kept about the person as a file: its path, or null where the browser keeps downloads. */
  exportAccount(): Promise<string | null>;
  /** Mails a single-use link when the two belong together; answers alike either way. */
  recoverBooking(reference: string, email: string, attempt: Attempt): Promise<void>;
  /** Redeems the mailed link's token; the booking can be opened from here on. */
  redeemRecovery(token: string): Promise<Booking>;

  /** What staff can do, fetched when first asked for. Refused where the host has no pages for staff (`not_here`). */
  staff(): Promise<StaffCalls & DayCalls>;
  door(): Promise<DoorCalls>;
  counter(): Promise<CounterCalls>;

  // The host.
  settings(): Promise<Settings>;
  saveSettings(change: Partial<Settings>): Promise<Settings>;
  /** Calls back at once and on every change, until the returned function is called. */
  status(onChange: (status: Status) => void): () => void;
  /** Asks the person for their position; only ever called because they asked for it. */
  locate(): Promise<Coordinates>;
  openExternal(url: string): Promise<void>;
  /** False when the host can't share and the text was copied instead. */
  share(share: Share): Promise<boolean>;
  addToCalendar(bookingId: string): Promise<void>;
  /** What was paid and what went back, as a PDF: opened in the app, saved in a browser. */
  openReceipt(bookingId: string): Promise<void>;
  /** Shell only: the theater of this computer. */
  readonly theaterHere?: TheaterHere;
  /** Shell only: the app was asked to open something (a deep link, a notification); `path` is a UI path. */
  opened(onOpen: (path: string) => void): () => void;
  /** Text kept for this sitting (typed data that must survive a reload); null removes it. */
  remember(key: string, text: string | null): void;
  recall(key: string): string | null;
}

export function newAttempt(): Attempt {
  return { key: randomHex(16) };
}

/** `bytes` random bytes from the system's generator, as lower-case hexadecimal. */
export function randomHex(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, '0')).join('');
}
