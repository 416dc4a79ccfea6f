/** Two people at one show: what one takes, the other sees. */
import { bar, chosen, names, openShow, place, proceed, seatNamed } from '../lib/buying.mjs';
import { freePair } from './guest.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button } from '../lib/screen.mjs';
import { say } from '../lib/tools.mjs';

const seatAt = (seats, at) => seats.find((seat) => `Row ${seat.row}, seat ${seat.number}` === at);

async function seenAtOnce(scene, { api, programme }) {
  const show = programme.show();
  const [ada, ben] = [await scene.person({ size: 'desktop' }), await scene.person({ size: 'phone' })];
  await openShow(ada, show);
  await openShow(ben, show);
  await button(ben, 'party_less').click();
  const { seats } = await api.seats(show.show_id);
  const [first] = freePair(seats, 3);

  // Ada empties her choice and takes this seat alone.
  for (const name of await names(ada)) await ada.getByRole('gridcell', { name, exact: true }).press('Space');
  await seatNamed(ada, first).press('Space');
  equal(await chosen(ada).count(), 1, 'Ada chose one seat');
  const held = ada.waitForResponse((answer) => answer.url().endsWith('/book') && answer.status() === 201);
  await bar(ada).click();
  await held;
  const taken = Date.now();
  const cell = seatNamed(ben, first);
  await until('Ben sees it', async () => (await cell.getAttribute('aria-disabled')) === 'true', { timeout: 3000, every: 20 });
  const ms = Date.now() - taken;
  ok(ms <= 1000, `a taken seat was seen after ${ms} ms`);
  ok((await cell.getAttribute('aria-label')).endsWith('being bought by someone'), 'and is named so');

  await button(ada, 'release_seats').click();
  await until('Ben sees it free again', async () => (await cell.getAttribute('aria-disabled')) === null, { timeout: 3000 });
}

/** Somebody takes a seat that was chosen here: it is named aloud, another is offered, the rest is kept. */
async function lostSeat(scene, { api, programme }) {
  const show = programme.show();
  const page = await scene.person();
  await openShow(page, show);
  const [mine, kept] = await names(page);
  const { seats } = await api.seats(show.show_id);
  const other = await api.hold(show.show_id, [seatAt(seats, place(mine)).seat_id]);
  const alert = page.locator('[aria-live=assertive], [role=alert]');
  await until('the loss is announced', async () =>
    (await alert.allInnerTexts()).some((text) => text.includes(place(mine)))
  );
  equal((await names(page)).map(place), [place(kept)], 'the rest is kept');
  await page.getByRole('button', { name: say('seat_take') }).first().click();
  await until('the offered seat is taken', async () => (await chosen(page).count()) === 2);
  await api.release(other);
}

/** The stream was too slow: the server refuses, and offers seats of the same kind. */
async function lostRace(scene, { api, programme }) {
  const show = programme.show();
  const page = await scene.person();
  scene.expect(/status of 409/, /ERR_FAILED/);
  await page.route('**/seats/live*', (route) => route.abort());
  await openShow(page, show);
  const { seats } = await api.seats(show.show_id);
  const wanted = (await names(page)).map((name) => seatAt(seats, place(name)).seat_id);
  await api.hold(show.show_id, [wanted[0]]);
  await bar(page).click();
  await page.getByText(say('seats_gone')).waitFor();
  await page.getByText(say('seats_gone_offer')).waitFor();
  await page.getByRole('button', { name: say('seat_take') }).first().click();
  await until('the alternative is chosen', async () => (await chosen(page).count()) === 2);
  await proceed(page);
}

export const together = [
  { name: 'a seat taken in one window is taken in the other', run: seenAtOnce },
  { name: 'losing a chosen seat is announced', sizes: ['phone', 'desktop'], run: lostSeat },
  { name: 'losing the race for a seat', sizes: ['desktop'], run: lostRace }
];
