/**
 * A theater's first day as one path, on a server that was empty: set up, programme, sales at the counter and on the web, the door, a
 * show that is cancelled, and the day's totals to the cent. All by the pages; what the server says is compared with what they show.
 */
import { readFile } from 'node:fs/promises';
import { buy } from '../lib/buying.mjs';
import { readCsv } from '../lib/csv.mjs';
import { forged, ground, scan, verdict } from '../lib/door.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, link, toast } from '../lib/screen.mjs';
import { Server } from '../lib/server.mjs';
import { say } from '../lib/tools.mjs';
import { totp } from '../lib/totp.mjs';
import { makePrices, makeScreen, makeTheater } from './staff.mjs';

const PASSWORD = 'a house of my own at last';
const ZONE = 'Europe/Berlin';
const FLOAT = 10_000;
const named = (page, name) => page.locator(`[name="${name}"]`);
const euro = (minor) => `€${(minor / 100).toFixed(2)}`;
const decimal = (minor) => (minor / 100).toFixed(2);
const local = (options, at) => new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, ...options }).format(at);

async function becomeOwner(page, server) {
  const address = /http:\S+\/setup#code=\S+/.exec(server.log)?.[0];
  ok(address, 'the server prints where to set it up');
  await page.goto(address);
  await button(page, 'manage_setup_action').waitFor();
  await page.getByLabel(say('name')).fill('Nora Owner');
  await field(page, 'email').fill('nora@example.org');
  await field(page, 'password').fill(PASSWORD);
  await button(page, 'manage_setup_action').click();
  await heading(page, 'factor_title').waitFor();
  await field(page, 'password').fill(PASSWORD);
  await button(page, 'factor_begin').click();
  const secret = await page.locator('form code').textContent();
  await field(page, 'factor_code').fill(totp(secret));
  await button(page, 'factor_confirm').click();
  await button(page, 'factor_recovery_kept').click();
}

/** To another page of the theater by its nav, which a phone keeps behind a button. */
async function visit(page, place) {
  const menu = button(page, 'manage_menu');
  if (await menu.isVisible()) await menu.click();
  await page.getByRole('navigation').getByRole('link', { name: say(place) }).click();
  await heading(page, place).waitFor();
}

async function makeChildTickets(page) {
  await visit(page, 'manage_prices');
  for (const [label, code, percent] of [['Adult', 'standard', null], ['Child', 'child', '-50']]) {
    await button(page, 'manage_ticket_type_add').click();
    const type = page.locator('fieldset.panel').last();
    await type.getByLabel(say('manage_ticket_type_label')).fill(label);
    await type.getByLabel(say('manage_ticket_type_code')).fill(code);
    if (percent === null) continue;
    await type.getByLabel(say('manage_change_kind')).selectOption('percent');
    await type.getByLabel(say('manage_percent')).fill(percent);
  }
  await button(page, 'save').click();
  await toast(page, 'manage_prices_saved').waitFor();
}

async function makeMovie(page, theater, title) {
  await page.goto(`/manage/${theater}/movies/new`);
  await named(page, 'name').fill(title);
  await named(page, 'duration_minutes').fill('95');
  await named(page, 'languages').fill('de');
  await button(page, 'manage_movie_make').click();
  await toast(page, 'manage_movie_made').waitFor();
}

/** A show on sale from the start; answers its id. */
async function makeShow(page, theater, title, at) {
  await page.goto(`/manage/${theater}/shows/new?day=${local({}, at)}`);
  await named(page, 'movie').fill(title);
  await page.getByRole('button', { name: title }).click();
  await named(page, 'time').fill(local({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, at));
  await page.getByLabel(say('manage_show_publish')).check();
  const made = page.waitForResponse((answer) => answer.request().method() === 'POST' && answer.url().endsWith('/shows'));
  await button(page, 'manage_show_make').click();
  const { show_id: showId } = await (await made).json();
  await toast(page, 'manage_shows_made').waitFor();
  return showId;
}

/** One adult and one child, by cash; answers what was sold. */
async function sellAtCounter(page, title) {
  await visit(page, 'manage_counter');
  await named(page, 'float').fill(decimal(FLOAT));
  await button(page, 'counter_shift_open').click();
  await page.getByRole('button', { name: title }).first().click();
  await page.getByRole('grid').waitFor();
  await page.getByRole('button', { name: /^2 / }).click();
  await until('two seats are chosen', async () => (await page.locator('[aria-selected=true]').count()) === 2);
  await button(page, 'counter_more', { type: 'Child' }).click();
  await button(page, 'counter_to_pay').click();
  await named(page, 'tendered').fill('50');
  const answer = page.waitForResponse((one) => one.url().endsWith('/sell'));
  await button(page, 'counter_sell').click();
  const sold = await (await answer).json();
  await heading(page, 'counter_sold').waitFor();
  const total = sold.booking.total_amount.amount_minor;
  ok([1250 + 625, 1500 + 750].includes(total), `an adult and a child cost ${total}`);
  await page.getByText(euro(5000 - total)).first().waitFor();
  await button(page, 'counter_next').click();
  return { total, codes: sold.tickets.map((ticket) => ticket.qr_payload), reference: sold.booking.reference };
}

/** Two seats by a test card; answers what was paid, and the codes of its tickets. */
async function buyOnTheWeb(guest, showId, email) {
  // Read as they come: a page that is left forgets what was answered.
  const read = (path) =>
    guest
      .waitForResponse((one) => one.request().method() === 'GET' && new RegExp(`/api/v1/bookings/[^/]+${path}$`).test(one.url()) && one.ok(), { timeout: 60_000 })
      .then((one) => one.json());
  const [asked, wanted] = [read(''), read('/tickets')];
  const bookingId = await buy(guest, { show_id: showId }, email);
  const { total_amount: total, reference } = await asked;
  const { tickets } = await wanted;
  return { total: total.amount_minor, codes: tickets.map((ticket) => ticket.qr_payload), reference, bookingId };
}

async function letIn(page, codes) {
  await visit(page, 'manage_door');
  await page.getByText(say('door_count', { admitted: 0, tickets: codes.length })).waitFor();
  await button(page, 'door_start_scanner').click();
  await page.getByText(say('door_ready')).waitFor();
  let admitted = 0;
  for (const code of codes) {
    await scan(page, code);
    await page.getByText(say('door_count', { admitted: (admitted += 1), tickets: codes.length })).waitFor();
    await verdict(page, 'door_admitted');
    equal(await ground(page), 'go', 'who goes in sees green');
  }
  await scan(page, codes[0]);
  await verdict(page, 'door_already');
  equal(await ground(page), 'look', 'a second time is amber');
  await scan(page, forged(codes[1]));
  await verdict(page, 'door_forged');
  equal(await ground(page), 'stop', 'a forged one is red');
  await button(page, 'door_stop').click();
}

async function cancelShow(page, theater, showId) {
  await page.goto(`/manage/${theater}/shows/${showId}`);
  await link(page, 'day_cancel').click();
  await page.waitForURL(/\/cancel$/);
  await page.getByLabel(say('day_cancel_sure')).check();
  await button(page, 'day_cancel_go').click();
  // Without a reason nothing happens.
  await page.getByText(say('field_required')).waitFor();
  await named(page, 'reason').fill('The projector is broken');
  await named(page, 'message').fill('We are sorry.');
  await button(page, 'day_cancel_go').click();
  await heading(page, 'day_cancelled').waitFor({ timeout: 30_000 });
  await page.getByText(say('day_bookings_done', { done: 2, total: 2 })).waitFor();
  await until('all refunds arrived', async () =>
    (await page.getByText(say('day_refunds', { done: 2, pending: 0 })).count()) === 1, { timeout: 30_000 });
  await page.goto(`/manage/${theater}/shows/${showId}`);
  await page.getByText(say('manage_state_cancelled')).waitFor();
}

async function handOutCash(page, sale) {
  await visit(page, 'day_bookings');
  await named(page, 'q').fill(sale.reference.toLowerCase());
  await button(page, 'day_find_go').click();
  await page.getByRole('link', { name: sale.reference }).click();
  await button(page, 'day_payout', { amount: euro(sale.total) }).click();
  await toast(page, 'day_payout_done', { amount: euro(sale.total) }).waitFor();
}

async function goodwill(page, sale) {
  await visit(page, 'day_bookings');
  await named(page, 'q').fill(sale.reference);
  await button(page, 'day_find_go').click();
  await page.getByRole('link', { name: sale.reference }).click();
  await page.getByRole('radio', { name: say('day_refund_amount') }).check();
  await named(page, 'amount').fill('2.50');
  await named(page, 'reason').selectOption('complaint');
  await named(page, 'words').fill('It was cold');
  await button(page, 'day_refund_go').click();
  await toast(page, 'day_refund_done', { amount: '€2.50' }).waitFor();
}

async function closeShift(page) {
  await visit(page, 'manage_counter');
  await button(page, 'counter_shift_close').first().click();
  await named(page, 'counted').fill(decimal(FLOAT));
  await page.locator('form button[type=submit]').last().click();
  const row = (key) => page.locator('dl > div').filter({ hasText: say(key, {}, { whole: false }) }).locator('dd');
  await row('counter_expected').waitFor();
  return Object.fromEntries(await Promise.all(
    ['counter_cash_sales', 'counter_cash_refunds', 'counter_expected', 'counter_difference'].map(async (key) => [key, await row(key).innerText()])
  ));
}

/** Every number of the totals' page: what stands alone by its name, and tables by their rows' names. */
async function numbersOf(page) {
  return page.evaluate(() => {
    const text = (one) => one.textContent.replace(/\s+/g, ' ').trim();
    const facts = Object.fromEntries([...document.querySelectorAll('main dl > div')].map((row) => [text(row.querySelector('dt')), text(row.querySelector('dd'))]));
    const tables = Object.fromEntries([...document.querySelectorAll('main table')].map((table) => [
      text(table.querySelector('caption')),
      [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map(text))
    ]));
    return { facts, tables };
  });
}

async function totals(page, { tonight, tomorrow, counter, web, later, day }) {
  await visit(page, 'day_totals');
  await page.goto(`${page.url().split('?')[0]}?day=${day}`);
  await page.getByRole('table').first().waitFor();
  const { facts, tables } = await numbersOf(page);
  const sold = counter.total + web.total + later.total;
  const back = counter.total + web.total + 250;
  equal([facts['Tickets'], facts['Sold'], facts['Given back'], facts['Remains']], ['6', euro(sold), euro(back), euro(sold - back)], 'the day');
  const shows = tables['By show'].map((row) => row.slice(1));
  equal(shows, [
    ['4', euro(counter.total + web.total), euro(counter.total + web.total)],
    ['2', euro(later.total), euro(250)]
  ], 'by show');
  ok(tables['By show'][0][0].includes(tonight) && tables['By show'][1][0].includes(tomorrow), 'shows by their names');
  const drawn = (kind) => page.locator(`svg rect.${kind}`).evaluateAll((all) => all.map((one) => Number(one.dataset.minor)));
  equal([await drawn('sold'), await drawn('back')], [[counter.total + web.total, later.total], [counter.total + web.total, 250]], 'the plot');
  equal(tables['By ticket type'].map((row) => row.slice(0, 2)).sort(), [['Adult', '5'], ['Child', '1']], 'by ticket type');
  equal(tables['By place of sale'].map((row) => row.slice(0, 3)).sort(), [
    ['Box office', '2', euro(counter.total)],
    ['Web', '4', euro(web.total + later.total)]
  ], 'by place of sale');
  equal(tables['By way of paying'].map(([name, , ...rest]) => [name, ...rest]).sort(), [
    ['Cash', euro(counter.total), euro(counter.total)],
    ['Sandbox bank', euro(web.total + later.total), euro(web.total + 250)]
  ], 'by way of paying');
  equal(tables['Given back, by reason'].sort(), [
    ['Goodwill', '1', euro(250)],
    ['The show was cancelled', '2', euro(counter.total + web.total)]
  ], 'by reason');

  const saved = page.waitForEvent('download');
  await button(page, 'day_csv').click();
  const file = await saved;
  equal(file.suggestedFilename(), `${day}.csv`, 'the file is named by its day');
  const [header, ...lines] = readCsv(await readFile(await file.path(), 'utf8'));
  equal(header, ['section', 'name', 'detail', 'count', 'amount', 'refunded', 'currency'], 'its header');
  ok(lines.every((line) => line.length === header.length), 'each line has every column');
  const find = (section, name) => lines.find((line) => line[0] === section && line[1] === name)?.slice(3);
  equal(find('day', 'sold'), ['6', decimal(sold), decimal(back), 'EUR'], 'the file: the day');
  equal(find('day', 'net'), ['', decimal(sold - back), '', 'EUR'], 'the file: what remains');
  equal(find('show', tonight), ['4', decimal(counter.total + web.total), decimal(counter.total + web.total), 'EUR'], 'the file: a show');
  const sums = lines.filter(([section]) => section === 'method').reduce((sum, line) => sum + Math.round(Number(line[4]) * 100), 0);
  equal(sums, sold, 'the file: ways of paying add up');
}

async function firstDay(scene) {
  const server = await new Server({ demo: false }).start();
  try {
    const page = await scene.person({ baseURL: server.address });
    const guest = await scene.person({ baseURL: server.address });
    await becomeOwner(page, server);
    const theater = await makeTheater(page, 'Kino Nora');
    await makeScreen(page, theater);
    await makePrices(page, theater);
    await makeChildTickets(page);
    const [tonight, tomorrow] = ['The Long Night', 'Morning After'];
    await makeMovie(page, theater, tonight);
    await makeMovie(page, theater, tomorrow);
    const soon = Date.now() + 25 * 60_000;
    const showId = await makeShow(page, theater, tonight, soon);
    const laterId = await makeShow(page, theater, tomorrow, soon + 24 * 3_600_000);

    const day = local({}, Date.now());
    const counter = await sellAtCounter(page, tonight);
    const web = await buyOnTheWeb(guest, showId, 'guest@example.org');
    const later = await buyOnTheWeb(guest, laterId, 'later@example.org');
    await letIn(page, [...counter.codes, ...web.codes]);
    await cancelShow(page, theater, showId);
    await guest.goto(`/bookings/${web.bookingId}`);
    await guest.getByText(say('booking_cancelled')).waitFor();
    await handOutCash(page, counter);
    await goodwill(page, later);
    equal(await closeShift(page), {
      counter_cash_sales: euro(counter.total), counter_cash_refunds: `−${euro(counter.total)}`,
      counter_expected: euro(FLOAT), counter_difference: '€0.00'
    }, 'the till agrees');
    await totals(page, { tonight, tomorrow, counter, web, later, day });

    // The buyer of the cancelled show was written to, and staff see that.
    await visit(page, 'day_messages');
    await page.getByRole('radio', { name: say('day_messages_sent') }).check();
    await page.getByText(say('day_kind_show_cancelled', {}, { whole: false })).first().waitFor({ timeout: 20_000 });
    ok(server.mails().some((mail) => mail.includes('guest@example.org') && mail.includes('We are sorry.')), 'the word to the buyers is in their mail');
    await visit(page, 'manage_changes');
    await page.getByText(say('day_did_show_cancel')).first().waitFor();
    await page.getByText(say('day_did_payout')).first().waitFor();
    await scene.close();
  } finally {
    await server.end();
  }
}

export const opening = [
  { name: 'a first day, from an empty server to its totals', sizes: ['desktop', 'phone'], ms: 240_000, run: firstDay }
];
