/**
 * The browser's service worker: the app without a network, a new build under open windows, and messages pushed to the
 * browser. What is real here: the worker, its caches, the notifications, the server's list of browsers. What is not: the
 * browser's push service, which no test can reach (its page's half is played, and messages are handed to the worker by the
 * browser's own tools), and the finger on a notification (the same event, made by a script).
 */
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, toast } from '../lib/screen.mjs';
import { Server } from '../lib/server.mjs';
import { say, uiFolder } from '../lib/tools.mjs';
import { newEmail, PASSWORD, register } from './account.mjs';

const banner = say('offline_banner', {}, { whole: false });
const offline = [/ERR_INTERNET_DISCONNECTED/, /error occurred when fetching the script/];

/** It registers some seconds after the first page, and takes that page over when it has everything. */
async function controlled(page) {
  await until('the worker has the page', () => page.evaluate(() => navigator.serviceWorker.controller !== null), {
    timeout: 30_000,
    every: 250
  });
}

const kept = (page) =>
  page.evaluate(async () => {
    const all = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) all.push([name, new URL(request.url).pathname]);
    }
    return all;
  });

async function withoutNetwork(scene) {
  scene.expect(...offline);
  const page = await scene.person();
  await page.goto('/');
  await controlled(page);
  const paths = (await kept(page)).map(([, path]) => path);
  ok(paths.includes('/') && paths.length > 50, `the app is kept, not ${paths.length} files of it`);
  const others = paths.filter((path) => path !== '/' && !/^\/(_app\/immutable\/|[a-z0-9-]+\.[a-z]+$)/.test(path));
  equal(others, [], 'nothing else is kept');
  const script = (await page.request.get('/service-worker.js')).headers();
  equal(script['cache-control'], 'no-cache', 'the worker itself is asked for anew');
  ok(/^text\/javascript/.test(script['content-type']), `it is a script: ${script['content-type']}`);

  await page.context().setOffline(true);
  for (const path of ['/settings', '/theaters']) {
    await page.goto(path);
    await page.getByText(banner).waitFor();
    await page.locator('main h1').first().waitFor();
  }
  await heading(page, 'error_offline_title').waitFor();
  const call = await page.evaluate(() => fetch('/api/v1/theaters').then(() => 'an answer', () => 'none'));
  equal(call, 'none', 'nobody answers for the server');
  await page.context().setOffline(false);
  await page.getByText(banner).waitFor({ state: 'hidden', timeout: 15_000 });
}

/** A server gets a new UI under a window that is open. */
async function anotherBuild(scene) {
  scene.expect(...offline);
  const ui = mkdtempSync(join(tmpdir(), 'matinee-ui-'));
  cpSync(uiFolder, ui, { recursive: true });
  const server = new Server({ ui });
  const change = (file, from, to) => {
    const text = readFileSync(join(ui, file), 'utf8');
    ok(text.includes(from), `${file} has ${from}`);
    writeFileSync(join(ui, file), text.replace(from, to));
  };
  try {
    await server.start();
    const page = await scene.person({ baseURL: server.address });
    const said = () => page.evaluate(() => document.querySelector('meta[name=description]').content);
    await page.goto('/settings');
    await controlled(page);
    const [[before]] = await kept(page);

    change('service-worker.js', before.replace('matinee-shell-', ''), 'another-build');
    change('index.html', 'Choose your seats', 'A new build');
    await until('the server has it', async () => /A new build/.test(await (await fetch(server.address)).text()));
    await page.reload();
    ok(/A new build/.test(await said()), 'the new page comes at once');
    const complete = (name) => kept(page).then((all) => all.some((one) => one[0] === name && one[1] === '/'));
    await until('the new build is kept whole', () => complete('matinee-shell-another-build'), { timeout: 30_000 });
    const changing = async () => {
      const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
      return installing !== null || waiting !== null || active?.state !== 'activated';
    };
    await until('its worker has taken over', async () => !(await page.evaluate(changing)));
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText(banner).waitFor();
    ok(/A new build/.test(await said()), 'and is the one that opens with no network');
    // Online again it would ask the server, which is about to go.
    await page.context().close();
  } finally {
    await server.end();
    rmSync(ui, { recursive: true, force: true });
  }
}

/** What the page sees of a browser whose push service answers. */
function playPushService(endpoint) {
  const read = () => JSON.parse(localStorage.getItem('test.push') ?? 'null');
  const made = (key) => ({
    endpoint,
    options: { applicationServerKey: Uint8Array.from(atob(key.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0)).buffer },
    toJSON: () => ({
      endpoint,
      expirationTime: null,
      keys: {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg'
      }
    }),
    unsubscribe: async () => (localStorage.removeItem('test.push'), true)
  });
  PushManager.prototype.getSubscription = async () => (read() === null ? null : made(read()));
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem('test.push', JSON.stringify(applicationServerKey));
    return made(applicationServerKey);
  };
}

async function subscribing(scene, { api }) {
  const page = await scene.person();
  await page.context().grantPermissions(['notifications']);
  await page.addInitScript(playPushService, `https://updates.push.example/${randomUUID()}`);
  const email = newEmail();
  await register(page, email);
  await page.goto('/profile');
  await heading(page, 'push_title').waitFor();
  await button(page, 'push_turn_on').click();
  await toast(page, 'push_turned_on').waitFor({ timeout: 20_000 });

  const who = await api.login(email, PASSWORD);
  const browsers = async () => (await api.call('GET', '/users/me/subscriptions', { headers: who })).body.items.length;
  equal(await browsers(), 1, 'the server has this browser');
  await page.reload();
  await button(page, 'push_turn_off').click();
  await toast(page, 'push_turned_off').waitFor();
  equal(await browsers(), 0, 'the server forgot it');
  await button(page, 'push_turn_on').click();
  await toast(page, 'push_turned_on').waitFor();

  await button(page, 'sign_out').click();
  await toast(page, 'signed_out').waitFor();
  equal(await browsers(), 0, 'who leaves takes their messages along');
  equal(await page.evaluate(() => [localStorage.getItem('test.push'), localStorage.getItem('matinee.push')]), [null, null], 'here too');
}

/** Hands messages to the worker as the browser does when its push service has one. */
async function postman(page) {
  const cdp = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  let registrationId;
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const ours = registrations.find((one) => one.scopeURL.startsWith(origin) && !one.isDeleted);
    registrationId = ours?.registrationId ?? registrationId;
  });
  await cdp.send('ServiceWorker.enable');
  await until('the registration is known', () => registrationId);
  return (data) => cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
}

const shown = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const all = await registration.getNotifications();
    return all.map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, path: data.path }));
  });

async function pushed(scene) {
  const page = await scene.person();
  await page.context().grantPermissions(['notifications']);
  await page.goto('/settings');
  await controlled(page);
  const deliver = await postman(page);
  const { origin } = new URL(page.url());
  const message = {
    id: 'n1', kind: 'reminder', language: 'de', title: 'Heute: Metropolis', body: 'Um 20:00', url: `${origin}/tickets`
  };
  const expected = { title: message.title, body: message.body, tag: 'n1', lang: 'de', path: '/tickets' };
  for (let time = 0; time < 2; time += 1) {
    await deliver(JSON.stringify(message));
    await until('it is shown', async () => (await shown(page)).length > 0);
    equal(await shown(page), [expected], 'once, however often it comes');
  }
  await deliver('{"title": 7, "url": "https://elsewhere.example/"');
  await until('something is shown for it', async () => (await shown(page)).length === 2);
  const [odd] = (await shown(page)).filter(({ tag }) => tag !== 'n1');
  equal([odd.title, odd.body, odd.path], ['Matinee', '', '/'], 'what cannot be read only says who');

  const [worker] = page.context().serviceWorkers();
  await worker.evaluate(async () => {
    const [notification] = await self.registration.getNotifications({ tag: 'n1' });
    const click = new NotificationEvent('notificationclick', { notification });
    // Only the browser's own events can be kept waiting.
    Object.defineProperty(click, 'waitUntil', { value: () => undefined });
    self.dispatchEvent(click);
  });
  await page.waitForURL('**/tickets');
  await heading(page, 'nav_tickets').first().waitFor();
  await until('the notification is gone', async () => (await shown(page)).every(({ tag }) => tag !== 'n1'));
  equal(page.context().pages().length, 1, 'the window that was there shows it');
}

export const worker = [
  { name: 'the app opens with no network', sizes: ['phone'], run: withoutNetwork },
  { name: 'a new build under an open window', sizes: ['desktop'], run: anotherBuild },
  { name: 'messages in this browser, on and off', sizes: ['phone'], run: subscribing },
  { name: 'a pushed message is shown and leads there', sizes: ['desktop'], run: pushed }
];
