import { describe, expect, it, vi } from 'vitest';
import { PlatformError } from './error';
import { createSend, queryString, type Call } from './http';

function problem(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers }
  });
}

function sender(...answers: (Response | Error)[]) {
  const fetch = vi.fn<typeof globalThis.fetch>(() => {
    const answer = answers.shift() ?? new Error('no more answers');
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  const onReach = vi.fn();
  const sleep = vi.fn(() => Promise.resolve());
  return { send: createSend({ fetch, onReach, sleep }), fetch, onReach, sleep };
}

const read: Call = { method: 'GET', path: '/movies' };
const book: Call = {
  method: 'POST',
  path: '/book',
  body: {},
  headers: { 'Idempotency-Key': 'k1' }
};

async function failure(promise: Promise<unknown>): Promise<PlatformError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(PlatformError);
  return error as PlatformError;
}

describe('send', () => {
  it('answers with the value and when the server said it', async () => {
    const { send, onReach } = sender(
      Response.json({ items: [] }, { headers: { Date: 'Sat, 24 May 2025 16:20:00 GMT' } })
    );
    const answer = await send(read);
    expect(answer.value).toEqual({ items: [] });
    expect(answer.as_of).toBe('2025-05-24T16:20:00.000Z');
    expect(onReach).toHaveBeenLastCalledWith(true);
  });

  it('takes an empty answer for null', async () => {
    const { send } = sender(new Response(null, { status: 204 }), new Response('', { status: 202 }));
    expect((await send({ method: 'DELETE', path: '/bookings/b' })).value).toBeNull();
    expect((await send({ ...book, path: '/bookings/recover' })).value).toBeNull();
  });

  it('carries everything a problem says', async () => {
    const { send } = sender(
      problem(
        409,
        {
          code: 'seats_unavailable',
          title: 'Seats taken',
          detail: 'Somebody was faster.',
          unavailable_seat_ids: ['G7'],
          alternatives: [['G9', 'G10']]
        },
        { 'Retry-After': '3' }
      )
    );
    const error = await failure(send(book));
    expect(error).toMatchObject({
      kind: 'problem',
      code: 'seats_unavailable',
      status: 409,
      retry_after: 3,
      unavailable_seat_ids: ['G7'],
      alternatives: [['G9', 'G10']]
    });
  });

  it('keeps the field errors of a 422', async () => {
    const errors = [{ pointer: '/name', detail: 'must not be empty' }];
    const { send } = sender(problem(422, { code: 'invalid', title: 'Invalid', errors }));
    expect((await failure(send({ method: 'PUT', path: '/users/me/profile' }))).errors).toEqual(
      errors
    );
  });

  it('repeats a read and a keyed POST when the network fails, with the same key', async () => {
    const { send, fetch } = sender(new TypeError('reset'), Response.json({ booking_id: 'b' }));
    await send(book);
    const keys = fetch.mock.calls.map(([, init]) =>
      new Headers(init?.headers).get('Idempotency-Key')
    );
    expect(keys).toEqual(['k1', 'k1']);
  });

  it('never repeats what could take effect twice', async () => {
    const { send, fetch } = sender(new TypeError('reset'));
    const error = await failure(send({ method: 'POST', path: '/auth/login', body: {} }));
    expect(error.kind).toBe('offline');
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('gives up as offline and says so', async () => {
    const down = new TypeError('down');
    const { send, onReach } = sender(down, down, down);
    expect((await failure(send(read))).code).toBe('offline');
    expect(onReach).toHaveBeenLastCalledWith(false);
  });

  it('waits while the first sending of the same key still runs', async () => {
    const { send, sleep } = sender(
      problem(409, { code: 'idempotency_in_progress', title: '' }),
      Response.json({ booking_id: 'b' })
    );
    expect((await send(book)).value).toEqual({ booking_id: 'b' });
    expect(sleep).toHaveBeenCalledTimes(1);
  });

  it('takes a gateway page for an unreachable server, anything else for an invalid answer', async () => {
    const page = (status: number) => new Response('<html>', { status });
    const { send } = sender(page(502), page(500), new Response('<html>'));
    expect((await failure(send({ ...read, method: 'DELETE' }))).kind).toBe('offline');
    expect((await failure(send(read))).kind).toBe('invalid');
    expect((await failure(send(read))).kind).toBe('invalid');
  });
});

describe('queryString', () => {
  it('leaves out what is not given', () => {
    expect(queryString({ q: 'a b', cursor: undefined, limit: 5, date: '' })).toBe('?q=a+b&limit=5');
    expect(queryString(undefined)).toBe('');
  });
});
