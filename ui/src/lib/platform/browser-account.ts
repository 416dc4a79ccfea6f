/**
 * The calls that few people make on a visit: signing out, other ways to sign in, passwords, devices, push, a second factor, files.
 * Apart from the rest of the browser's Platform, so that no page carries them before somebody wants one.
 */
import { pushCalls, type PushCalls } from './browser-push';
import type { BrowserStore } from './browser-store';
import { saveFile } from './host';
import type { Send } from './http';
import { makePasskey as askForPasskey, showPasskey } from './passkeys';
import { newAttempt, type Attempt, type Platform, type Session } from './platform';
import type {
  OpenIdFinished,
  OpenIdStarted,
  PasskeyAsked,
  Receipt,
  RecoveryCodes,
  SessionInfo
} from './generated/api';
import type {
  Booking,
  DeviceSession,
  GiftBalance,
  Page,
  Passkey,
  Profile,
  SecondFactorBegun,
  SignInMethods,
  Tickets
} from './types';

export type AccountCalls = PushCalls &
  Pick<
    Platform,
    | 'logout'
    | 'addToCalendar'
    | 'cancel'
    | 'giftBalance'
    | 'simulatePayment'
    | 'signInMethods'
    | 'signInWithProvider'
    | 'finishProviderSignIn'
    | 'signInWithPasskey'
    | 'passkeys'
    | 'makePasskey'
    | 'removePasskey'
    | 'secondFactor'
    | 'beginSecondFactor'
    | 'confirmSecondFactor'
    | 'removeSecondFactor'
    | 'resendVerification'
    | 'sessions'
    | 'endSession'
    | 'endOtherSessions'
    | 'exportAccount'
    | 'openReceipt'
    | 'recoverBooking'
    | 'redeemRecovery'
    | 'forgotPassword'
    | 'resetPassword'
    | 'verifyEmail'
    | 'saveProfile'
    | 'deleteAccount'
  >;

const id = encodeURIComponent;

/** Lists of tickets that a door kept here are not for whoever comes next. */
async function forgetDoorLists(): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  try {
    const { DoorStore, DOOR_DATABASE } = await import('./door-store');
    // A browser that lists no databases is asked for this one all the same.
    const kept = await indexedDB.databases?.();
    if (kept?.some(({ name }) => name === DOOR_DATABASE) ?? true)
      await new DoorStore().forgetLists();
  } catch {
    // A store that is broken or forbidden keeps nobody signed in.
  }
}

/** One attempt for one link: an answer lost on the way comes again. */
const redeeming = new Map<string, Attempt>();

export function accountCalls(host: {
  as: (bookingId: string) => Record<string, string>;
  send: Send;
  rawSend: Send;
  store: BrowserStore;
  whoAmI: () => Promise<Session>;
  keyed: (attempt: Attempt) => Record<string, string>;
  asGuest: () => Record<string, string>;
  keep: (booking: Booking) => Booking;
}): AccountCalls {
  const { as, send, rawSend, store, whoAmI, keyed, asGuest, keep } = host;
  const push = pushCalls(send);
  return {
    ...push,
    async logout() {
      await push.leavePush();
      await rawSend({ method: 'POST', path: '/auth/logout', body: {} });
      store.maySignedIn = false;
      await push.dropPush();
      await forgetDoorLists();
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
    async signInWithPasskey() {
      const asked = { method: 'POST', path: '/auth/passkey/start', body: {} } as const;
      const { value } = await rawSend<PasskeyAsked>(asked);
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
      const credential = await askForPasskey(value.options);
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
      await push.dropPush();
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
    async giftBalance(theaterId, code) {
      const body = { theater_id: theaterId, code };
      return (await send<GiftBalance>({ method: 'POST', path: '/gift-cards/balance', body })).value;
    },
    async simulatePayment(paymentId, bookingId, outcome, attempt) {
      const headers = { ...as(bookingId), ...keyed(attempt) };
      const path = `/payments/${id(paymentId)}/simulate`;
      await send({ method: 'POST', path, body: { outcome }, headers });
    },
    async cancel(bookingId, seatIds, attempt) {
      const headers = { ...as(bookingId), ...keyed(attempt) };
      const body = seatIds ? { seat_ids: seatIds } : {};
      return (await send({ method: 'POST', path: `/cancel/${id(bookingId)}`, body, headers }))
        .value as Awaited<ReturnType<Platform['cancel']>>;
    },
    async addToCalendar(bookingId) {
      const path = `/bookings/${id(bookingId)}/tickets`;
      const { value } = await send<Tickets>({ method: 'GET', path, headers: as(bookingId) });
      saveFile('matinee.ics', 'text/calendar', value.ics);
    },
    async openReceipt(bookingId) {
      const path = `/bookings/${id(bookingId)}/receipt`;
      const { value } = await send<Receipt>({ method: 'GET', path, headers: as(bookingId) });
      const pdf = Uint8Array.from(atob(value.pdf_base64), (letter) => letter.charCodeAt(0));
      saveFile('matinee-receipt.pdf', 'application/pdf', pdf);
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
    async saveProfile(profile, version) {
      const headers = version === null ? {} : { 'If-Match': `"${version}"` };
      const path = '/users/me/profile';
      return (await send<Profile>({ method: 'PUT', path, body: profile, headers })).value;
    },
    async deleteAccount() {
      await send({ method: 'DELETE', path: '/users/me' });
      store.maySignedIn = false;
      await push.dropPush();
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
    }
  };
}
