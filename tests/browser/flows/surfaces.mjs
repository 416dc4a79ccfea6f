/**
 * Every route and dialog in both themes and sizes: axe, targets, no sideways scroll at 320 px nor with text twice as
 * large, nothing cut off then, and what a first visit downloads. What axe could not decide is collected for a person to read.
 */
import { gzipSync } from 'node:zlib';
import { buy, openShow, payAs, proceed } from '../lib/buying.mjs';
import { axe, cutText, sideways, smallTargets, typeSize } from '../lib/checks.mjs';
import { ok, until } from '../lib/expect.mjs';
import { button, field, heading, link } from '../lib/screen.mjs';
import { signInAsStaff } from '../lib/staff.mjs';
import { say } from '../lib/tools.mjs';

const BUDGET = 80 * 1024;
export const incomplete = new Set();

async function settled(page) {
  await page.locator('main').locator('h1, h2').first().waitFor();
  await until('nothing is loading', async () => (await page.locator('[aria-busy=true]').count()) === 0);
  await still(page);
}

/**
 * Two frames for a change to begin its transitions, then their end. What turns without end (a spinner, a skeleton) is not
 * waited for, and nothing for long: a page that makes no frames must not keep a whole run.
 */
const still = (page) =>
  page.evaluate(async () => {
    const atMost = (work, ms) => Promise.race([work, new Promise((end) => setTimeout(end, ms))]);
    for (let frame = 0; frame < 2; frame += 1) await atMost(new Promise(requestAnimationFrame), 500);
    const ending = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
    await atMost(Promise.all(ending.map((one) => one.finished.catch(() => undefined))), 3000);
  });

/**
 * What axe finds, and finds again a moment later: right after a change of theme Chromium now and then still reports a
 * colour of the theme before, on elements that have no transition. What is wrong with the page stays wrong.
 */
async function lasting(page) {
  const found = await axe(page, incomplete);
  if (found.length === 0) return found;
  await page.waitForTimeout(500);
  await still(page);
  const again = new Set(await axe(page, incomplete));
  return found.filter((one) => again.has(one));
}

/** Checks collect everything wrong at a size before they fail, so that one run shows it all. */
class Findings {
  list = [];

  constructor(scene) {
    this.scene = scene;
  }

  async look(page, where) {
    const add = (found) => found && this.list.push(`${where}: ${found}`);
    this.scene.at = where;
    const wide = page.viewportSize();
    const grounds = [];
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await still(page);
      grounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      (await lasting(page)).forEach((one) => add(`${colorScheme}: ${one}`));
    }
    if (grounds[0] === grounds[1]) add(`both themes are ${grounds[0]}`);
    (await smallTargets(page)).forEach((one) => add(`target ${one}`));
    add(await sideways(page));
    await typeSize(page, 200);
    await still(page);
    const large = await sideways(page);
    add(large && `at 200 % text ${large}`);
    (await cutText(page)).forEach((one) => add(`at 200 % text ${one}`));
    await typeSize(page, null);
    if (wide.width >= 600) return;
    await page.setViewportSize({ width: 320, height: 700 });
    const over = await sideways(page);
    add(over && `at 320 px ${over}`);
    await page.setViewportSize(wide);
  }

  end() {
    ok(this.list.length === 0, this.list.join('\n'));
  }
}

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

/** What an owner sees of a theater with a programme: every page of staff's that needs nothing to be sold first. */
const staffPages = (part) => async (scene, world) => {
  const found = new Findings(scene);
  const show = world.programme.peek();
  const { theater_id: theater, show_id: showId } = show;
  const page = await scene.person();
  await signInAsStaff(page, world, theater, 'owner');
  const of = `/manage/${theater}`;
  const routes = {
    programme: ['/manage', of, `${of}/shows/new`, `${of}/shows/${showId}`, `${of}/shows/${showId}/seats`, `${of}/movies`, `${of}/movies/new`],
    house: [`${of}/prices`, `${of}/screens`, `${of}/screens/new`, `${of}/facts`, `${of}/people`, `${of}/changes`, '/manage/t-nowhere']
  };
  for (const route of routes[part]) {
    await page.goto(route);
    await settled(page);
    await found.look(page, route.replace(theater, 'T').replace(showId, 'S'));
  }
  if (part === 'programme') {
    await page.goto(of);
    await settled(page);
    await page.getByRole('radio', { name: say('manage_view_hours') }).check({ force: true });
    await page.getByRole('region').first().waitFor();
    await found.look(page, 'programme by the hour');
    await page.goto(`${of}/movies/new`);
    await button(page, 'manage_movie_make').click();
    await page.locator('[aria-invalid=true]').first().waitFor();
    await found.look(page, 'new movie refused');
  }
  found.end();
};

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
    if (total > BUDGET) heavy.push(`${route}: ${(total / 1024).toFixed(1)} kB`);
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
  { name: 'every page of staff: the programme', sizes, run: staffPages('programme') },
  { name: 'every page of staff: the house', sizes, run: staffPages('house') },
  { name: 'first-load JavaScript', sizes: ['desktop'], run: firstLoad }
];
