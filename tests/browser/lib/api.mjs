/** The server's own word, past the browser: what a test checks a screen against, and what another customer does. */
import { randomUUID } from 'node:crypto';

export class Api {
  constructor(server) {
    this.server = server;
  }

  async call(method, path, { body, headers = {} } = {}) {
    const response = await fetch(`${this.server.address}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' && !path.startsWith('/auth') ? { 'idempotency-key': randomUUID() } : {}),
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
  }

  async get(path) {
    const { status, body } = await this.call('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  seats(showId) {
    return this.get(`/shows/${showId}/seats`);
  }

  async status(showId, seatId) {
    const { seats } = await this.seats(showId);
    return seats.find((seat) => seat.seat_id === seatId)?.status;
  }

  /** Another guest's seats; paid, when asked. */
  async hold(showId, seatIds, { pay = false } = {}) {
    const secret = { 'guest-secret': randomUUID().replaceAll('-', '') };
    const { status, body } = await this.call('POST', '/book', {
      headers: secret,
      body: { show_id: showId, seat_ids: seatIds, guest_email: 'other@example.org' }
    });
    if (status !== 201) throw Object.assign(new Error(`POST /book: ${status} ${JSON.stringify(body)}`), { code: body?.code });
    if (pay) {
      await this.call('POST', '/payment', {
        headers: { authorization: `Bearer ${body.guest_token}` },
        body: { booking_id: body.booking_id, payment_method: 'pm_card_visa' }
      });
    }
    return body;
  }

  async release(booking) {
    const headers = { authorization: `Bearer ${booking.guest_token}` };
    await this.call('DELETE', `/bookings/${booking.booking_id}`, { headers });
  }

  async login(email, password) {
    const { status, body } = await this.call('POST', '/auth/login', { body: { email, password } });
    if (status !== 200) throw new Error(`login: ${status} ${JSON.stringify(body)}`);
    return { authorization: `Bearer ${body.access_token}` };
  }
}

/** A day of the theater's own calendar, so many days from now. */
export function dayIn(timeZone, days) {
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(Date.now() + days * 86_400_000);
}

/** Where the tests go: a theater with round prices in euros, and its shows of the coming days, each given out once. */
export class Programme {
  #shows;

  static async of(api, city = 'Berlin') {
    const { items } = await api.get('/theaters?limit=100');
    const theater =
      items.find((one) => one.location.city === city) ?? items.find((one) => one.currency === 'EUR');
    const shows = [];
    for (const days of [2, 3, 4, 5]) {
      const date = dayIn(theater.time_zone, days);
      const { items: movies } = await api.get(`/theaters/${theater.theater_id}/movies?date=${date}&limit=100`);
      for (const movie of movies) {
        for (const show of movie.shows) shows.push({ ...show, movie, date, theater });
      }
    }
    return new Programme(theater, shows);
  }

  constructor(theater, shows) {
    this.theater = theater;
    this.#shows = shows;
  }

  /** The next show, left for others. */
  peek({ atLeast = 60, atMost = 400 } = {}) {
    const found = this.#shows.find(({ seats_total: seats }) => seats >= atLeast && seats <= atMost);
    if (!found) throw new Error('the demo has no such show left');
    return found;
  }

  /** A show nobody else in this run uses, with seats enough. */
  show(wanted) {
    const found = this.peek(wanted);
    this.#shows.splice(this.#shows.indexOf(found), 1);
    return found;
  }
}
