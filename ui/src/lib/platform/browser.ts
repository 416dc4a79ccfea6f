/**
 * The Platform in a plain browser: the HTTP contract, call by call, against the server the page came from. The
 * account's session is a cookie; a guest's booking is opened with its own token, kept for this sitting only.
 */
import { BrowserStore } from './browser-store';
import { isPlatformError } from './error';
import { share } from './host';
import { createSend, type Answer, type Call, type Send } from './http';
import { watchSeats } from './live-seats';
import type { Attempt, Platform, Read, Session } from './platform';
import { Reach } from './reach';
import type { AccountCalls } from './browser-account';
import type { Booking, Page, Profile, Show, Tickets } from './types';

const GUEST: Session = {
  signed_in: false,
  user_id: null,
  email: null,
  name: null,
  session_only: false
};

const id = encodeURIComponent;
const PAGE = 100;
const MOST_PAGES = 10;
const AFTER_LOAD_MS = 3000;
/** Calls that few people make; their code comes with the first of them. */
const LATER = [
  'logout',
  'signInMethods',
  'signInWithProvider',
  'finishProviderSignIn',
  'signInWithPasskey',
  'passkeys',
  'makePasskey',
  'removePasskey',
  'secondFactor',
  'beginSecondFactor',
  'confirmSecondFactor',
  'removeSecondFactor',
  'forgotPassword',
  'resetPassword',
  'verifyEmail',
  'saveProfile',
  'deleteAccount',
  'pushState',
  'subscribePush',
  'unsubscribePush',
  'resendVerification',
  'sessions',
  'endSession',
  'endOtherSessions',
  'exportAccount',
  'openReceipt',
  'recoverBooking',
  'redeemRecovery',
  'addToCalendar',
  'giftBalance',
  'simulatePayment',
  'cancel'
] as const;

function read<T>(answer: Answer<T>): Read<T> {
  return { value: answer.value, as_of: answer.as_of, offline: false };
}

export function createBrowserPlatform(options: { fetch?: typeof fetch } = {}): Platform {
  const store = new BrowserStore();
  const probeFetch = options.fetch ?? fetch;
  const reach = new Reach(() =>
    probeFetch('/healthz', { signal: AbortSignal.timeout(5000) }).then(
      (response) => response.ok,
      () => false
    )
  );
  const rawSend = createSend({ onReach: (reached) => reach.report(reached), ...options });

  /** An expired session is renewed once, from the cookie, before the call fails. */
  const send: Send = async <T>(call: Call) => {
    try {
      return await rawSend<T>(call);
    } catch (error) {
      const renewable =
        store.maySignedIn &&
        isPlatformError(error) &&
        error.status === 401 &&
        !call.path.startsWith('/auth/') &&
        call.headers?.['Authorization'] === undefined;
      if (!renewable) throw error;
      try {
        await rawSend({ method: 'POST', path: '/auth/refresh', body: { session: 'cookie' } });
      } catch (refused) {
        if (isPlatformError(refused) && refused.status === 401) sessionOver();
        throw error;
      }
      return rawSend<T>(call);
    }
  };

  const get = async <T>(path: string, query?: Call['query']) =>
    read(await send<T>({ method: 'GET', path, ...(query ? { query } : {}) }));

  const as = (bookingId: string) => {
    const token = store.guestToken(bookingId);
    return token ? { Authorization: `Bearer ${token}` } : {};
  };

  const asGuest = () => (store.maySignedIn ? {} : { 'Guest-Secret': store.guestSecret() });

  const keyed = (attempt: Attempt) => ({ 'Idempotency-Key': attempt.key });

  function keep(booking: Booking): Booking {
    const { guest_token, ...rest } = booking;
    if (guest_token) store.keepGuestToken(booking.booking_id, guest_token);
    return rest;
  }

  function later<K extends keyof AccountCalls>(name: K): AccountCalls[K] {
    const call = async (...args: never[]) => {
      const { accountCalls } = await import('./browser-account');
      const calls = accountCalls({ as, send, rawSend, store, whoAmI, keyed, asGuest, keep });
      return (calls[name] as (...args: never[]) => unknown)(...args);
    };
    return call as AccountCalls[K];
  }

  /** It ended elsewhere. What is pushed to whoever had it is not for whoever comes next. */
  function sessionOver(): void {
    store.maySignedIn = false;
    void later('dropPush')().catch(() => undefined);
  }

  async function whoAmI(): Promise<Session> {
    if (!store.maySignedIn) return GUEST;
    try {
      const { value } = await send<Profile>({ method: 'GET', path: '/users/me/profile' });
      return {
        signed_in: true,
        user_id: value.user_id ?? null,
        email: value.email ?? null,
        name: value.name,
        session_only: false
      };
    } catch (error) {
      if (isPlatformError(error) && error.status === 401) {
        sessionOver();
        return GUEST;
      }
      throw error;
    }
  }

  async function enter(path: string, body: object): Promise<Session> {
    await rawSend({ method: 'POST', path, body: { ...body, session: 'cookie' } });
    store.maySignedIn = true;
    return whoAmI();
  }

  keepShell();
  // One for all: what a door keeps it keeps once.
  let door: ReturnType<Platform['door']> | undefined;

  const laterCalls = Object.fromEntries(LATER.map((name) => [name, later(name)])) as Pick<
    AccountCalls,
    (typeof LATER)[number]
  >;

  return {
    ...laterCalls,
    kind: 'browser',

    theaters: ({ q, near, limit, cursor } = {}) =>
      get('/theaters', {
        q,
        limit,
        cursor,
        near: near ? `${near.latitude.toFixed(4)},${near.longitude.toFixed(4)}` : undefined
      }),
    theater: (theaterId) => get(`/theaters/${id(theaterId)}`),
    theaterMovies: (theaterId, date) => get(`/theaters/${id(theaterId)}/movies`, { date }),
    movies: (query = {}) => get('/movies', { ...query }),
    movie: (movieId) => get(`/movies/${id(movieId)}`),
    movieShows: (movieId, query = {}) =>
      allPages((cursor) =>
        get<Page<Show>>(`/movies/${id(movieId)}/shows`, { ...query, limit: PAGE, cursor })
      ),
    show: (showId) => get(`/shows/${id(showId)}`),

    seats: (showId) => get(`/shows/${id(showId)}/seats`),
    watchSeats: (showId, onEvent) => watchSeats(showId, onEvent),
    bestSeats: (showId, count) => get(`/shows/${id(showId)}/best-seats`, { count }),

    async book(request, attempt) {
      const headers = { ...keyed(attempt), ...asGuest() };
      const answer = await send<Booking>({ method: 'POST', path: '/book', body: request, headers });
      return keep(answer.value);
    },
    async booking(bookingId) {
      const path = `/bookings/${id(bookingId)}`;
      return read(await send<Booking>({ method: 'GET', path, headers: as(bookingId) }));
    },
    async changeBooking(bookingId, change, version) {
      const headers = { ...as(bookingId), 'If-Match': `"${version}"` };
      const path = `/bookings/${id(bookingId)}`;
      return (await send<Booking>({ method: 'PATCH', path, body: change, headers })).value;
    },
    async extendHold(bookingId, attempt) {
      const headers = { ...as(bookingId), ...keyed(attempt) };
      const path = `/bookings/${id(bookingId)}/extend`;
      return (await send<Booking>({ method: 'POST', path, body: {}, headers })).value;
    },
    async releaseHold(bookingId) {
      const path = `/bookings/${id(bookingId)}`;
      await send({ method: 'DELETE', path, headers: as(bookingId) });
    },
    async pay(request, attempt) {
      const headers = { ...as(request.booking_id), ...keyed(attempt) };
      return (await send<Booking>({ method: 'POST', path: '/payment', body: request, headers }))
        .value;
    },
    async tickets(bookingId) {
      const path = `/bookings/${id(bookingId)}/tickets`;
      return read(await send<Tickets>({ method: 'GET', path, headers: as(bookingId) }));
    },
    async bookings(cursor) {
      if (store.maySignedIn) return get<Page<Booking>>('/users/me/bookings', { cursor });
      const found = await Promise.allSettled(
        store.guestBookingIds().map((bookingId) =>
          send<Booking>({
            method: 'GET',
            path: `/bookings/${id(bookingId)}`,
            headers: as(bookingId)
          })
        )
      );
      const items = found.flatMap((one) => {
        if (one.status === 'fulfilled') return [one.value.value];
        if (isPlatformError(one.reason) && one.reason.kind === 'offline') throw one.reason;
        return [];
      });
      return {
        value: { items, next_cursor: null },
        as_of: new Date().toISOString(),
        offline: false
      };
    },

    session: whoAmI,
    register: (account) => enter('/auth/register', account),
    setUp: (account) => enter('/setup', account),
    login: (credentials) => enter('/auth/login', credentials),
    // Old browsers lack the JSON forms; there the password remains.
    passkeysPossible:
      typeof PublicKeyCredential !== 'undefined' &&
      typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function',
    profile: () => get<Profile>('/users/me/profile'),

    staff: async () => (await import('./browser-staff')).staffCalls(send),
    door: () => (door ??= import('./browser-door').then(({ doorCalls }) => doorCalls(send))),
    counter: async () => (await import('./browser-counter')).counterCalls(send),

    settings: () => Promise.resolve(store.settings()),
    saveSettings: (change) => Promise.resolve(store.saveSettings(change)),
    status: (onChange) => reach.listen(onChange),
    locate: async () => (await import('./locate')).locate(),
    openExternal(url) {
      window.open(url, '_blank', 'noopener,noreferrer');
      return Promise.resolve();
    },
    share,
    opened: () => () => undefined,
    remember: (key, text) => store.remember(key, text),
    recall: (key) => store.recall(key)
  };
}

/** The worker that opens the app with no network and shows pushed messages. The first page does not wait for it. */
function keepShell(): void {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  const register = () =>
    setTimeout(() => {
      const options = { updateViaCache: 'none' } as const;
      // Without it everything else goes on as before.
      navigator.serviceWorker.register('/service-worker.js', options).catch(() => undefined);
    }, AFTER_LOAD_MS);
  if (document.readyState === 'complete') register();
  else addEventListener('load', register);
}

/** A list that a screen shows whole. Bounded: a day's shows of one movie never come near the end. */
async function allPages<T>(
  page: (cursor: string | undefined) => Promise<Read<Page<T>>>
): Promise<Read<Page<T>>> {
  let read = await page(undefined);
  const items = [...read.value.items];
  for (let count = 1; read.value.next_cursor !== null && count < MOST_PAGES; count += 1) {
    read = await page(read.value.next_cursor);
    items.push(...read.value.items);
  }
  return { ...read, value: { items, next_cursor: read.value.next_cursor } };
}
