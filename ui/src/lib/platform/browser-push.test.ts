import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBrowserPlatform } from './browser';

const KEY = 'BAAB';
const keyBytes = (text: string) =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

/** A browser's push, as far as a page sees it, and a server that keeps what it is told. */
class World {
  permission: NotificationPermission = 'granted';
  subscription: PushSubscription | null = null;
  key = KEY;
  made = 0;
  /** Another browser subscribes at the same time. */
  crowded = false;
  /** Whom each browser belongs to, by the id the server gives it. */
  kept: { subscription_id: string; channel: string; created_at: string }[] = [];
  calls: string[] = [];
  failing: RegExp | null = null;

  constructor() {
    vi.stubGlobal('isSecureContext', true);
    vi.stubGlobal('PushManager', {});
    const notification = { requestPermission: () => Promise.resolve(this.permission) };
    vi.stubGlobal(
      'Notification',
      Object.defineProperty(notification, 'permission', { get: () => this.permission })
    );
    const registration = {
      pushManager: {
        getSubscription: () => Promise.resolve(this.subscription),
        subscribe: ({ applicationServerKey }: { applicationServerKey: string }) => {
          if (this.subscription) return Promise.reject(new Error('another key'));
          this.made += 1;
          return Promise.resolve((this.subscription = this.#make(applicationServerKey)));
        }
      }
    };
    Object.defineProperty(navigator, 'serviceWorker', {
      configurable: true,
      value: {
        register: () => Promise.resolve(registration),
        getRegistration: () => Promise.resolve(registration),
        ready: Promise.resolve(registration)
      }
    });
  }

  /** The push service gives the browser another address, as the worker hears it. */
  move(): void {
    this.made += 1;
    this.subscription = this.#make(this.key);
  }

  #make(key: string): PushSubscription {
    const endpoint = `https://push.example/${this.made}`;
    return {
      endpoint,
      options: { applicationServerKey: keyBytes(key), userVisibleOnly: true },
      toJSON: () => ({ endpoint, keys: { p256dh: 'p', auth: 'a' } }),
      unsubscribe: () => {
        this.subscription = null;
        return Promise.resolve(true);
      }
    } as unknown as PushSubscription;
  }

  readonly platform = createBrowserPlatform({
    fetch: (input, init) => {
      const path = new URL(String(input), 'http://localhost').pathname.replace('/api/v1', '');
      this.calls.push(`${init?.method} ${path}`);
      if (this.failing?.test(path)) return Promise.reject(new TypeError('down'));
      return Promise.resolve(this.#answer(init?.method, path));
    }
  });

  #answer(method: string | undefined, path: string): Response {
    let subscribed = {};
    if (path.startsWith('/auth/')) return new Response(null, { status: 204 });
    const at = this.kept.findIndex((one) => path.endsWith(one.subscription_id));
    if (method === 'DELETE') {
      if (at < 0) return Response.json({ code: 'not_found', title: '' }, { status: 404 });
      this.kept.splice(at, 1);
      return new Response(null, { status: 204 });
    }
    if (method === 'PUT') {
      const created_at = new Date(1_900_000_000_000 + this.calls.length).toISOString();
      const subscription_id = `n${this.made}`;
      // The newest of the list is another browser's.
      const later = {
        subscription_id: 'later',
        channel: 'web_push',
        created_at: '2099-01-01T00:00:00Z'
      };
      this.kept = this.kept.filter(
        (one) => !['later', subscription_id].includes(one.subscription_id)
      );
      this.kept.push(
        { subscription_id, channel: 'web_push', created_at },
        ...(this.crowded ? [later] : [])
      );
      subscribed = { subscribed: subscription_id };
    }
    const channels = ['web_push'];
    return Response.json({ push_key: this.key, channels, items: this.kept, ...subscribed });
  }
}

let world: World;
beforeEach(() => {
  localStorage.clear();
  world = new World();
  const older = '2020-01-01T00:00:00Z';
  world.kept = [{ subscription_id: 'other', channel: 'web_push', created_at: older }];
});
afterEach(() => {
  Reflect.deleteProperty(navigator, 'serviceWorker');
  vi.unstubAllGlobals();
});

describe('push in this browser', () => {
  it('is on once the server knows it, and off once it forgot', async () => {
    expect(await world.platform.pushState()).toBe('off');
    expect(await world.platform.subscribePush()).toBe('on');
    expect(await world.platform.pushState()).toBe('on');
    await world.platform.unsubscribePush();
    expect(world.kept.map((one) => one.subscription_id)).toEqual(['other']);
    expect(world.subscription).toBeNull();
    expect(await world.platform.pushState()).toBe('off');
  });

  it('is off for whoever comes after its owner', async () => {
    await world.platform.subscribePush();
    world.kept = [];
    expect(await world.platform.pushState()).toBe('off');
  });

  it('is made anew when the server has another key', async () => {
    await world.platform.subscribePush();
    world.key = 'CAAC';
    expect(await world.platform.pushState()).toBe('on');
    expect(world.made).toBe(2);
    expect(await world.platform.pushState()).toBe('on');
    expect(world.made).toBe(2);
  });

  it('knows itself by what the server says, not by being the newest', async () => {
    world.crowded = true;
    await world.platform.subscribePush();
    expect(await world.platform.pushState()).toBe('on');
    await world.platform.unsubscribePush();
    expect(world.kept.map((one) => one.subscription_id)).toEqual(['other', 'later']);
  });

  it('is on still when the push service changed the address meanwhile', async () => {
    await world.platform.subscribePush();
    world.move();
    expect(await world.platform.pushState()).toBe('on');
    await world.platform.unsubscribePush();
    expect(world.kept.map((one) => one.subscription_id)).toEqual(['other', 'n1']);
  });

  it('is refused in one word each', async () => {
    world.permission = 'denied';
    expect(await world.platform.pushState()).toBe('blocked');
    expect(await world.platform.subscribePush()).toBe('blocked');
    world.permission = 'default';
    expect(await world.platform.subscribePush()).toBe('off');
    vi.stubGlobal('isSecureContext', false);
    expect(await world.platform.pushState()).toBe('insecure');
    vi.stubGlobal('isSecureContext', true);
    Reflect.deleteProperty(navigator, 'serviceWorker');
    expect(await world.platform.pushState()).toBe('unsupported');
    expect([world.made, world.calls]).toEqual([0, []]);
  });

  it('is not on when the server did not hear of it', async () => {
    vi.useFakeTimers();
    world.failing = /subscriptions/;
    const refused = world.platform.subscribePush().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await refused).toMatchObject({ kind: 'offline' });
    vi.useRealTimers();
    world.failing = null;
    expect(await world.platform.pushState()).toBe('off');
  });
});

describe('signing out', () => {
  it('ends push before the session', async () => {
    await world.platform.subscribePush();
    world.calls = [];
    await world.platform.logout();
    expect(world.calls).toEqual(['DELETE /subscriptions/n1', 'POST /auth/logout']);
    expect(world.subscription).toBeNull();
    expect(localStorage.getItem('matinee.push')).toBeNull();
  });

  it('goes on when that fails, and ends it here all the same', async () => {
    await world.platform.subscribePush();
    world.failing = /^\/subscriptions/;
    await world.platform.logout();
    expect(world.calls).toContain('POST /auth/logout');
    expect(world.subscription).toBeNull();
  });

  it('asks nothing more where nothing was subscribed', async () => {
    await world.platform.logout();
    expect(world.calls).toEqual(['POST /auth/logout']);
  });

  it('leaves nothing behind when the session ended elsewhere', async () => {
    await world.platform.subscribePush();
    localStorage.setItem('matinee.signed-in', '1');
    const ended = createBrowserPlatform({
      fetch: () =>
        Promise.resolve(Response.json({ code: 'session_ended', title: '' }, { status: 401 }))
    });
    expect((await ended.session()).signed_in).toBe(false);
    await vi.waitFor(() => expect(world.subscription).toBeNull());
  });
});
