/**
 * A house with everything its staff ever see: two screens, a week of shows (drafts, one that is cancelled), people of every role, sales
 * of the web and the counter, money that went back, seats kept back, a mail that could not be delivered. Made by the calls of its pages.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { equal, ok, until } from './expect.mjs';
import { account, boughtTickets, callsOf, grant } from './staff.mjs';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MOVIES = [
  ['Die unglaubliche Reise in einem verrückten Flugzeug', 88, 1980, 'de'],
  ['Metropolis', 153, 1927, 'de'],
  ['The Long Night', 95, 2026, 'en'],
  ['Nosferatu', 94, 1922, 'de']
];
const facts = (name) => ({
  name: `${name} ${randomUUID().slice(0, 4)}`, time_zone: 'Europe/Berlin', currency: 'EUR', doors_open_minutes: 60,
  location: { address: 'Rathausplatz 1', city: 'Berlin', country: 'DE', latitude: 52.52, longitude: 13.41 },
  tax: { label: 'MwSt. 7 %', basis_points: 700 }, fees: { per_seat_minor: 50 },
  cancellation_policy: [{ minutes_before: 60, refund_basis_points: 10_000 }]
});

async function theaterOf(call) {
  const theater = await call('POST', '/manage/theaters', facts('Filmtheater am Rathausplatz'));
  const at = `/manage/theaters/${theater.theater_id}`;
  await call('PUT', `${at}/prices`, {
    ticket_types: [
      { code: 'standard', label: 'Adult' },
      { code: 'child', label: 'Child', change: { basis_points: -5000 } },
      { code: 'student', label: 'Student', change: { basis_points: -2000 }, proof: 'Student card' }
    ],
    price_lists: [{
      external_id: 'usual', name: 'Usual',
      prices: [{ category: 'standard', amount_minor: 1150 }, { category: 'premium', amount_minor: 1400 }],
      rules: [{ label: 'Cinema day', weekdays: [2], change: { basis_points: -2500 } }]
    }]
  }, { 'if-match': '*' });
  const hall = { rows: 9, seats_per_row: 14, aisles_after: [4, 10], wheelchair_places: 2, premium_rows: 2 };
  const large = await call('POST', `${at}/screens`, { name: 'Great hall', seats: { hall } });
  const small = await call('POST', `${at}/screens`, { name: 'Studio', seats: { hall: { rows: 5, seats_per_row: 8, premium_rows: 1 } } });
  return { theater, at, screens: [large, small] };
}

/** Shows of tonight, of the days after, drafts, and one for cancelling; each as the server answered. */
async function programmeOf(call, { at, screens }) {
  const movies = [];
  for (const [name, minutes, year, language] of MOVIES) {
    movies.push(await call('POST', `${at}/movies`, { name, duration_minutes: minutes, release_year: year, languages: [language] }));
  }
  const now = Math.ceil(Date.now() / (5 * MINUTE)) * 5 * MINUTE;
  const make = (movie, screen, start, publish = true) => call('POST', `${at}/shows`, {
    movie_id: movies[movie].movie_id, screen_id: screens[screen].screen_id, start: new Date(start).toISOString(),
    language: MOVIES[movie][3], price_list: 'usual', publish
  });
  const shows = {
    tonight: await make(0, 0, now + 20 * MINUTE),
    studio: await make(2, 1, now + 35 * MINUTE),
    late: await make(3, 0, now + 170 * MINUTE),
    doomed: await make(3, 1, now + 190 * MINUTE)
  };
  for (let day = 1; day < 6; day += 1) {
    shows[`day${day}`] = await make(1, 0, now + day * DAY, day < 4);
    await make(day % 4, 1, now + day * DAY + 40 * MINUTE, day < 5);
  }
  return { movies, shows };
}

async function peopleOf({ api, server }, theaterId) {
  for (const [name, role] of [['Nora Inhaberin', 'owner'], ['Bartholomäus Schwarzenberger-Lindenthal', 'manager'], ['Kim Kasse', 'box_office'], ['Tomas Tür', 'door']]) {
    grant(server, await account(api, name), theaterId, role);
  }
}

/** `page` is signed in as the server's administrator. */
export async function busyHouse(page, world) {
  const { api } = world;
  const call = callsOf(page);
  const empty = await call('POST', '/manage/theaters', facts('Neues Haus'));
  const made = await theaterOf(call);
  const { theater, at } = made;
  const theaterId = theater.theater_id;
  const { movies, shows } = await programmeOf(call, made);
  await peopleOf(world, theaterId);

  const guests = [];
  for (const [show, count] of [['tonight', 4], ['tonight', 2], ['studio', 3], ['late', 2], ['doomed', 2], ['day1', 4]]) {
    guests.push(await boughtTickets(api, shows[show].show_id, count));
  }
  const { seats } = await api.seats(shows.late.show_id);
  await call('POST', `/manage/shows/${shows.late.show_id}/seats/block`, { seat_ids: seats.slice(-6).map((seat) => seat.seat_id), reason: 'For the house' });
  const shift = await call('POST', `${at}/shifts`, { window: '1', float_minor: 15_000 });
  const sell = (show, method, best) => call('POST', `/manage/shows/${shows[show].show_id}/sell`, { best, method, shift_id: shift.shift_id });
  await sell('tonight', 'cash', 2);
  await sell('studio', 'terminal', 2);
  const doomed = await sell('doomed', 'cash', 2);
  await call('POST', `${at}/shifts/${shift.shift_id}/close`, { counted_minor: shift.float.amount_minor + cashOf(await call('GET', `${at}/shifts/${shift.shift_id}`)) });
  await call('POST', `/manage/shows/${shows.doomed.show_id}/cancel`, { reason: 'The projector is broken', message: 'We are sorry.' });
  const found = await call('GET', `${at}/bookings?query=${guests[5].reference}`);
  equal(found.items.length, 1, 'a booking by its reference');
  const booking = found.items[0].booking_id;
  await call('POST', `/manage/bookings/${booking}/refund`, { amount: { amount_minor: 250, currency: 'EUR' }, reason: 'complaint', words: 'It was cold' });

  await refusedMail(world, call, at, guests[5].reference);
  await until('the cancelled show is through', async () => {
    const now = await call('GET', `/manage/shows/${shows.doomed.show_id}/cancellation`);
    return now.finished && now.refunds_pending === 0;
  }, { timeout: 30_000 });
  return { theaterId, of: `/manage/${theaterId}`, empty: `/manage/${empty.theater_id}`, screens: made.screens, movies, shows, booking, guests, doomed };
}

/** A mail server refused a confirmation for good. No address that the server takes makes its folder of mails do that, so it is written. */
async function refusedMail({ server }, call, at, reference) {
  const sent = () => call('GET', `${at}/messages?state=sent`);
  const [letter] = await until('the confirmation went out', async () => {
    const found = (await sent()).items.filter((one) => one.kind === 'confirmation');
    return found.length > 0 && found;
  }, { timeout: 20_000 });
  const change = `UPDATE messages SET status = 'failed', sent_at = NULL, attempts = 15, last_error = '550 5.1.1 no such mailbox'
    WHERE kind = 'confirmation' AND booking IN (SELECT booking FROM bookings WHERE replace(reference, '-', '') = '${reference.replace('-', '')}')`;
  execFileSync('sqlite3', [join(server.folder, 'm.db'), '.timeout 5000', change]);
  ok(letter && (await call('GET', `${at}/messages?state=dead`)).items.length > 0, 'one mail is given up');
}

const cashOf = (shift) => shift.cash_sales.amount_minor;
