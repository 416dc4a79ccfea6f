import { describe, expect, it } from 'vitest';
import { renew } from './renewal';

const subscription = (name: string) =>
  ({
    toJSON: () => ({ endpoint: `https://push.example/${name}`, keys: { p256dh: 'p', auth: 'a' } })
  }) as unknown as PushSubscription;

function world(signedIn: boolean, known: PushSubscription | null = null) {
  const told: { method: string; body?: unknown }[] = [];
  const made: PushSubscriptionOptionsInit[] = [];
  const scope = {
    fetch: ((path: string, init: RequestInit = {}) => {
      if (path !== '/api/v1/users/me/subscriptions') return Promise.reject(new Error(path));
      if (init.credentials !== 'same-origin') return Promise.reject(new Error('no cookie'));
      const method = init.method ?? 'GET';
      told.push({
        method,
        ...(init.body ? { body: JSON.parse(String(init.body)) as unknown } : {})
      });
      if (!signedIn) return Promise.resolve(new Response('{}', { status: 401 }));
      return Promise.resolve(Response.json({ push_key: 'KEY', channels: ['web_push'], items: [] }));
    }) as typeof fetch,
    registration: {
      showNotification: () => Promise.resolve(),
      pushManager: {
        getSubscription: () => Promise.resolve(known),
        subscribe: (options?: PushSubscriptionOptionsInit) => {
          made.push(options ?? {});
          return Promise.resolve(subscription('new'));
        }
      }
    }
  };
  return { scope, told, made };
}

const put = (name: string) => ({
  method: 'PUT',
  body: {
    channel: 'web_push',
    endpoint: `https://push.example/${name}`,
    keys: { p256dh: 'p', auth: 'a' }
  }
});

describe('another address from the push service', () => {
  it('is subscribed to with the key of the server, which is told', async () => {
    const { scope, told, made } = world(true);
    await renew(scope, { oldSubscription: subscription('old') });
    expect(made).toEqual([{ userVisibleOnly: true, applicationServerKey: 'KEY' }]);
    expect(told).toEqual([{ method: 'GET' }, put('new')]);
  });

  it('that the browser made by itself is only told', async () => {
    for (const event of [{ newSubscription: subscription('theirs') }, {}]) {
      const { scope, told, made } = world(true, subscription('theirs'));
      await renew(scope, event);
      expect([made, told[1]]).toEqual([[], put('theirs')]);
    }
  });

  it('is nobody’s who signed out', async () => {
    const { scope, told, made } = world(false);
    await renew(scope, {});
    expect([made, told]).toEqual([[], [{ method: 'GET' }]]);
  });

  it('waits for the page when the server is not reached', async () => {
    const { scope } = world(true);
    const down = { ...scope, fetch: () => Promise.reject(new TypeError('down')) };
    await expect(renew(down, {})).resolves.toBeUndefined();
  });
});
