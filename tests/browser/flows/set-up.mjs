/**
 * An empty server: from the address it prints to a theater that sold, let in and paid back, all in the browser; and one that was
 * opened to its network, as a phone there meets it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axe, sideways, smallTargets } from '../lib/checks.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, link, toast } from '../lib/screen.mjs';
import { Server } from '../lib/server.mjs';
import { browserPath, chromium, say } from '../lib/tools.mjs';
import { totp } from '../lib/totp.mjs';
import { makePrices, makeScreen } from './staff.mjs';

const PASSWORD = 'a house of my own at last';

/** The address to open, as whoever started the server reads it. */
const printed = (server) => /http:\S+\/setup#code=\S+/.exec(server.log)?.[0];

async function generator(page) {
  await field(page, 'password').fill(PASSWORD);
  await button(page, 'factor_begin').click();
  const secret = await page.locator('form code').textContent();
  await field(page, 'factor_code').fill(totp(secret));
  await button(page, 'factor_confirm').click();
  await button(page, 'factor_recovery_kept').click();
}

const named = (page, name) => page.locator(`[name="${name}"]`);

/** The page is one that everybody can use, in both themes; MATINEE_SETUP_PICTURES keeps a picture of each. */
async function usable(page, name) {
  const folder = process.env.MATINEE_SETUP_PICTURES;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(200);
    if (folder) {
      mkdirSync(folder, { recursive: true });
      const width = page.viewportSize().width;
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    equal(await axe(page), [], `${name} (${colorScheme}): axe`);
  }
  equal(await sideways(page), null, `${name}: sideways`);
  equal(await smallTargets(page), [], `${name}: targets`);
}

/** The one step that is next, by its link. */
async function nextStep(page, theater, title) {
  await page.goto(`/manage/${theater}/setup`);
  const next = page.locator('li[aria-current=step]');
  await next.getByText(say(title, {}, { whole: false })).first().waitFor();
  return next.getByRole('link');
}

async function firstTheater(page) {
  await page.goto('/manage');
  await link(page, 'manage_theater_new').click();
  const facts = {
    name: 'Kino Nora', address: 'Torstr. 1', city: 'Berlin', country: 'DE', latitude: '52.53', longitude: '13.4', time_zone: 'Europe/Berlin',
    currency: 'EUR', tax_label: 'MwSt. 7 %', tax_percent: '7'
  };
  for (const [member, value] of Object.entries(facts)) await named(page, member).fill(value);
  await button(page, 'save').click();
  await heading(page, 'setup_title').waitFor();
  return new URL(page.url()).pathname.split('/')[2];
}

async function firstMovie(page) {
  await named(page, 'name').fill('The Long Night');
  await named(page, 'duration_minutes').fill('95');
  await named(page, 'languages').fill('de');
  await button(page, 'manage_movie_make').click();
  await toast(page, 'manage_movie_made').waitFor();
}

/** A week with a time that cannot be: said before anything is made, and left out. */
async function firstWeek(page, theater) {
  await named(page, 'movie').fill('The Long');
  await page.getByRole('button', { name: /The Long Night/ }).click();
  await named(page, 'times').fill('15:00, 16:00, later');
  await button(page, 'setup_week_check').click();
  await page.getByText(say('setup_times_wrong')).waitFor();
  await named(page, 'times').fill('15:00, 16:00, 20:15');
  await button(page, 'setup_week_check').click();
  await page.getByText(say('setup_week_plan', { count: 14 }, { whole: false })).waitFor();
  equal(await page.getByText(say('setup_week_out', {}, { whole: false })).count(), 7, 'shows that are left out');
  await usable(page, 'week');
  const shows = () => page.request.get(`/api/v1/manage/theaters/${theater}/shows?limit=100`);
  equal((await (await shows()).json()).items.length, 0, 'nothing is made before it is asked for');
  await button(page, 'setup_week_make').click();
  await toast(page, 'manage_shows_made', { count: 14 }).waitFor();
  const made = (await (await shows()).json()).items;
  equal([made.length, made.every((show) => show.published)], [14, true], 'shows on sale');
}

async function testBooking(page, theater) {
  await button(page, 'setup_test_go').click();
  await page.getByText(say('setup_test_over')).waitFor({ timeout: 20_000 });
  await page.getByText(say('setup_test_scan_was', {}, { whole: false })).waitFor();
  await page.getByText(say('ticket_test')).waitFor();
  ok(await page.getByAltText(say('ticket_code')).isVisible(), 'the ticket is shown with its code');
  await usable(page, 'test-booking');
  const found = await page.request.get(`/api/v1/manage/theaters/${theater}/bookings?query=nora@example.org`);
  const [booking, ...others] = (await found.json()).items;
  equal([booking.status, others.length], ['cancelled', 0], 'what is left of it');
  const seats = await (await page.request.get(`/api/v1/shows/${booking.show_id}/seats`)).json();
  ok(seats.seats.every(({ status }) => status === 'available'), 'no seat is taken');
}

async function stepByStep(page) {
  const theater = await firstTheater(page);
  await usable(page, 'steps-empty');
  await (await nextStep(page, theater, 'setup_step_screens')).click();
  await makeScreen(page, theater);
  await (await nextStep(page, theater, 'setup_step_prices')).click();
  await makePrices(page, theater);
  await (await nextStep(page, theater, 'setup_step_movies')).click();
  await firstMovie(page);
  await (await nextStep(page, theater, 'setup_step_shows')).click();
  await firstWeek(page, theater);
  // The sandbox was chosen where the server was started: said to be no real money.
  await page.goto(`/manage/${theater}/setup/payments`);
  await page.getByText(say('setup_pay_test_title')).waitFor();
  await usable(page, 'payments');
  await (await nextStep(page, theater, 'setup_step_test')).click();
  await testBooking(page, theater);
  await (await nextStep(page, theater, 'setup_step_network')).click();
  await page.getByText(say('setup_reach_machine')).waitFor();
  await usable(page, 'network-closed');
  await page.goto(`/manage/${theater}/setup`);
  await page.getByText(say('setup_progress', { done: 7, total: 8 })).waitFor();
  await usable(page, 'steps');
  return theater;
}

async function onAnEmptyServer(scene) {
  const server = await new Server({ demo: false }).start();
  try {
    const link = printed(server);
    ok(link, 'it prints where to set it up');
    const page = await scene.person({ baseURL: server.address });

    // Without the code nothing can be done, and it says where the code is.
    await page.goto('/setup');
    await page.getByText(say('manage_setup_no_code')).waitFor();

    await page.goto('/');
    await page.goto(link);
    await heading(page, 'manage_setup_title').waitFor();
    ok(!page.url().includes('code='), 'the code stays in no history');
    await button(page, 'manage_setup_action').click();
    await page.getByLabel(say('name')).fill('Nora Owner');
    await field(page, 'email').fill('nora@example.org');
    await field(page, 'password').fill(PASSWORD);
    await button(page, 'manage_setup_action').click();
    await toast(page, 'manage_setup_done').waitFor();
    await heading(page, 'factor_title').waitFor();
    await generator(page);

    await stepByStep(page);

    // A second one is refused, in words.
    scene.expect(/409/);
    const late = await scene.person({ baseURL: server.address });
    await late.goto(link);
    await late.getByLabel(say('name')).fill('Second');
    await field(late, 'email').fill('second@example.org');
    await field(late, 'password').fill(PASSWORD);
    await button(late, 'manage_setup_action').click();
    await late.getByRole('alert').first().waitFor();
  } finally {
    await scene.close();
    await server.end();
  }
}

/** Bytes of an address, over a connection that trusts these authorities or, to begin with, whoever answers. */
function fetched(url, trust) {
  return new Promise((resolve, reject) => {
    const options = trust ? { ca: trust } : { rejectUnauthorized: false };
    const request = https.get(url, options, (answer) => {
      const certificate = answer.socket.getPeerX509Certificate();
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(parts), certificate }));
    });
    request.on('error', reject);
  });
}

const pem = (der) =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

/**
 * A browser on a device that trusts the server. It is told so by the certificate's key, since the list of authorities of this
 * machine is not a test's to change; that the authority vouches for the certificate is checked beside it.
 */
async function trusting(certificate, work) {
  const profile = mkdtempSync(join(tmpdir(), 'matinee-lan-'));
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`
    ]
  });
  try {
    await work(await context.newPage());
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

async function onTheLocalNetwork() {
  const server = new Server({ demo: false, args: ['--lan', '--lan-port', '0', '--allow-test-payments'] });
  server.env.MATINEE_RATE_LIMIT = 'on';
  await server.start();
  try {
    const url = /Open on your network: (https:\S+)/.exec(server.log)?.[1];
    ok(url, 'it prints its address on the network');
    ok(/█|▀|▄/.test(server.log), 'and a code for a camera');
    const { body: authority, certificate } = await fetched(`${url}/setup/ca.crt`, null);
    const trusted = await fetched(`${url}/api/v1/setup`, pem(authority));
    equal(trusted.status, 200, 'whoever trusts the authority gets in');
    const refused = await fetched(`${url}/api/v1/setup`, []).catch((error) => error.code);
    ok(/UNABLE_TO|SELF_SIGNED/.test(String(refused)), `whoever does not is warned: ${refused}`);

    await trusting(certificate, async (page) => {
      await page.goto(url);
      ok(await page.evaluate(() => isSecureContext), 'the page is one of a secure context');
      const picture = await page.evaluate(async () => {
        const stream = await navigator.mediaDevices.getUserMedia({ video: true });
        const tracks = stream.getVideoTracks().map((track) => track.readyState);
        stream.getTracks().forEach((track) => track.stop());
        return tracks;
      });
      equal(picture, ['live'], 'the camera');
      await until('the worker is there', () => page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.active)), {
        timeout: 30_000, every: 250
      });
      ok(await page.evaluate(() => 'PushManager' in window), 'messages can be pushed');
      await page.goto(`${url}/setup`);
      await page.getByText(say('manage_setup_no_code')).waitFor();
    });
  } finally {
    await server.end();
  }
}

/** What an owner sees of a server that is open to its network, and how each device is made to trust it. */
async function theNetworksPage(scene) {
  const server = new Server({ demo: false, args: ['--lan', '--lan-port', '0', '--allow-test-payments'] });
  server.env.MATINEE_RATE_LIMIT = 'on';
  await server.start();
  try {
    const page = await scene.person({ baseURL: server.address });
    await page.goto(printed(server));
    await page.getByLabel(say('name')).fill('Nora Owner');
    await field(page, 'email').fill('nora@example.org');
    await field(page, 'password').fill(PASSWORD);
    await button(page, 'manage_setup_action').click();
    await heading(page, 'factor_title').waitFor();
    await generator(page);
    const theater = await firstTheater(page);
    await page.goto(`/manage/${theater}/setup/network`);
    await page.getByText(say('setup_reach_lan')).waitFor();
    const url = /Open on your network: (https:\S+)/.exec(server.log)?.[1];
    await page.getByRole('heading', { name: url }).waitFor();
    ok(await page.getByAltText(say('setup_qr', { url })).isVisible(), 'the code for a camera');
    await page.getByText(say('setup_fingerprint', {}, { whole: false })).waitFor();
    equal(await page.locator('details').count(), 5, 'kinds of devices');
    await page.getByText('Windows').click();
    await usable(page, 'network-open');
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByText(say('setup_trust_fetch')).click()]);
    equal(file.suggestedFilename(), 'matinee-ca.crt', 'the certificate');
  } finally {
    await scene.close();
    await server.end();
  }
}

export const settingUp = [
  { name: 'an empty server is set up in the browser', sizes: ['desktop', 'phone'], run: onAnEmptyServer },
  { name: 'a server opened to its network is one phones trust', sizes: ['phone'], run: onTheLocalNetwork },
  { name: 'an owner sees how devices reach the server', sizes: ['desktop', 'phone'], run: theNetworksPage }
];
