import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createBrowserPlatform } from './browser';

type Handler = (request: Request) => Response;

function host(handle: Handler) {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const request = new Request(new URL(String(input), 'http://localhost'), init);
    requests.push(request.clone());
    return Promise.resolve(handle(request));
  };
  return { platform: createBrowserPlatform({ fetch }), requests };
}

const problem = (status: number, code: string) => Response.json({ code, title: code }, { status });
const profile = { user_id: 'u1', email: 'sam@example.com', name: 'Sam', version: 3 };

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

describe('a guest', () => {
  it('keeps the booking token to itself and sends it for that booking only', async () => {
    const { platform, requests } = host((request) =>
      request.url.endsWith('/book')
        ? Response.json({ booking_id: 'b1', guest_token: 'secret-1' }, { status: 201 })
        : Response.json({ booking_id: 'b1' })
    );
    const booking = await platform.book({ show_id: 's', seat_ids: ['A1'] }, { key: 'k' });
    expect(JSON.stringify(booking)).not.toContain('secret-1');
    await platform.booking('b1');
    await platform.booking('b2');
    const sent = requests.map((request) => request.headers.get('Authorization'));
    expect(sent).toEqual([null, 'Bearer secret-1', null]);
    expect(requests[0]?.headers.get('Guest-Secret')).toMatch(/^[0-9a-f]{32}$/);
    expect(requests[0]?.headers.get('Idempotency-Key')).toBe('k');
  });

  it('sends the same secret again after a reload of the page', async () => {
    const answer = () => Response.json({ booking_id: 'b1' }, { status: 201 });
    const first = host(answer);
    await first.platform.book({ show_id: 's', best: 2 }, { key: 'k' });
    const second = host(answer);
    await second.platform.book({ show_id: 's', best: 2 }, { key: 'k' });
    const secrets = [...first.requests, ...second.requests].map((r) =>
      r.headers.get('Guest-Secret')
    );
    expect(new Set(secrets).size).toBe(1);
  });

  it('is not asked who they are', async () => {
    const { platform, requests } = host(() => problem(401, 'unauthenticated'));
    expect((await platform.session()).signed_in).toBe(false);
    expect(requests).toHaveLength(0);
  });

  it('sees the bookings of this sitting, without those that are gone', async () => {
    const { platform } = host((request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('/book')) {
        return Response.json({ booking_id: `b${Math.random()}`, guest_token: 't' });
      }
      return pathname.includes('b0.')
        ? Response.json({ booking_id: 'b' })
        : problem(404, 'not_found');
    });
    await platform.book({ show_id: 's', best: 1 }, { key: 'k' });
    expect((await platform.bookings()).value.items).toHaveLength(1);
  });

  it('redeems a link with the same key however often it is asked', async () => {
    const { platform, requests } = host(() =>
      Response.json({ booking: { booking_id: 'b1', guest_token: 'mg_1' } })
    );
    await platform.redeemRecovery('t1');
    await platform.redeemRecovery('t1');
    const sent = requests.map((request) => [
      request.headers.get('Idempotency-Key'),
      request.headers.get('Guest-Secret')
    ]);
    expect(sent[0]?.every(Boolean)).toBe(true);
    expect(sent[1]).toEqual(sent[0]);
  });
});

describe('an e-mail address', () => {
  it('is confirmed with the token of its mail', async () => {
    const { platform, requests } = host(() => new Response(null, { status: 204 }));
    await platform.verifyEmail('t1');
    expect(new URL(requests[0]?.url ?? '').pathname).toBe('/api/v1/auth/verify');
    expect(await requests[0]?.json()).toEqual({ token: 't1' });
  });
});

describe('a session', () => {
  it('asks for a cookie and knows who signed in', async () => {
    const { platform, requests } = host((request) =>
      request.url.endsWith('/auth/login')
        ? Response.json({ user_id: 'u1' })
        : Response.json(profile)
    );
    const session = await platform.login({ email: 'sam@example.com', password: 'long enough' });
    expect(session).toMatchObject({ signed_in: true, name: 'Sam' });
    expect(await requests[0]?.json()).toMatchObject({ session: 'cookie' });
    expect(localStorage.getItem('matinee.signed-in')).toBe('1');
  });

  it('is renewed once when it has run out, and the call goes on', async () => {
    localStorage.setItem('matinee.signed-in', '1');
    let renewed = false;
    const { platform } = host((request) => {
      if (request.url.endsWith('/auth/refresh')) {
        renewed = true;
        return Response.json({ user_id: 'u1' });
      }
      return renewed ? Response.json(profile) : problem(401, 'unauthenticated');
    });
    expect((await platform.profile()).value.name).toBe('Sam');
  });

  it('ends when it cannot be renewed', async () => {
    localStorage.setItem('matinee.signed-in', '1');
    const { platform } = host(() => problem(401, 'session_ended'));
    expect((await platform.session()).signed_in).toBe(false);
    expect(localStorage.getItem('matinee.signed-in')).toBeNull();
  });
});

describe('saving the profile', () => {
  it('names the version it was made from, or none to overwrite', async () => {
    const { platform, requests } = host(() => Response.json(profile));
    await platform.saveProfile(profile, 3);
    await platform.saveProfile(profile, null);
    expect(requests.map((request) => request.headers.get('If-Match'))).toEqual(['"3"', null]);
  });
});

describe('status', () => {
  it('turns offline when the server is out of reach and back when it is heard', async () => {
    vi.useFakeTimers();
    let up = false;
    const fetch = vi.fn(() =>
      up ? Promise.resolve(Response.json({ items: [] })) : Promise.reject(new TypeError('down'))
    );
    const platform = createBrowserPlatform({ fetch });
    const seen: boolean[] = [];
    platform.status((status) => seen.push(status.online));
    const refused = platform.movies().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2000);
    await refused;
    up = true;
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect(seen[0]).toBe(true);
    expect(seen).toContain(false);
    expect(seen[seen.length - 1]).toBe(true);
  });
});

describe('the shows of a movie', () => {
  it('come whole, page after page', async () => {
    const { platform, requests } = host((request) => {
      const cursor = new URL(request.url).searchParams.get('cursor');
      return cursor === null
        ? Response.json({ items: [{ show_id: 'a' }], next_cursor: 'c1' })
        : Response.json({ items: [{ show_id: 'b' }], next_cursor: null });
    });
    const { value } = await platform.movieShows('m1', { date: '2025-05-24' });
    expect(value.items.map((show) => show.show_id)).toEqual(['a', 'b']);
    expect(new URL(requests[1]?.url ?? '').search).toBe('?date=2025-05-24&limit=100&cursor=c1');
  });
});
