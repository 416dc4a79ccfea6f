import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { work } from '.';
import { noticeOf, openPath, pathOf } from './notice';
import { PLACES, wayOf } from './routing';
import type { Pane, WorkerScope } from './scope';

const HERE = 'https://kino.example';
const build = {
  digest: 'd1',
  boot: '/_app/immutable/boot.1.js',
  files: ['/_app/immutable/a.js', '/theme.js']
};
const files = new Set([build.boot, ...build.files]);

function way(path: string, { method = 'GET', mode = 'cors' } = {}) {
  const request = { url: new URL(path, HERE).href, method, mode: mode as RequestMode };
  return wayOf(request, HERE, files);
}

describe('what the worker answers', () => {
  it('is the pages of the app, all of them', () => {
    const routes = readdirSync('src/routes', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'dev')
      .map((entry) => entry.name);
    expect([...PLACES].sort()).toEqual(['', ...routes].sort());
    for (const path of ['/', '/shows/s1?step=checkout', '/bookings/b1/paid', '/signin/callback']) {
      expect([path, way(path, { mode: 'navigate' })]).toEqual([path, 'page']);
    }
  });

  it('is the files of the app', () => {
    for (const path of [...files, '/_app/immutable/assets/other.woff2']) {
      expect([path, way(path)]).toEqual([path, 'file']);
    }
  });

  it('is nothing else', () => {
    for (const path of [
      '/api/v1/theaters',
      '/api/v1/shows/s1/seats/live',
      '/healthz',
      '/readyz',
      '/metrics',
      '/service-worker.js',
      '/robots.txt',
      'https://posters.example/theme.js',
      'https://elsewhere.example/'
    ]) {
      for (const mode of ['cors', 'navigate', 'no-cors']) {
        expect([path, way(path, { mode })]).toEqual([path, 'leave']);
      }
    }
    expect(way('/theaters/t1/calendar.ics', { mode: 'navigate' })).toBe('leave');
    expect(way('/', { method: 'POST', mode: 'navigate' })).toBe('leave');
    expect(way('/profile')).toBe('leave');
  });
});

describe('a pushed message', () => {
  const said = {
    id: 'n1',
    kind: 'reminder',
    language: 'de',
    title: 'Heute: Metropolis',
    body: 'Um 20:00',
    url: `${HERE}/bookings/b1`
  };

  it('is shown as it says, once however often it comes', () => {
    const { title, options } = noticeOf(JSON.stringify(said), HERE);
    expect(title).toBe('Heute: Metropolis');
    expect(options).toMatchObject({
      tag: 'n1',
      lang: 'de',
      body: 'Um 20:00',
      data: { path: '/bookings/b1' }
    });
  });

  it('that cannot be read only says who', () => {
    for (const text of [null, '', '{', '3', 'null', '[]', '{"title":{"a":1},"url":7,"id":[]}']) {
      const { title, options } = noticeOf(text, HERE);
      expect([text, title, options.body, options.data.path]).toEqual([text, 'Matinee', '', '/']);
      expect(options.tag).toBeUndefined();
    }
  });

  it('is cut, and its language is one', () => {
    const long = { ...said, title: 'x'.repeat(5000), body: 'y'.repeat(5000), language: '"><' };
    const { title, options } = noticeOf(JSON.stringify(long), HERE);
    expect([title.length, options.body?.length, options.lang]).toEqual([200, 1000, undefined]);
  });

  it('leads to a page of this app or to its beginning', () => {
    expect(pathOf('/bookings/b1?x=1#y', HERE)).toBe('/bookings/b1?x=1#y');
    for (const url of [
      'https://evil.example/bookings/b1',
      '//evil.example/bookings',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://kino.example.evil/',
      `${HERE}/api/v1/theaters`,
      `${HERE}:444/bookings`,
      'http://[',
      null,
      { href: '/bookings' }
    ]) {
      expect(pathOf(url, HERE)).toBe('/');
    }
  });
});

function pane(path: string, more: Partial<Pane> = {}) {
  return {
    url: HERE + path,
    focused: false,
    visibilityState: 'visible' as const,
    focus: vi.fn(() => Promise.resolve()),
    navigate: vi.fn(() => Promise.resolve()),
    ...more
  };
}

function clientsOf(...panes: Pane[]) {
  return {
    claim: vi.fn(() => Promise.resolve()),
    matchAll: () => Promise.resolve(panes),
    openWindow: vi.fn((_url: string) => Promise.resolve())
  };
}

describe('a tap on a notification', () => {
  const open = (...panes: Pane[]) => {
    const clients = clientsOf(...panes);
    return openPath({ clients, location: { origin: HERE } }, '/bookings/b1').then(() => clients);
  };

  it('comes to the window that shows it already', async () => {
    const [other, there] = [pane('/'), pane('/bookings/b1')];
    await open(other, there);
    expect(there.focus).toHaveBeenCalledTimes(1);
    for (const { navigate } of [other, there]) expect(navigate).not.toHaveBeenCalled();
  });

  it('leads the window in front there, never one in which somebody is buying', async () => {
    const buying = pane('/shows/s1?step=checkout', { focused: true });
    const [hidden, visible] = [pane('/', { visibilityState: 'hidden' }), pane('/tickets')];
    await open(buying, hidden, visible);
    expect(visible.navigate).toHaveBeenCalledWith(`${HERE}/bookings/b1`);
    expect(visible.focus).toHaveBeenCalled();
    expect(hidden.navigate).not.toHaveBeenCalled();
    const clients = await open(buying);
    expect(buying.navigate).not.toHaveBeenCalled();
    expect(clients.openWindow).toHaveBeenCalledWith(`${HERE}/bookings/b1`);
  });

  it('opens a window when there is none, or none that can be led', async () => {
    expect((await open()).openWindow).toHaveBeenCalledWith(`${HERE}/bookings/b1`);
    const foreign = pane('/', { navigate: () => Promise.reject(new TypeError('not controlled')) });
    expect((await open(foreign)).openWindow).toHaveBeenCalledTimes(1);
    const shy = pane('/', { focus: () => Promise.reject(new Error('no activation')) });
    expect((await open(shy)).openWindow).not.toHaveBeenCalled();
  });
});

/** Caches as the worker uses them: by path, in the order of their making. */
class Shelves {
  readonly all = new Map<string, Map<string, Response>>();

  open(name: string) {
    const shelf = this.all.get(name) ?? new Map<string, Response>();
    this.all.set(name, shelf);
    return Promise.resolve({
      put: (path: string, response: Response) => Promise.resolve(void shelf.set(path, response)),
      match: (path: string) => Promise.resolve(shelf.get(path)?.clone())
    });
  }

  match(path: string) {
    const found = [...this.all.values()].find((shelf) => shelf.has(path));
    return Promise.resolve(found?.get(path)?.clone());
  }

  keys = () => Promise.resolve([...this.all.keys()]);
  delete = (name: string) => Promise.resolve(this.all.delete(name));
}

const page = (boot = build.boot) => `<script src="${boot}"></script>`;

class World {
  readonly listeners = new Map<string, (event: never) => void>();
  readonly asked: string[] = [];
  readonly clients;
  skipped = 0;
  answer: (path: string) => Response | Promise<Response>;

  constructor(
    readonly caches: Shelves,
    of = build,
    panes: Pane[] = []
  ) {
    this.answer = (path) => new Response(path === '/' ? page(of.boot) : `net ${path}`);
    this.clients = clientsOf(...panes);
    const scope = {
      location: { origin: HERE },
      caches,
      clients: this.clients,
      registration: { showNotification: () => Promise.resolve() },
      skipWaiting: () => Promise.resolve(void (this.skipped += 1)),
      fetch: (input: string | Request) => {
        const path = typeof input === 'string' ? input : new URL(input.url).pathname;
        this.asked.push(path);
        return Promise.resolve().then(() => this.answer(path));
      },
      addEventListener: (name: string, listener: (event: never) => void) =>
        this.listeners.set(name, listener)
    };
    work(scope as unknown as WorkerScope, of);
  }

  async lasting(name: string): Promise<void> {
    let work: Promise<unknown> = Promise.resolve();
    this.listeners.get(name)?.({ waitUntil: (more: Promise<unknown>) => (work = more) } as never);
    await work;
  }

  async begin(): Promise<this> {
    await this.lasting('install');
    await this.lasting('activate');
    return this;
  }

  /** What the page gets; undefined when the worker keeps out of it. */
  async get(path: string, mode: RequestMode = 'cors'): Promise<string | undefined> {
    let answer: Promise<Response> | undefined;
    const request = { url: HERE + path, method: 'GET', mode };
    const event = {
      request,
      respondWith: (given: Promise<Response>) => (answer = given),
      waitUntil: () => undefined
    };
    this.listeners.get('fetch')?.(event as never);
    return (await answer)?.text();
  }
}

const gone = () => Promise.reject(new TypeError('no network'));

describe('with no network', () => {
  let world: World;
  beforeEach(async () => {
    world = await new World(new Shelves()).begin();
    world.answer = gone;
  });

  it('the app opens at any of its addresses, with its files', async () => {
    for (const path of ['/', '/tickets', '/bookings/b1'])
      expect(await world.get(path, 'navigate')).toBe(page());
    for (const path of files) expect(await world.get(path)).toBe(`net ${path}`);
  });

  it('what the server knows is not made up', async () => {
    expect(await world.get('/api/v1/theaters')).toBeUndefined();
    await expect(world.get('/_app/immutable/never-seen.js')).rejects.toThrow('no network');
  });
});

describe('with a network', () => {
  it('the page is the newest one', async () => {
    const world = await new World(new Shelves()).begin();
    world.answer = () => new Response('a newer page');
    expect(await world.get('/', 'navigate')).toBe('a newer page');
  });

  it('the page is the kept one while a proxy answers for a server that is away, or nobody in time', async () => {
    const world = await new World(new Shelves()).begin();
    world.answer = () => new Response('bad gateway', { status: 502 });
    expect(await world.get('/', 'navigate')).toBe(page());
    vi.useFakeTimers();
    world.answer = () => new Promise<never>(() => undefined);
    const slow = world.get('/', 'navigate');
    await vi.advanceTimersByTimeAsync(3000);
    expect(await slow).toBe(page());
    vi.useRealTimers();
  });

  it('a file is asked for once, whatever its name', async () => {
    const world = await new World(new Shelves()).begin();
    world.asked.length = 0;
    await world.get('/_app/immutable/a.js');
    expect(world.asked).toEqual([]);
    await world.get('/_app/immutable/font.woff2');
    await world.get('/_app/immutable/font.woff2');
    expect(world.asked).toEqual(['/_app/immutable/font.woff2']);
  });
});

describe('a new build', () => {
  const next = { digest: 'd2', boot: '/_app/immutable/boot.2.js', files: ['/theme.js'] };

  it('takes the place of the old one; open windows still find their files', async () => {
    const shelves = new Shelves();
    await new World(shelves).begin();
    const world = await new World(shelves, next, [pane('/')]).begin();
    expect(world.skipped).toBe(1);
    expect(world.clients.claim).toHaveBeenCalledTimes(1);
    world.answer = gone;
    expect(await world.get('/', 'navigate')).toBe(page(next.boot));
    expect(await world.get('/_app/immutable/a.js')).toBe('net /_app/immutable/a.js');
    await new World(shelves, { ...next, digest: 'd3' }, [pane('/')]).begin();
    expect([...shelves.all.keys()]).toEqual(['matinee-shell-d2', 'matinee-shell-d3']);
    await new World(shelves, { ...next, digest: 'd4' }).begin();
    expect([...shelves.all.keys()]).toEqual(['matinee-shell-d4']);
  });

  it('is kept whole or not at all', async () => {
    const shelves = new Shelves();
    await new World(shelves).begin();
    const torn = new World(shelves, next);
    torn.answer = (path) =>
      path === '/theme.js' ? new Response('', { status: 404 }) : new Response(page(next.boot));
    await expect(torn.lasting('install')).rejects.toThrow('/theme.js');
    const mixed = new World(shelves, next);
    mixed.answer = () => new Response(page('/_app/immutable/boot.3.js'));
    await expect(mixed.lasting('install')).rejects.toThrow('another build');
    expect([...shelves.all.keys()]).toEqual(['matinee-shell-d1']);
    expect(torn.skipped + mixed.skipped).toBe(0);
  });
});
