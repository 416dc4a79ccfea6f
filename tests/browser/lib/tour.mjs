/**
 * A walk through every page of staff's and each state worth a look. At every stop `stop(name)` does what it was sent for: a picture, or
 * the checks of accessibility. One list for both, so that what is pictured is what was checked. Finds its way by words of one language.
 */
import { forged, scan } from './door.mjs';
import { until } from './expect.mjs';
import { settled } from './findings.mjs';
import { boughtTickets, callsOf, houseTonight } from './staff.mjs';
import { say } from './tools.mjs';

class Walk {
  constructor(page, house, stop, language = 'en') {
    Object.assign(this, { page, house, stop, language });
  }

  say = (key, given, whole = true) => say(key, given, { whole, language: this.language });
  button = (key, given) => this.page.getByRole('button', { name: this.say(key, given) });
  link = (key, given) => this.page.getByRole('link', { name: this.say(key, given) });
  named = (name) => this.page.locator(`[name="${name}"]`);
  text = (key, given) => this.page.getByText(this.say(key, given));

  async at(path, name) {
    await this.page.goto(path);
    await settled(this.page);
    if (name) await this.stop(name);
  }
}

/** The programme, its shows, movies and screens. */
async function programme(walk) {
  const { page, house, stop } = walk;
  const { of, shows, screens, movies } = house;
  await walk.at('/manage', 'theaters');
  await walk.at('/manage/new', 'theater-new');
  await walk.at(house.empty, 'programme-begin');
  await walk.at(`${house.empty}/screens`, 'screens-none');
  await walk.at(`${house.empty}/people`, 'people-none');
  await walk.at(of, 'programme');
  await page.getByRole('radio', { name: walk.say('manage_view_hours') }).check({ force: true });
  await page.getByRole('region').first().waitFor();
  await stop('programme-hours');
  await walk.at(`${of}/shows/new`, 'show-new');
  await walk.at(`${of}/shows/${shows.tonight.show_id}`, 'show');
  await walk.at(`${of}/shows/${shows.doomed.show_id}`, 'show-cancelled');
  await walk.at(`${of}/shows/${shows.late.show_id}/seats`);
  const free = page.locator('[role=gridcell].available');
  await free.first().waitFor();
  for (const index of [30, 31]) await page.locator(`[data-seat="${await free.nth(index).getAttribute('data-seat')}"]`).dispatchEvent('click');
  await stop('seats');
  await walk.at(`${of}/shows/${shows.tonight.show_id}/cancel`, 'cancel-show');
  await walk.at(`${of}/shows/${shows.doomed.show_id}/cancel`, 'cancel-progress');
  await walk.at(`${of}/movies`, 'movies');
  await walk.at(`${of}/movies/new`);
  await walk.button('manage_movie_make').click();
  await page.locator('[aria-invalid=true]').first().waitFor();
  await stop('movie-refused');
  await walk.at(`${of}/movies/${movies[0].movie_id}`, 'movie');
  await walk.at(`${of}/screens`, 'screens');
  await walk.at(`${of}/screens/new`, 'screen-new');
  await walk.at(`${of}/screens/${screens[0].screen_id}`, 'screen');
}

/** The house itself: prices, facts, people, changes, totals, bookings, messages; and a house that is not theirs. */
async function office(walk) {
  const { page, house, stop } = walk;
  const { of, booking, doomed } = house;
  await walk.at(`${of}/prices`, 'prices');
  await walk.at(`${of}/facts`, 'facts');
  await walk.at(`${of}/people`, 'people');
  await walk.at(`${of}/changes`);
  await page.locator('summary').nth(3).click();
  await stop('changes');
  await walk.at(`${of}/totals`, 'totals');
  await walk.at(`${of}/totals?day=2030-05-04`, 'totals-none');
  await walk.at(`${of}/bookings`, 'bookings-none');
  await walk.at(`${of}/bookings?show=${house.shows.tonight.show_id}`, 'bookings');
  await walk.at(`${of}/bookings/${booking}`, 'booking');
  await walk.at(`${of}/bookings/${doomed.booking.booking_id}`, 'booking-cancelled');
  await walk.at(`${of}/messages`, 'messages');
  await page.getByRole('radio', { name: walk.say('day_messages_waiting') }).check({ force: true });
  await settled(page);
  await stop('messages-none');
  await walk.at('/manage/t-nowhere', 'elsewhere');
}

/** The counter, from opening a shift to its cash-up. */
async function counter(walk) {
  const { page, house, stop } = walk;
  await walk.at(`/manage/counter?theater=${house.theaterId}`, 'counter-shift');
  const window = String((windows += 1));
  await walk.named('window').fill(window);
  await walk.named('float').fill('150');
  await walk.button('counter_shift_open').click();
  const show = page.getByRole('button', { name: house.shows[COUNTER_SHOWS[Number(window) % COUNTER_SHOWS.length]].movie_name });
  await show.first().waitFor();
  await stop('counter-shows');
  await show.first().click();
  await page.getByRole('grid').waitFor();
  await page.getByRole('button', { name: /^3 / }).click();
  await until('three seats are chosen', async () => (await page.locator('[aria-selected=true]').count()) === 3);
  await walk.button('counter_more', { type: 'Child' }).click();
  await stop('counter-basket');
  await walk.button('counter_to_pay').click();
  await walk.named('tendered').fill('50');
  await stop('counter-pay');
  await walk.button('counter_sell').click();
  await page.getByRole('heading', { name: walk.say('counter_sold') }).waitFor();
  await stop('counter-sold');
  await walk.button('counter_next').click();
  await walk.button('counter_shift_close').first().click();
  await walk.named('counted').fill('180');
  await stop('counter-closing');
  await page.locator('form button[type=submit]').last().click();
  await page.getByRole('heading', { name: walk.say('counter_shift_closed', { window }) }).waitFor();
  await stop('counter-closed');
}

/** The door in its verdicts. */
async function door(walk, { api }) {
  const { page, house, stop } = walk;
  const tonight = house.shows.tonight.show_id;
  const pair = await boughtTickets(api, tonight, 2);
  const early = house.guests[5].codes[0];
  await walk.at(`/manage/door?theater=${house.theaterId}`);
  await page.getByText(walk.say('door_count')).waitFor();
  await stop('door-setup');
  await walk.button('door_start_scanner').click();
  await walk.text('door_ready').waitFor();
  await stop('door-ready');
  const shown = async (code, verdict) => {
    await scan(page, code);
    await page.getByRole('heading', { name: walk.say(verdict) }).waitFor();
    await until('it is decided', async () => (await page.locator('[aria-busy=true]').count()) === 0);
    await stop(verdict.replaceAll('_', '-'));
  };
  await shown(pair.codes[0], 'door_admitted');
  await shown(pair.codes[0], 'door_already');
  await shown(forged(pair.codes[1]), 'door_forged');
  await shown(early, 'door_too_early');
  await walk.named('code').fill(house.guests[0].reference);
  await walk.button('door_check').click();
  await page.getByRole('heading', { name: walk.say('door_choose') }).waitFor();
  await stop('door-choose');
}

/** Each walk has a window of its own, which has one shift at a time, and a show whose best seats no other walk takes. */
let windows = 1;
const COUNTER_SHOWS = ['late', 'studio', 'tonight'];

/** A house's first day, and a show that is about to go elsewhere. */
async function opening(walk) {
  const { house } = walk;
  await walk.at(`${house.empty}/setup`, 'steps-begin');
  await walk.at(`${house.of}/setup`, 'steps');
  await walk.at(`${house.of}/shows/week`, 'week');
  await walk.at(`${house.of}/setup/payments`, 'gateways');
  await walk.at(`${house.of}/setup/test`, 'test-booking');
  await walk.at(`${house.of}/setup/network`, 'network');
  await walk.at(`${house.of}/shows/${house.shows.tonight.show_id}/move`, 'move-show');
}

/** A show that goes to a screen without room for all of its guests: what would happen, and what did. */
async function moving(walk, { api }) {
  const { page, stop } = walk;
  const { theaterId, showId } = await houseTonight(page, 180);
  // Three seats in all: two side by side fit, and one alone; three together do not.
  await callsOf(page)('POST', `/manage/theaters/${theaterId}/screens`, { name: 'Two', seats: { hall: { rows: 1, seats_per_row: 3, aisles_after: [2] } } });
  for (const count of [2, 3, 1]) await boughtTickets(api, showId, count);
  await walk.at(`/manage/${theaterId}/shows/${showId}/move`);
  await walk.named('screen').selectOption({ label: 'Two (3)' });
  await walk.button('day_move_ask').click();
  await walk.text('day_move_preview').waitFor();
  for (const more of await page.locator('summary').all()) await more.click();
  await stop('move-plan');
  await walk.button('day_move_go').click();
  await walk.text('day_move_done').waitFor({ timeout: 30_000 });
  await stop('move-progress');
}

const PARTS = { programme, office, counter, door, opening, moving };
export const parts = Object.keys(PARTS);

export async function walkThrough(part, { page, house, stop, world, language }) {
  await PARTS[part](new Walk(page, house, stop, language), world);
}
