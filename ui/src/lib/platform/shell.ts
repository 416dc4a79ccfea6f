/**
 * The Platform in the app: every method is one typed command of the Rust core, which talks to the server, keeps
 * the local copy and holds the tokens. Only loaded in the shell, so the browser never downloads it.
 */
import { Channel } from '@tauri-apps/api/core';
import { safeStorage } from './browser-store';
import { PlatformError } from './error';
import { share } from './host';
import { locate } from './locate';
import type { Platform, Status } from './platform';
import type { Outcome, ShellCommands } from './shell-commands';

async function unwrap<T>(answer: Promise<Outcome<T>>): Promise<T> {
  const outcome = await answer;
  if (outcome.status === 'ok') return outcome.data;
  throw new PlatformError(outcome.error);
}

export function createShellPlatform(commands: ShellCommands): Platform {
  const session = safeStorage(() => sessionStorage);
  const done = (answer: Promise<Outcome<null>>) => unwrap(answer).then(() => undefined);
  const statuses = fanOut<Status>((channel) => commands.watchStatus(channel));
  const paths = fanOut<string>((channel) => commands.watchOpened(channel));

  return {
    kind: 'shell',
    theaters: (query = {}) => unwrap(commands.theaters(query)),
    theater: (theaterId) => unwrap(commands.theater(theaterId)),
    theaterMovies: (theaterId, date) => unwrap(commands.theaterMovies(theaterId, date ?? null)),
    movies: (query = {}) => unwrap(commands.movies(query)),
    movie: (movieId) => unwrap(commands.movie(movieId)),
    movieShows: (movieId, query = {}) => unwrap(commands.movieShows(movieId, query)),
    show: (showId) => unwrap(commands.show(showId)),
    seats: (showId) => unwrap(commands.seats(showId)),
    watchSeats(showId, onEvent) {
      const channel = new Channel<Parameters<typeof onEvent>[0]>();
      channel.onmessage = onEvent;
      const watch = unwrap(commands.watchSeats(showId, channel));
      watch.catch(() => onEvent({ type: 'connection', live: false }));
      return () => {
        channel.onmessage = () => undefined;
        watch.then((number) => commands.unwatchSeats(number)).catch(() => undefined);
      };
    },
    bestSeats: (showId, count) => unwrap(commands.bestSeats(showId, count)),

    book: (request, attempt) => unwrap(commands.book(request, attempt.key)),
    booking: (bookingId) => unwrap(commands.booking(bookingId)),
    changeBooking: (bookingId, change, version) =>
      unwrap(commands.changeBooking(bookingId, change, version)),
    extendHold: (bookingId, attempt) => unwrap(commands.extendHold(bookingId, attempt.key)),
    releaseHold: (bookingId) => done(commands.releaseHold(bookingId)),
    pay: (request, attempt) => unwrap(commands.pay(request, attempt.key)),
    giftBalance: (theaterId, code) => unwrap(commands.giftBalance(theaterId, code)),
    simulatePayment: (paymentId, bookingId, outcome, attempt) =>
      done(commands.simulatePayment(paymentId, bookingId, outcome, attempt.key)),
    tickets: (bookingId) => unwrap(commands.tickets(bookingId)),
    cancel: (bookingId, seatIds, attempt) =>
      unwrap(commands.cancel(bookingId, seatIds, attempt.key)),
    bookings: (cursor) => unwrap(commands.bookings(cursor ?? null)),

    session: () => unwrap(commands.session()),
    register: (account) => unwrap(commands.register(account)),
    setUp: notHere,
    login: (credentials) => unwrap(commands.login(credentials)),
    logout: () => done(commands.logout()),
    signInMethods: () => unwrap(commands.signInMethods()),
    signInWithProvider: () => unwrap(commands.signInWithProvider()),
    finishProviderSignIn: () => Promise.resolve(null),
    // The app's pages are not the server's site, and a passkey is a site's.
    passkeysPossible: false,
    signInWithPasskey: noPasskeys,
    passkeys: () => Promise.resolve([]),
    makePasskey: noPasskeys,
    removePasskey: noPasskeys,
    secondFactor: () => unwrap(commands.secondFactor()),
    beginSecondFactor: (password) => unwrap(commands.beginSecondFactor(password)),
    confirmSecondFactor: (code) => unwrap(commands.confirmSecondFactor(code)),
    removeSecondFactor: (password, code) => done(commands.removeSecondFactor(password, code)),
    forgotPassword: (email) => done(commands.forgotPassword(email)),
    resetPassword: (token, password) => done(commands.resetPassword(token, password)),
    verifyEmail: (token) => done(commands.verifyEmail(token)),
    profile: () => unwrap(commands.profile()),
    saveProfile: (profile, version) => unwrap(commands.saveProfile(profile, version)),
    pushState: () => unwrap(commands.pushState()),
    subscribePush: () => unwrap(commands.subscribePush()),
    unsubscribePush: () => unwrap(commands.unsubscribePush()).then(() => undefined),
    deleteAccount: () => done(commands.deleteAccount()),
    resendVerification: () => done(commands.resendVerification()),
    sessions: () => unwrap(commands.sessions()),
    endSession: (sessionId) => done(commands.endSession(sessionId)),
    endOtherSessions: () => done(commands.endOtherSessions()),
    exportAccount: () => unwrap(commands.exportAccount()),
    recoverBooking: (reference, email, attempt) =>
      done(commands.recoverBooking(reference, email, attempt.key)),
    redeemRecovery: (token) => unwrap(commands.redeemRecovery(token)),

    // Staff work in a browser, where the second factor is shown; the app is for moviegoers.
    staff: notHere,
    door: notHere,
    counter: notHere,

    settings: () => unwrap(commands.settings()),
    saveSettings: (change) => unwrap(commands.saveSettings(change)),
    status: statuses,
    opened: paths,
    locate,
    share,
    openExternal: (url) => done(commands.openExternal(url)),
    addToCalendar: (bookingId) => done(commands.addToCalendar(bookingId)),
    openReceipt: (bookingId) => done(commands.openReceipt(bookingId)),
    theaterHere: {
      state: () => unwrap(commands.localTheater()),
      run: (lan) => unwrap(commands.runTheater(lan)),
      stop: () => unwrap(commands.stopTheater())
    },
    remember(key, text) {
      if (text === null) session.removeItem(key);
      else session.setItem(key, text);
    },
    recall: (key) => session.getItem(key)
  };
}

function notHere(): Promise<never> {
  return Promise.reject(
    new PlatformError({ kind: 'invalid', code: 'not_here', title: 'Not in the app', detail: '' })
  );
}

function noPasskeys(): Promise<never> {
  return Promise.reject(
    new PlatformError({ kind: 'invalid', code: 'no_passkeys', title: 'No passkeys', detail: '' })
  );
}

/** One channel for any number of listeners; a late listener gets the last message at once. */
function fanOut<T>(open: (channel: Channel<T>) => Promise<unknown>) {
  const listeners = new Set<(message: T) => void>();
  let last: { message: T } | undefined;
  let opened = false;
  return (listener: (message: T) => void): (() => void) => {
    listeners.add(listener);
    if (last) listener(last.message);
    if (!opened) {
      opened = true;
      const channel = new Channel<T>();
      channel.onmessage = (message) => {
        last = { message };
        for (const one of listeners) one(message);
      };
      void open(channel);
    }
    return () => void listeners.delete(listener);
  };
}
