/** People who work in a theater: accounts with a role, made as an operator makes them, with a code generator of their own. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { serverPath } from './tools.mjs';
import { totp } from './totp.mjs';

const PASSWORD = 'a long evening at the pictures';

function admin(server, args, env = {}) {
  const database = `sqlite:${join(server.folder, 'm.db')}`;
  return execFileSync(serverPath, ['admin', ...args, '--database', database], { env: { ...process.env, ...env }, stdio: 'pipe' });
}

/** An account that was registered over the wire. */
export async function account(api, name = 'Sam Usher') {
  const email = `staff.${randomUUID().slice(0, 8)}@example.org`;
  const { status, body } = await api.call('POST', '/auth/register', { body: { email, password: PASSWORD, name } });
  if (status !== 201) throw new Error(`register: ${status} ${JSON.stringify(body)}`);
  return { email, password: PASSWORD, headers: { authorization: `Bearer ${body.access_token}` } };
}

/** Gives an account a role in a theater, or makes it the server's administrator. */
export function grant(server, person, theaterId, role) {
  if (role === 'admin') admin(server, ['create', '--email', person.email], { MATINEE_ADMIN_PASSWORD: person.password });
  else admin(server, ['grant', '--email', person.email, '--theater', theaterId, '--role', role]);
}

/** Signs a page in as somebody with a role whose session shows a second factor; cookies only, as the app has them. */
export async function signInAsStaff(page, { api, server }, theaterId, role) {
  const person = await account(api);
  grant(server, person, theaterId, role);
  const session = await page.request.post('/api/v1/auth/login', {
    data: { email: person.email, password: person.password, session: 'cookie' }
  });
  if (!session.ok()) throw new Error(`login: ${session.status()} ${await session.text()}`);
  const begun = await page.request.post('/api/v1/auth/second-factor/begin', { data: { password: person.password } });
  if (!begun.ok()) throw new Error(`begin: ${begun.status()} ${await begun.text()}`);
  const { secret } = await begun.json();
  const confirmed = await page.request.post('/api/v1/auth/second-factor/confirm', { data: { code: totp(secret) } });
  if (!confirmed.ok()) throw new Error(`confirm: ${confirmed.status()} ${await confirmed.text()}`);
  // The app remembers in storage that a cookie may be there.
  await page.addInitScript(() => {
    try {
      localStorage.setItem('matinee.signed-in', '1');
    } catch {
      // A page without storage, such as about:blank.
    }
  });
  return { ...person, secret };
}

/** Staff's calls by the cookies a page has, as its own pages make them. */
export const callsOf = (page) => async (method, path, data, headers = {}) => {
  const answer = await page.request.fetch(`/api/v1${path}`, {
    method, data, headers: { ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}), ...headers }
  });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
};

/** A theater of one's own whose show begins in so many minutes, made by the calls its pages use; `page` is signed in as administrator. */
export async function houseTonight(page, minutes = 25) {
  const call = callsOf(page);
  const theater = await call('POST', '/manage/theaters', {
    name: `Kino ${randomUUID().slice(0, 6)}`, time_zone: 'Europe/Berlin', currency: 'EUR',
    location: { address: 'Torstr. 1', city: 'Berlin', country: 'DE', latitude: 52.53, longitude: 13.4 }
  });
  const at = `/manage/theaters/${theater.theater_id}`;
  await call('PUT', `${at}/prices`, {
    ticket_types: [{ code: 'standard', label: 'Adult' }, { code: 'child', label: 'Child', change: { basis_points: -5000 } }],
    price_lists: [{ external_id: 'usual', name: 'Usual', prices: [{ category: 'standard', amount_minor: 1000 }] }]
  }, { 'if-match': '*' });
  const screen = await call('POST', `${at}/screens`, { name: 'One', seats: { hall: { rows: 6, seats_per_row: 10 } } });
  const movie = await call('POST', `${at}/movies`, { name: 'Tonight', duration_minutes: 90, release_year: 2026, languages: ['de'] });
  const start = new Date(Date.now() + minutes * 60_000).toISOString();
  const show = await call('POST', `${at}/shows`, {
    movie_id: movie.movie_id, screen_id: screen.screen_id, start, language: 'de', price_list: 'usual', publish: true
  });
  return { theaterId: theater.theater_id, showId: show.show_id };
}

/** Another test that runs beside this one may want the same seats at the same moment: then the next free ones. */
async function firstFree(api, showId, count) {
  for (let left = 5; ; left -= 1) {
    const { seats } = await api.seats(showId);
    const free = seats.filter((seat) => seat.status === 'available').slice(0, count);
    try {
      return await api.hold(showId, free.map((seat) => seat.seat_id), { pay: true });
    } catch (error) {
      if (left === 0 || error.code !== 'seats_unavailable') throw error;
    }
  }
}

/** Tickets somebody else bought, with the text of their codes. */
export async function boughtTickets(api, showId, count) {
  const booking = await firstFree(api, showId, count);
  const headers = { authorization: `Bearer ${booking.guest_token}` };
  const { status, body } = await api.call('GET', `/bookings/${booking.booking_id}/tickets`, { headers });
  if (status !== 200) throw new Error(`tickets: ${status} ${JSON.stringify(body)}`);
  const { tickets } = body;
  return { reference: booking.reference, codes: tickets.map((one) => one.qr_payload), pictures: tickets.map((one) => one.qr_svg) };
}
