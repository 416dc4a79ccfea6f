/**
 * What the shell's generated commands must look like, in terms of this UI's own types: generated/shell.ts is
 * assigned to ShellCommands in shell.ts, so a command that is missing or of another shape fails the type check.
 * Each is the Platform method of the same name; `key` is an Attempt's key, null is "not given".
 */
import type { PlatformErrorData } from './error';
import type { LocalTheater } from './theater-here';
import type {
  Credentials,
  MovieQuery,
  NewAccount,
  PushState,
  Read,
  SeatEvent,
  Session,
  Settings,
  ShowQuery,
  Status,
  TheaterQuery
} from './platform';
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
  PaymentRequest,
  Profile,
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

export type Outcome<T> = { status: 'ok'; data: T } | { status: 'error'; error: PlatformErrorData };
type Answer<T> = Promise<Outcome<T>>;

/** A tauri Channel: the core sends, the UI reads `onmessage`. */
interface ChannelOf<T> {
  onmessage: (message: T) => void;
}

export interface ShellCommands {
  theaters(query: TheaterQuery): Answer<Read<Page<Theater>>>;
  theater(theaterId: string): Answer<Read<Theater>>;
  theaterMovies(theaterId: string, date: string | null): Answer<Read<Page<Movie>>>;
  movies(query: MovieQuery): Answer<Read<Page<Movie>>>;
  movie(movieId: string): Answer<Read<Movie>>;
  movieShows(movieId: string, query: ShowQuery): Answer<Read<Page<Show>>>;
  show(showId: string): Answer<Read<ShowDetail>>;
  seats(showId: string): Answer<Read<ShowSeats>>;
  /** Answers with a number that `unwatchSeats` takes. */
  watchSeats(showId: string, events: ChannelOf<SeatEvent>): Answer<number>;
  unwatchSeats(watch: number): Answer<null>;
  bestSeats(showId: string, count: number): Answer<Read<BestSeats>>;

  book(request: BookRequest, key: string): Answer<Booking>;
  booking(bookingId: string): Answer<Read<Booking>>;
  changeBooking(bookingId: string, change: ChangeRequest, version: number): Answer<Booking>;
  extendHold(bookingId: string, key: string): Answer<Booking>;
  releaseHold(bookingId: string): Answer<null>;
  pay(request: PaymentRequest, key: string): Answer<Booking>;
  giftBalance(theaterId: string, code: string): Answer<GiftBalance>;
  simulatePayment(
    paymentId: string,
    bookingId: string,
    outcome: SimulateOutcome,
    key: string
  ): Answer<null>;
  tickets(bookingId: string): Answer<Read<Tickets>>;
  cancel(bookingId: string, seatIds: string[] | null, key: string): Answer<CancelAnswer>;
  bookings(cursor: string | null): Answer<Read<Page<Booking>>>;

  session(): Answer<Session>;
  register(account: NewAccount): Answer<Session>;
  login(credentials: Credentials): Answer<Session>;
  logout(): Answer<null>;
  signInMethods(): Answer<SignInMethods>;
  signInWithProvider(): Answer<Session>;
  secondFactor(): Answer<SecondFactorState>;
  beginSecondFactor(password: string): Answer<SecondFactorBegun>;
  confirmSecondFactor(code: string): Answer<string[]>;
  removeSecondFactor(password: string, code: string): Answer<null>;
  forgotPassword(email: string): Answer<null>;
  resetPassword(token: string, password: string): Answer<null>;
  verifyEmail(token: string): Answer<null>;
  profile(): Answer<Read<Profile>>;
  saveProfile(profile: Profile, version: number | null): Answer<Profile>;
  deleteAccount(): Answer<null>;
  resendVerification(): Answer<null>;
  sessions(): Answer<DeviceSession[]>;
  endSession(sessionId: string): Answer<null>;
  endOtherSessions(): Answer<null>;
  exportAccount(): Answer<string>;
  recoverBooking(reference: string, email: string, key: string): Answer<null>;
  redeemRecovery(token: string): Answer<Booking>;

  settings(): Answer<Settings>;
  saveSettings(change: Partial<Settings>): Answer<Settings>;
  /** Sends the current status at once, then every change, for the life of the window. */
  watchStatus(events: ChannelOf<Status>): Answer<null>;
  /** Sends a UI path whenever the app is asked to open something. */
  watchOpened(events: ChannelOf<string>): Answer<null>;
  pushState(): Answer<PushState>;
  subscribePush(): Answer<PushState>;
  unsubscribePush(): Answer<PushState>;
  openExternal(url: string): Answer<null>;
  addToCalendar(bookingId: string): Answer<null>;
  openReceipt(bookingId: string): Answer<null>;

  localTheater(): Answer<LocalTheater | null>;
  runTheater(lan: boolean): Answer<LocalTheater | null>;
  stopTheater(): Answer<LocalTheater | null>;
}
