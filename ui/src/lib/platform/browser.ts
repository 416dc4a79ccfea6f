/**
 * The Platform in a plain browser: the HTTP contract, call by call, against the server the page came from. The
 * account's session is a cookie; a guest's booking is opened with its own token, kept for this sitting only.
 */
import { BrowserStore } from './browser-store';
import { isPlatformError } from './error';
import { locate, saveFile, share } from './host';
import { createSend, type Answer, type Call, type Send } from './http';
import { watchSeats } from './live-seats';
import { newAttempt, type Attempt, type Platform, type Read, type Session } from './platform';
import { Reach } from './reach';
import type {
  OpenIdFinished,
  OpenIdStarted,
  PasskeyAsked,
  RecoveryCodes,
  SessionInfo
} from './generated/api';
import type {
  Booking,
  DeviceSession,
  Page,
  Passkey,
  Profile,
  SecondFactorBegun,
  Show,
  SignInMethods,
  Tickets
} from './types';

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
        if (isPlatformError(refused) && refused.status === 401) store.maySignedIn = false;
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

  const redeeming = new Map<string, Attempt>();

  const keyed = (attempt: Attempt) => ({ 'Idempotency-Key': attempt.key });

  function keep(booking: Booking): Booking {
    const { guest_token, ...rest } = booking;
    if (guest_token) store.keepGuestToken(booking.booking_id, guest_token);
    return rest;
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
        store.maySignedIn = false;
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

  return {
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
    async simulatePayment(paymentId, bookingId, outcome, attempt) {
      const headers = { ...as(bookingId), ...keyed(attempt) };
      const path = `/payments/${id(paymentId)}/simulate`;
      await send({ method: 'POST', path, body: { outcome }, headers });
    },
    async tickets(bookingId) {
      const path = `/bookings/${id(bookingId)}/tickets`;
      return read(await send<Tickets>({ method: 'GET', path, headers: as(bookingId) }));
    },
    async cancel(bookingId, seatIds, attempt) {
      const headers = { ...as(bookingId), ...keyed(attempt) };
      const body = seatIds ? { seat_ids: seatIds } : {};
      return (await send({ method: 'POST', path: `/cancel/${id(bookingId)}`, body, headers }))
        .value as Awaited<ReturnType<Platform['cancel']>>;
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
      const unreachable = found.find(
        (one) =>
          one.status === 'rejected' && isPlatformError(one.reason) && one.reason.kind === 'offline'
      );
      if (unreachable?.status === 'rejected') throw unreachable.reason;
      const items = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value.value] : []));
      return {
        value: { items, next_cursor: null },
        as_of: new Date().toISOString(),
        offline: false
      };
    },

    session: whoAmI,
    register: (account) => enter('/auth/register', account),
    login: (credentials) => enter('/auth/login', credentials),
    async logout() {
      await rawSend({ method: 'POST', path: '/auth/logout', body: {} });
      store.maySignedIn = false;
    },
    signInMethods: async () =>
      (await send<SignInMethods>({ method: 'GET', path: '/auth/methods' })).value,
    async signInWithProvider() {
      const path = '/auth/openid/start';
      const { value } = await rawSend<OpenIdStarted>({ method: 'POST', path, body: {} });
      window.location.assign(value.authorization_url);
      return null;
    },
    async finishProviderSignIn(code, state) {
      const path = '/auth/openid/finish';
      const body = { code, state, session: 'cookie' };
      const { value } = await rawSend<OpenIdFinished>({ method: 'POST', path, body });
      if (value.handoff_url !== null) {
        window.location.replace(value.handoff_url);
        return null;
      }
      store.maySignedIn = true;
      return whoAmI();
    },
    // Old browsers lack the JSON forms; there the password remains. The rest of passkeys is fetched when somebody uses one.
    passkeysPossible:
      typeof PublicKeyCredential !== 'undefined' &&
      typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function',
    async signInWithPasskey() {
      const asked = { method: 'POST', path: '/auth/passkey/start', body: {} } as const;
      const { value } = await rawSend<PasskeyAsked>(asked);
      const { showPasskey } = await import('./passkeys');
      const credential = await showPasskey(value.options);
      const body = { secret: value.secret, credential, session: 'cookie' };
      await rawSend({ method: 'POST', path: '/auth/passkey/finish', body });
      store.maySignedIn = true;
      return whoAmI();
    },
    async passkeys() {
      const path = '/users/me/passkeys';
      return (await send<Page<Passkey>>({ method: 'GET', path })).value.items;
    },
    async makePasskey(name, password) {
      const asked = { method: 'POST', path: '/auth/passkeys/begin', body: { password } } as const;
      const { value } = await send<PasskeyAsked>(asked);
      const { makePasskey } = await import('./passkeys');
      const credential = await makePasskey(value.options);
      const body = { secret: value.secret, name, credential };
      return (await send<Passkey>({ method: 'POST', path: '/auth/passkeys/finish', body })).value;
    },
    async removePasskey(passkeyId) {
      await send({ method: 'DELETE', path: `/users/me/passkeys/${id(passkeyId)}` });
    },
    async secondFactor() {
      const { value } = await send<SessionInfo>({ method: 'GET', path: '/auth/session' });
      return value.user?.second_factor ?? 'not_needed';
    },
    async beginSecondFactor(password) {
      const path = '/auth/second-factor/begin';
      return (await send<SecondFactorBegun>({ method: 'POST', path, body: { password } })).value;
    },
    async confirmSecondFactor(code) {
      const path = '/auth/second-factor/confirm';
      const { value } = await send<RecoveryCodes>({ method: 'POST', path, body: { code } });
      return value.recovery_codes;
    },
    async removeSecondFactor(password, code) {
      const path = '/auth/second-factor/remove';
      await send({ method: 'POST', path, body: { password, code } });
      store.maySignedIn = false;
    },
    async forgotPassword(email) {
      await send({ method: 'POST', path: '/auth/password/forgot', body: { email } });
    },
    async resetPassword(token, password) {
      await send({ method: 'POST', path: '/auth/password/reset', body: { token, password } });
    },
    async verifyEmail(token) {
      await send({ method: 'POST', path: '/auth/verify', body: { token } });
    },
    profile: () => get<Profile>('/users/me/profile'),
    async saveProfile(profile, version) {
      const headers = version === null ? {} : { 'If-Match': `"${version}"` };
      const path = '/users/me/profile';
      return (await send<Profile>({ method: 'PUT', path, body: profile, headers })).value;
    },
    async deleteAccount() {
      await send({ method: 'DELETE', path: '/users/me' });
      store.maySignedIn = false;
    },
    async resendVerification() {
      await send({ method: 'POST', path: '/auth/verify/resend', body: {} });
    },
    async sessions() {
      const path = '/users/me/sessions';
      return (await send<Page<DeviceSession>>({ method: 'GET', path })).value.items;
    },
    async endSession(sessionId) {
      await send({ method: 'DELETE', path: `/users/me/sessions/${id(sessionId)}` });
    },
    async endOtherSessions() {
      await send({ method: 'DELETE', path: '/users/me/sessions' });
    },
    async exportAccount() {
      const { value } = await send<unknown>({ method: 'GET', path: '/users/me/export' });
      saveFile('matinee-account.json', 'application/json', JSON.stringify(value, null, 2));
      return null;
    },
    async recoverBooking(reference, email, attempt) {
      await send({
        method: 'POST',
        path: '/bookings/recover',
        body: { reference, email },
        headers: { ...keyed(attempt), ...asGuest() }
      });
    },
    async redeemRecovery(token) {
      const path = '/bookings/recover/redeem';
      // One key for one link: an answer lost on the way comes again.
      const attempt = redeeming.get(token) ?? newAttempt();
      redeeming.set(token, attempt);
      const headers = { ...keyed(attempt), ...asGuest() };
      const answer = await send<{ booking: Booking }>({
        method: 'POST',
        path,
        body: { token },
        headers
      });
      return keep(answer.value.booking);
    },

    settings: () => Promise.resolve(store.settings()),
    saveSettings: (change) => Promise.resolve(store.saveSettings(change)),
    status: (onChange) => reach.listen(onChange),
    locate,
    openExternal(url) {
      window.open(url, '_blank', 'noopener,noreferrer');
      return Promise.resolve();
    },
    share,
    async addToCalendar(bookingId) {
      const path = `/bookings/${id(bookingId)}/tickets`;
      const { value } = await send<Tickets>({
        method: 'GET',
        path,
        headers: as(bookingId)
      });
      saveFile('matinee.ics', 'text/calendar', value.ics);
    },
    opened: () => () => undefined,
    remember: (key, text) => store.remember(key, text),
    recall: (key) => store.recall(key)
  };
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
