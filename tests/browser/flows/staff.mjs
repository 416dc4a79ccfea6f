/**
 * Staff's pages: a theater from nothing to its first sold ticket, seats kept for the house, two people at one form, and what
 * those are told who may not.
 */
import { randomUUID } from 'node:crypto';
import { buy } from '../lib/buying.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, link, toast } from '../lib/screen.mjs';
import { account, grant, signInAsStaff } from '../lib/staff.mjs';
import { say } from '../lib/tools.mjs';

const named = (page, name) => page.locator(`[name="${name}"]`);

/** The local day of tomorrow, so that the show is not over when it is bought. */
function tomorrow() {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(Date.now() + 86_400_000);
}

export async function makeTheater(page, name) {
  await page.goto('/manage');
  await link(page, 'manage_theater_new').click();
  const facts = {
    name, address: 'Torstr. 1', city: 'Berlin', country: 'DE', latitude: '52.53', longitude: '13.4', time_zone: 'Europe/Berlin', currency: 'EUR',
    tax_label: 'MwSt. 7 %', tax_percent: '7'
  };
  for (const [member, value] of Object.entries(facts)) await named(page, member).fill(value);
  await button(page, 'save').click();
  await toast(page, 'manage_theater_made').waitFor();
  // The first theater of a server leads on through its steps, any other one to its programme.
  await page.waitForURL(/\/manage\/(?!new$)[^/]+(\/setup)?$/);
  return new URL(page.url()).pathname.split('/')[2];
}

export async function makeScreen(page, theater) {
  await page.goto(`/manage/${theater}/screens/new`);
  await named(page, 'rows').fill('6');
  await named(page, 'seats_per_row').fill('10');
  await named(page, 'aisles_after').fill('5');
  await page.getByText(say('manage_hall_total', { count: 60 })).waitFor();
  await until('the picture has every seat', async () => (await page.getByRole('gridcell').count()) === 60);
  await button(page, 'save').click();
  await toast(page, 'manage_saved').waitFor();
  await page.waitForURL(/\/screens$/);
}

export async function makePrices(page, theater) {
  await page.goto(`/manage/${theater}/prices`);
  await button(page, 'manage_price_list_add').click();
  const amounts = page.getByLabel(say('manage_amount', { currency: 'EUR' }));
  await amounts.nth(0).fill('12,50');
  await button(page, 'save').click();
  // The second amount is still missing: said at its field, and focus is there.
  await page.getByText(say('manage_amount_wrong', { currency: 'EUR' })).waitFor();
  ok(await amounts.nth(1).evaluate((one) => one === document.activeElement), 'focus is on the first mistake');
  await amounts.nth(1).fill('15');
  await button(page, 'save').click();
  await toast(page, 'manage_prices_saved').waitFor();
  equal(await amounts.nth(0).inputValue(), '12.50', 'the amount comes back as it was meant');
}

async function fromNothing(scene, world) {
  const { api } = world;
  const page = await scene.person();
  await signInAsStaff(page, world, null, 'admin');
  const theater = await makeTheater(page, `Kino ${randomUUID().slice(0, 6)}`);
  await heading(page, 'manage_begin_title').waitFor();
  await makeScreen(page, theater);
  await makePrices(page, theater);

  const title = `The Long Night ${randomUUID().slice(0, 4)}`;
  await page.goto(`/manage/${theater}/movies/new`);
  await named(page, 'name').fill(title);
  await named(page, 'duration_minutes').fill('95');
  await named(page, 'languages').fill('de');
  await button(page, 'manage_movie_make').click();
  await toast(page, 'manage_movie_made').waitFor();

  const day = tomorrow();
  const makeShow = async (time) => {
    await page.goto(`/manage/${theater}/shows/new?day=${day}`);
    await named(page, 'movie').fill(title);
    await page.getByRole('button', { name: title }).click();
    await named(page, 'time').fill(time);
    equal(await named(page, 'language').inputValue(), 'de', 'the movie’s language is offered');
    await button(page, 'manage_show_make').click();
  };
  await makeShow('20:00');
  await toast(page, 'manage_shows_made').waitFor();
  await page.waitForURL(/from=/);
  await page.getByText(say('manage_state_draft')).waitFor();

  // Another one at the same time is refused, and the one that is there is named.
  scene.expect(/status of 409/);
  await makeShow('21:00');
  await page.getByText(say('manage_error_clash_title')).waitFor();
  await page.getByRole('alert').getByRole('link', { name: title }).click();
  await page.waitForURL(/\/shows\/[^/]+$/);
  const showId = new URL(page.url()).pathname.split('/').pop();

  const { status: hidden } = await api.call('GET', `/shows/${showId}`);
  equal(hidden, 404, 'nobody sees a draft');
  await button(page, 'manage_publish').click();
  await toast(page, 'manage_published').waitFor();
  await page.getByText(say('manage_state_on_sale')).waitFor();

  const guest = await scene.person();
  await buy(guest, { show_id: showId });
  await page.reload();
  await button(page, 'manage_withdraw').click();
  await page.getByText(say('manage_error_sold_title')).waitFor();

  await page.goto(`/manage/${theater}/changes`);
  await page.getByText(say('manage_did_show_publish')).first().waitFor();
  await page.getByText(say('manage_did_prices_change')).first().click();
  await page.locator('details[open]').getByText('1250').first().waitFor();
}

async function blocks(scene, world) {
  const { api, programme } = world;
  const show = programme.show();
  const page = await scene.person();
  await signInAsStaff(page, world, show.theater_id, 'box_office');
  await page.goto(`/manage/${show.theater_id}/shows/${show.show_id}/seats`);
  const free = page.locator('[role=gridcell].available');
  await free.first().waitFor();
  const seats = [await free.nth(3).getAttribute('data-seat'), await free.nth(4).getAttribute('data-seat')];
  for (const seat of seats) await page.locator(`[data-seat="${seat}"]`).dispatchEvent('click');
  await button(page, 'manage_seats_block', { count: 2 }).click();
  await toast(page, 'manage_seats_blocked', { count: 2 }).waitFor();
  const blocked = (await api.seats(show.show_id)).seats.filter((seat) => seat.status === 'blocked');
  equal(blocked.length, 2, 'two seats are out of the sale');
  await button(page, 'undo').click();
  await toast(page, 'manage_seats_unblocked', { count: 2 }).waitFor();
  await until('both are on sale again', async () =>
    (await api.seats(show.show_id)).seats.every((seat) => seat.status !== 'blocked')
  );

  // A door's role sees the programme, and neither prices nor seats.
  const door = await scene.person();
  await signInAsStaff(door, world, show.theater_id, 'door');
  await door.goto(`/manage/${show.theater_id}`);
  await heading(door, 'manage_programme').waitFor();
  equal(await door.getByRole('link', { name: say('manage_prices') }).count(), 0, 'no way to the prices');
  await door.goto(`/manage/${show.theater_id}/prices`);
  await door.getByText(say('manage_error_forbidden_title')).waitFor();
}

async function twoAtOnce(scene, world) {
  const { programme } = world;
  const { theater_id: theater } = programme.theater;
  const [one, two] = [await scene.person(), await scene.person()];
  await signInAsStaff(one, world, theater, 'owner');
  await signInAsStaff(two, world, theater, 'owner');
  for (const page of [one, two]) {
    await page.goto(`/manage/${theater}/facts`);
    await named(page, 'hold_minutes').waitFor();
  }
  await named(one, 'hold_minutes').fill('7');
  await button(one, 'save').click();
  await toast(one, 'manage_saved').waitFor();
  scene.expect(/status of 412/);
  await named(two, 'hold_minutes').fill('9');
  await button(two, 'save').click();
  await heading(two, 'manage_conflict_title').waitFor();
  equal(await named(two, 'hold_minutes').inputValue(), '9', 'what was typed stays');
  await button(two, 'manage_conflict_theirs').click();
  await until('the other version is shown', async () => (await named(two, 'hold_minutes').inputValue()) === '7');
  await named(two, 'hold_minutes').fill('8');
  await button(two, 'save').click();
  await toast(two, 'manage_saved').waitFor();

  // Somebody joins by e-mail; an address that nobody has is said at its field.
  await one.goto(`/manage/${theater}/people`);
  scene.expect(/status of 422/);
  await field(one, 'email').fill('nobody.here@example.org');
  await button(one, 'manage_person_give').click();
  await one.locator('[aria-invalid=true]').waitFor();
}

async function outside(scene, world) {
  const { api, server, programme } = world;
  const stranger = await scene.person();
  scene.expect(/status of 401/, /status of 404/);
  await stranger.goto('/manage');
  await heading(stranger, 'manage_sign_in_title').waitFor();
  await link(stranger, 'sign_in').click();
  await stranger.waitForURL(/\/signin\?next=/);

  const person = await account(api);
  await field(stranger, 'email').fill(person.email);
  await field(stranger, 'password').fill(person.password);
  await button(stranger, 'sign_in').click();
  await stranger.waitForURL(/\/manage$/);
  await heading(stranger, 'manage_nobody_title').waitFor();

  grant(server, person, programme.theater.theater_id, 'manager');
  await stranger.reload();
  await heading(stranger, 'manage_factor_title').waitFor();
  await link(stranger, 'manage_factor_set_up').click();
  await stranger.waitForURL(/\/profile/);
  await heading(stranger, 'factor_title').waitFor();
  await link(stranger, 'manage_link').waitFor();
  await stranger.goto(`/manage/${programme.theater.theater_id}/prices`);
  await heading(stranger, 'manage_elsewhere_title').waitFor();
}

export const staff = [
  { name: 'a theater from nothing to its first ticket', sizes: ['desktop', 'phone'], run: fromNothing },
  { name: 'seats for the house, by role', sizes: ['desktop'], run: blocks },
  { name: 'two owners at one form', sizes: ['desktop'], run: twoAtOnce },
  { name: 'staff pages from outside', sizes: ['phone'], run: outside }
];
