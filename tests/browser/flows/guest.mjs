/** The whole path of a guest: from the list of theaters to a ticket, and back by cancelling. */
import { readFile } from 'node:fs/promises';
import { chosen, EMAIL, names, openShow, payAs, place, proceed, seatNamed, suggested, ticketShown } from '../lib/buying.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, link } from '../lib/screen.mjs';
import { say } from '../lib/tools.mjs';

async function wholePath(scene, { api, programme }) {
  const show = programme.show();
  const page = await scene.person();

  await page.goto('/');
  await heading(page, 'discover_where').waitFor();
  await page.getByRole('searchbox', { name: say('theaters_search') }).fill(programme.theater.location.city);
  await page.getByRole('button', { name: programme.theater.name }).click();
  await heading(page, 'movies_on_day').waitFor({ state: 'attached' });
  equal(await page.locator('[data-page-title]').innerText(), programme.theater.name, 'Discover opens on the theater');

  await page.goto(`/?date=${show.date}`);
  await page.getByRole('link', { name: show.movie.name, exact: true }).click();
  await page.waitForURL(/\/movies\//);
  await page.getByText(show.movie.director).first().waitFor();
  await page.goto(page.url() + `&date=${show.date}`);
  await page.locator(`a[href="/shows/${show.show_id}"]`).click();

  await suggested(page);
  const best = await names(page);
  equal(new Set(best.map((name) => place(name).split(',')[0])).size, 1, 'the suggestion is together');
  await chooseOwn(page, api, show);

  const wanted = (await names(page)).map(place).sort();
  const total = (await page.getByRole('button', { name: say('continue_amount') }).innerText()).match(/[\d.,]+/)[0];
  const booking = await proceed(page);
  equal(await statusOf(api, show, wanted), ['held', 'held'], 'the seats on the server');
  const pay = await button(page, 'pay_amount').innerText();
  ok(pay.includes(total), `the price of the first button (${total}) is paid: ${pay}`);
  await button(page, 'price_details').or(page.getByText(say('price_details'))).first().waitFor();

  await button(page, 'pay_amount').click();
  await page.getByText(say('field_email_invalid')).waitFor();
  await payAs(page);
  equal(await ticketShown(page), booking, 'the confirmation is the ticket');
  for (const at of wanted) await page.getByText(at, { exact: true }).first().waitFor({ state: 'attached' });
  await page.getByText(say('ticket_test'), { exact: true }).first().waitFor();
  await button(page, 'add_to_calendar').waitFor();
  ok(await page.getByRole('link', { name: say('save_pdf') }).count(), 'the ticket as PDF');
  const saved = page.waitForEvent('download');
  await button(page, 'receipt').click();
  const receipt = await readFile(await (await saved).path(), 'latin1');
  ok(receipt.startsWith('%PDF-') && receipt.includes(total), `a receipt about ${total}`);
  equal(await statusOf(api, show, wanted), ['sold', 'sold'], 'the seats after paying');

  await page.getByRole('link', { name: say('nav_tickets') }).click();
  await heading(page, 'history_upcoming').waitFor();
  await page.getByRole('main').getByRole('link', { name: show.movie.name }).click();
  await cancelAll(page, scene, total, show);
  equal(await statusOf(api, show, wanted), ['available', 'available'], 'the seats are free again');
}

/** Leaves the suggestion: one seat by pointer, one by keyboard. */
async function chooseOwn(page, api, show) {
  for (const name of await names(page)) {
    const cell = page.getByRole('gridcell', { name, exact: true });
    await cell.focus();
    await page.keyboard.press('Space');
  }
  await until('nothing is chosen', async () => (await chosen(page).count()) === 0);
  const { seats } = await api.seats(show.show_id);
  const pair = freePair(seats);
  const tap = seatNamed(page, pair[0]);
  await tap.focus();
  await page.keyboard.press('End');
  await tap.focus();
  await (page.viewportSize().width < 600 ? tap.tap() : tap.click());
  await until('one seat by pointer', async () => (await chosen(page).count()) === 1);
  await tap.focus();
  await page.keyboard.press('ArrowRight');
  const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  equal(place(focused), `Row ${pair[1].row}, seat ${pair[1].number}`, 'the arrow walks to the neighbour');
  await page.keyboard.press('Space');
  await until('a second seat by keyboard', async () => (await chosen(page).count()) === 2);
  const spoken = await page.locator('[aria-live=polite]').allInnerTexts();
  ok(spoken.join(' ').includes(`seat ${pair[1].number}`), `the choice is spoken: ${JSON.stringify(spoken)}`);
}

/** Two free neighbours away from the best seats, at a row's start so that no seat is left single. */
export function freePair(seats, skip = 0) {
  const rows = new Map();
  for (const seat of seats.filter(({ kind }) => !/wheelchair|companion|sofa/.test(kind))) {
    const name = `${seat.area ?? ''} ${seat.row}`;
    rows.set(name, [...(rows.get(name) ?? []), seat]);
  }
  for (const row of [...rows.values()].slice(skip)) {
    const inOrder = row.sort((a, b) => a.x - b.x);
    for (let at = 0; at + 1 < inOrder.length; at += 2) {
      const pair = inOrder.slice(at, at + 2);
      if (pair.every((seat) => seat.status === 'available')) return pair;
    }
  }
  throw new Error('no free pair');
}

async function cancelAll(page, scene, total, show) {
  await link(page, 'cancel_tickets').click();
  await page.waitForURL(/\/cancel$/);
  await page.getByText(say('cancel_back')).waitFor();
  const amount = await page.locator('dd.amount').innerText();
  ok(amount.includes(total), `the refund ${amount} is the price ${total}, before anything happens`);
  equal(await page.getByRole('checkbox').count(), 2, 'both tickets can be chosen');
  await page.getByRole('checkbox').first().uncheck();
  ok(!(await page.locator('dd.amount').innerText()).includes(total), 'one ticket alone gives back less');
  await page.getByRole('checkbox').first().check();
  await button(page, 'cancel_confirm').click();
  await heading(page, 'cancelled_done').waitFor();
  await page.getByText(say('cancelled_refund')).waitFor();
  await link(page, 'to_booking').click();
  await page.getByText(say('booking_cancelled')).waitFor();
  await page.goto('/tickets');
  await heading(page, 'history_cancelled').waitFor();
  await page.getByRole('main').getByText(show.movie.name).first().waitFor();
}

export async function statusOf(api, show, places) {
  const { seats } = await api.seats(show.show_id);
  return places.map((at) => seats.find((seat) => `Row ${seat.row}, seat ${seat.number}` === at)?.status);
}

/** Without the map: sections, rows and seats as a list, and the best seats by a button. */
async function listInstead(scene, { programme }) {
  const page = await scene.person();
  await openShow(page, programme.show());
  await button(page, 'show_list').click();
  await page.locator('summary').nth(2).click();
  const free = page.locator('details[open] button:not([aria-disabled=true])').first();
  await free.click();
  equal(await free.getAttribute('aria-pressed'), 'true', 'the list shows the choice');
  await button(page, 'party_more').click();
  await button(page, 'show_map').click();
  await until('three best seats', async () => (await chosen(page).count()) === 3);
}

/** Back, forward and focus: the sheet closes with Back, and the hold stays as it was said. */
async function leaveAndReturn(scene, { programme }) {
  const page = await scene.person();
  await openShow(page, programme.show());
  await proceed(page);
  await field(page, 'email').fill(EMAIL);
  await page.goBack();
  await heading(page, 'checkout').waitFor({ state: 'detached' }).catch(async () => {
    ok((await button(page, 'pay_amount').count()) === 0, 'Back leaves the checkout');
  });
  await page.goForward();
  await button(page, 'pay_amount').waitFor();
  equal(await field(page, 'email').inputValue(), EMAIL, 'typed data survives');
  await page.reload();
  await button(page, 'pay_amount').waitFor();
  equal(await field(page, 'email').inputValue(), EMAIL, 'typed data survives a reload');
  await button(page, 'release_seats').click();
  await page.getByText(say('released')).first().waitFor();
}

export const guest = [
  { name: 'the whole path of a guest', sizes: ['phone', 'desktop'], run: wholePath },
  { name: 'seats from the list and the best-seats button', sizes: ['phone'], run: listInstead },
  { name: 'leaving the checkout and coming back', sizes: ['phone', 'desktop'], run: leaveAndReturn }
];
