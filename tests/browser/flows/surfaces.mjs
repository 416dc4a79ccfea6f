/**
 * Every route and dialog in both themes and sizes: axe, targets, no sideways scroll at 320 px nor with text twice as
 * large, nothing cut off then, and what a first visit downloads. What axe could not decide is collected for a person to read.
 */
import { gzipSync } from 'node:zlib';
import { buy, openShow, payAs, proceed } from '../lib/buying.mjs';
import { ok } from '../lib/expect.mjs';
import { Findings, settled } from '../lib/findings.mjs';
import { button, field, heading, link } from '../lib/screen.mjs';
import { busyHouse } from '../lib/house.mjs';
import { openHouse } from '../lib/open-house.mjs';
import { signInAsStaff } from '../lib/staff.mjs';
import { say } from '../lib/tools.mjs';
import { parts, walkThrough } from '../lib/tour.mjs';

const BUDGET = 80 * 1024;
const NARROW = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

async function publicPages(scene, { programme }) {
  const found = new Findings(scene);
  const settings = { favourite_theater_id: programme.theater.theater_id };
  const fresh = await scene.person();
  await fresh.goto('/');
  await heading(fresh, 'discover_where').waitFor();
  await settled(fresh);
  await found.look(fresh, 'first visit');

  const page = await scene.person({ settings });
  const show = programme.peek();
  const { theater_id: theater } = programme.theater;
  const routes = [
    '/', `/?date=${show.date}`, `/?q=the`, '/?q=zzzz', '/theaters', `/theaters/${theater}`,
    `/movies/${show.movie.movie_id}`, `/movies/${show.movie.movie_id}?theater=${theater}&date=${show.date}`,
    '/signin', '/register', '/forgot', '/reset', '/reset#token=x', '/verify', '/recover', '/settings', '/profile', '/tickets', '/nowhere'
  ];
  scene.expect(/status of 404/);
  for (const route of routes) {
    await page.goto(route);
    await settled(page);
    await found.look(page, route);
  }
  for (const route of ['/register', '/recover']) {
    await page.goto(route);
    await page.locator('form [type=submit]').first().click();
    await page.locator('[aria-invalid=true]').first().waitFor();
    await found.look(page, `${route} refused`);
  }
  await page.goto('/');
  await page.getByRole('button', { name: say('theater_change', {}, { whole: false }) }).click();
  await page.getByRole('dialog').waitFor();
  await settled(page);
  await found.look(page, 'dialog: theaters');
  found.end();
}

async function buyingPages(scene, { programme }) {
  const found = new Findings(scene);
  const page = await scene.person();
  scene.expect(/status of 402/);
  await openShow(page, programme.show());
  await settled(page);
  await found.look(page, 'seat map');
  await button(page, 'show_list').click();
  await page.locator('summary').first().click();
  await found.look(page, 'seat list');
  await button(page, 'show_map').click();
  await proceed(page);
  await settled(page);
  await found.look(page, 'checkout');
  await payAs(page, 'axe@example.org', 'card_declined');
  await page.getByText(say('declined_title')).waitFor();
  await found.look(page, 'checkout, declined');
  await payAs(page, 'axe@example.org', 'card_3ds');
  await button(page, 'bank_approve').waitFor();
  await found.look(page, 'checkout, bank');
  await button(page, 'bank_approve').click();
  await page.waitForURL(/\/bookings\//);
  await page.getByRole('img', { name: say('ticket_code') }).first().waitFor();
  await settled(page);
  await found.look(page, 'ticket');
  const booking = page.url();
  await page.goto('/tickets');
  await heading(page, 'history_upcoming').waitFor();
  await found.look(page, 'history');
  await page.goto(`${booking}/cancel`);
  await button(page, 'cancel_confirm').waitFor();
  await found.look(page, 'cancel');
  await button(page, 'cancel_confirm').click();
  await heading(page, 'cancelled_done').waitFor();
  await found.look(page, 'cancelled');
  await link(page, 'to_booking').click();
  await page.getByText(say('booking_cancelled')).waitFor();
  await found.look(page, 'a cancelled booking');
  found.end();
}

async function accountPages(scene, { programme }) {
  const found = new Findings(scene);
  const page = await scene.person();
  await page.goto('/register');
  await field(page, 'name').fill('Axe Reader');
  await field(page, 'email').fill(`axe.${scene.size}.${Date.now()}@example.org`);
  await field(page, 'password').fill('a long evening at the pictures');
  await button(page, 'create_account').click();
  await page.getByText(say('registered')).first().waitFor();
  await found.look(page, 'toast');
  await page.goto('/profile');
  await field(page, 'phone').waitFor();
  await settled(page);
  await found.look(page, 'profile');
  await page.getByRole('button', { name: say('delete_account') }).click();
  await page.getByRole('dialog').waitFor();
  await settled(page);
  await found.look(page, 'dialog: delete account');
  await page.keyboard.press('Escape');
  await page.goto('/tickets');
  await settled(page);
  await found.look(page, 'history, empty');
  await openShow(page, programme.show());
  await proceed(page);
  await found.look(page, 'checkout, signed in');
  found.end();
}

/** Every page of staff's, as an administrator sees them in a house where everything happened. */
const staffPages = (part) => async (scene, world) => {
  const found = new Findings(scene);
  const page = await scene.person();
  await signInAsStaff(page, world, null, 'admin');
  const house = await houseOf(page, world);
  await walkThrough(part, { page, house, world, stop: (name) => found.look(page, name) });
  found.end();
};

/** Long words and little room: the same pages in German on a narrow phone. */
const germanPages = (part) => async (scene, world) => {
  const found = new Findings(scene);
  const page = await scene.person({ size: NARROW, locale: 'de-DE' });
  await signInAsStaff(page, world, null, 'admin');
  const house = await houseOf(page, world);
  await walkThrough(part, { page, house, world, language: 'de', stop: (name) => found.fits(page, name) });
  found.end();
};

/** The pages that only a server has which is open to its network and may ask for movies elsewhere. */
async function openPages(scene) {
  const found = new Findings(scene);
  await openHouse(scene.stage, { size: scene.size }, (page, name) => found.look(page, name));
  found.end();
}

async function germanOpenPages(scene) {
  const found = new Findings(scene);
  const person = { size: NARROW, locale: 'de-DE' };
  await openHouse(scene.stage, { person, language: 'de' }, (page, name) => found.fits(page, name));
  found.end();
}

let shared;
/** One house for all of these tests: making it takes longer than looking at it. */
function houseOf(page, world) {
  shared ??= busyHouse(page, world);
  return shared;
}

/** JavaScript of a first visit, as the network carried it: every script that came before the page was usable. */
async function firstLoad(scene, { programme, server }) {
  const show = programme.show();
  const { theater_id: theater } = programme.theater;
  const booker = await scene.person();
  const booking = await buy(booker, show);
  const routes = [
    '/', '/theaters', `/theaters/${theater}`, `/movies/${show.movie.movie_id}`, `/shows/${show.show_id}`,
    `/bookings/${booking}`, `/bookings/${booking}/cancel`, '/tickets', '/profile', '/settings', '/signin', '/recover'
  ];
  scene.expect(/status of 404/, /status of 401/);
  const heavy = [];
  const sizes = [];
  for (const route of routes) {
    const page = await scene.person({ settings: { favourite_theater_id: theater } });
    const scripts = [];
    page.on('response', (answer) => {
      if (answer.request().resourceType() === 'script') scripts.push(answer);
    });
    await page.goto(route);
    await settled(page);
    let total = 0;
    for (const answer of scripts) total += gzipSync(await answer.body(), { level: 6 }).length;
    sizes.push(`${route.split('/')[1] || 'discover'} ${(total / 1024).toFixed(1)}`);
    if (total > BUDGET) heavy.push(`${route}: ${total} bytes`);
    await page.context().close();
  }
  console.log(`        first-load JavaScript, kB gzipped: ${sizes.join(' · ')}`);
  ok(server.address && heavy.length === 0, `above its budget, gzipped: ${heavy.join(', ')}`);
}

const sizes = ['phone', 'desktop'];

export const surfaces = [
  { name: 'every open page', sizes, run: publicPages },
  { name: 'every page of buying', sizes, run: buyingPages },
  { name: 'every page of an account', sizes, run: accountPages },
  ...parts.map((part) => ({ name: `every page of staff: ${part}`, sizes, ms: 300_000, run: staffPages(part) })),
  ...parts.map((part) => ({ name: `every page of staff in German: ${part}`, sizes: ['phone'], run: germanPages(part) })),
  { name: 'every page of staff: open', sizes, run: openPages },
  { name: 'every page of staff in German: open', sizes: ['phone'], run: germanOpenPages },
  { name: 'first-load JavaScript', sizes: ['desktop'], run: firstLoad }
];
