/**
 * Messages pushed to this browser: whether that can be, asking the person, telling the server where to push. The
 * server keeps the browser for whoever subscribed last; this browser keeps under which id, to end it again. Left out:
 * showing what comes, which is the service worker's.
 */
import { safeStorage } from './browser-store';
import { PlatformError, isPlatformError } from './error';
import type { Subscriptions } from './generated/api';
import type { Send } from './http';
import type { Platform, PushState } from './platform';

export interface PushCalls extends Pick<
  Platform,
  'pushState' | 'subscribePush' | 'unsubscribePush'
> {
  /** The session ends: the server forgets this browser first, while it still knows who asks. Never fails, never waits long. */
  leavePush(): Promise<void>;
  /** The session is over: what was pushed to the one who left comes here no more. Never fails. */
  dropPush(): Promise<void>;
}

interface Kept {
  endpoint: string;
  subscription_id: string;
}

const KEPT = 'matinee.push';
const PATH = '/users/me/subscriptions';
const WORKER = '/service-worker.js';
const LEAVE_MS = 3000;
/** Browsers retry a push service that they cannot reach for as long as they like. */
const SUBSCRIBE_MS = 20_000;

export function pushCalls(send: Send): PushCalls {
  const storage = safeStorage(() => localStorage);

  function keptAtAll(): Kept | null {
    try {
      return JSON.parse(storage.getItem(KEPT) ?? 'null') as Kept | null;
    } catch {
      return null;
    }
  }

  function keptFor(subscription: PushSubscription): Kept | null {
    const kept = keptAtAll();
    return kept?.endpoint === subscription.endpoint ? kept : null;
  }

  async function endAtServer(subscription: PushSubscription): Promise<void> {
    const kept = keptFor(subscription);
    if (!kept) return;
    try {
      await send({
        method: 'DELETE',
        path: `/subscriptions/${encodeURIComponent(kept.subscription_id)}`
      });
    } catch (error) {
      // Gone already, or somebody else's by now.
      if (!isPlatformError(error) || error.status !== 404) throw error;
    }
  }

  async function endHere(subscription: PushSubscription): Promise<void> {
    storage.removeItem(KEPT);
    await subscription.unsubscribe();
  }

  async function subscribeWith(key: string): Promise<PushState> {
    const subscription = await subscribed(key);
    const { endpoint, keys } = subscription.toJSON();
    const body = { channel: 'web_push', endpoint, keys };
    const { value } = await send<Subscriptions>({ method: 'PUT', path: PATH, body });
    if (!value.subscribed) return 'off';
    const kept: Kept = {
      endpoint: subscription.endpoint,
      subscription_id: value.subscribed
    };
    storage.setItem(KEPT, JSON.stringify(kept));
    return 'on';
  }

  return {
    async pushState() {
      const refused = refusal();
      if (refused) return refused;
      const subscription = await current();
      if (!subscription || Notification.permission !== 'granted') return 'off';
      const kept = keptFor(subscription);
      // The push service changed the address, and the worker told the server, or could not: here its id is not known yet.
      const moved = !kept && keptAtAll() !== null;
      if (!kept && !moved) return 'off';
      const { value } = await send<Subscriptions>({ method: 'GET', path: PATH });
      if (!kept) return subscribeWith(value.push_key).catch(() => 'off' as const);
      if (!value.items.some((one) => one.subscription_id === kept.subscription_id)) return 'off';
      if (isFor(subscription, value.push_key)) return 'on';
      // The server has another key: nothing it pushes would be taken. The person said yes before.
      return subscribeWith(value.push_key).catch(() => 'off' as const);
    },
    async subscribePush() {
      const refused = refusal();
      if (refused) return refused;
      // First of all: some browsers only ask right after a tap.
      const answer = await Notification.requestPermission();
      if (answer !== 'granted') return answer === 'denied' ? 'blocked' : 'off';
      const { value } = await send<Subscriptions>({ method: 'GET', path: PATH });
      return subscribeWith(value.push_key);
    },
    async unsubscribePush() {
      const subscription = await current();
      if (!subscription) return;
      await endAtServer(subscription);
      await endHere(subscription);
    },
    async leavePush() {
      const leaving = current().then((subscription) => subscription && endAtServer(subscription));
      await Promise.race([leaving.catch(() => undefined), after(LEAVE_MS)]);
    },
    async dropPush() {
      const dropping = current().then((subscription) => subscription && endHere(subscription));
      await Promise.race([dropping.catch(() => undefined), after(LEAVE_MS)]);
    }
  };
}

/** Why nothing can be pushed here, if so. */
function refusal(): PushState | null {
  if (!window.isSecureContext) return 'insecure';
  const all = ['serviceWorker' in navigator, 'PushManager' in window, 'Notification' in window];
  if (!all.every(Boolean)) return 'unsupported';
  return Notification.permission === 'denied' ? 'blocked' : null;
}

async function current(): Promise<PushSubscription | null> {
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) return null;
  const registration = await navigator.serviceWorker.getRegistration('/');
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** This browser's subscription made with the key; one for another key is given up. */
async function subscribed(key: string): Promise<PushSubscription> {
  const making = async () => {
    await navigator.serviceWorker.register(WORKER, { updateViaCache: 'none' });
    const { pushManager } = await navigator.serviceWorker.ready;
    const known = await pushManager.getSubscription();
    if (known && isFor(known, key)) return known;
    await known?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  };
  const tooLong = after(SUBSCRIBE_MS).then(() => Promise.reject(new Error('too long')));
  try {
    return await Promise.race([making(), tooLong]);
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    throw new PlatformError(
      { kind: 'invalid', code: 'push_unavailable', title: 'No push service', detail: said },
      { cause: error }
    );
  }
}

/** Browsers that do not tell the key are taken at their word. */
function isFor(subscription: PushSubscription, key: string): boolean {
  const used = subscription.options.applicationServerKey;
  if (!used) return true;
  const text = btoa(String.fromCharCode(...new Uint8Array(used)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') === key;
}

const after = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
