/**
 * JSON over HTTP for the browser: one function that sends, times out, retries what is safe to retry, and turns
 * every failure into a PlatformError. Knows nothing of the calls themselves.
 */
import { PlatformError, invalidAnswer, offlineError } from './error';
import type { Problem } from './types';

const BASE = '/api/v1';
const TIMEOUT_MS = 15_000;
const RETRY_DELAYS_MS = [400, 1200];

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string | undefined>;
  /** Give up after so many milliseconds and do not ask again: whoever calls has another way. */
  within?: number;
  /** The answer is a file, not JSON. */
  as?: 'file';
}

export interface Answer<T> {
  value: T;
  status: number;
  etag: string | null;
  as_of: string;
}

export interface HttpOptions {
  /** Told after every call whether the server was heard. */
  onReach(reached: boolean): void;
  fetch?: typeof globalThis.fetch;
  sleep?(ms: number): Promise<void>;
}

export type Send = <T>(call: Call) => Promise<Answer<T>>;

export function createSend(options: HttpOptions): Send {
  const doFetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const sleep = options.sleep ?? ((ms) => new Promise<void>((done) => setTimeout(done, ms)));

  async function once(call: Call): Promise<Response> {
    const headers = new Headers({ Accept: call.as === 'file' ? '*/*' : 'application/json' });
    if (call.body !== undefined) headers.set('Content-Type', 'application/json');
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined) headers.set(name, value);
    }
    return doFetch(BASE + call.path + queryString(call.query), {
      method: call.method,
      headers,
      credentials: 'same-origin',
      signal: AbortSignal.timeout(call.within ?? TIMEOUT_MS),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) })
    });
  }

  return async function send<T>(call: Call): Promise<Answer<T>> {
    for (let attempt = 0; ; attempt += 1) {
      const delay = RETRY_DELAYS_MS[attempt];
      try {
        const response = await once(call);
        options.onReach(true);
        if (response.status === 409 && delay !== undefined && repeatable(call)) {
          const error = await errorFrom(response);
          if (error.code !== 'idempotency_in_progress') throw error;
          await sleep(delay);
          continue;
        }
        return await answerFrom<T>(response, call.as);
      } catch (error) {
        if (error instanceof PlatformError) throw error;
        if (delay === undefined || !repeatable(call)) {
          options.onReach(false);
          throw offlineError(error);
        }
        await sleep(delay);
      }
    }
  };
}

/** Reads change nothing; a POST with an Idempotency-Key has one effect however often it is sent. */
function repeatable(call: Call): boolean {
  return (
    call.within === undefined &&
    (call.method === 'GET' ||
      call.method === 'PUT' ||
      call.headers?.['Idempotency-Key'] !== undefined)
  );
}

export function queryString(query: Call['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text && `?${text}`;
}

async function answerFrom<T>(response: Response, as: Call['as']): Promise<Answer<T>> {
  if (!response.ok) throw await errorFrom(response);
  // Doors need milliseconds; what else is answered has seconds.
  const { headers } = response;
  const date = Date.parse(`${headers.get('Server-Time') ?? headers.get('Date')}`);
  return {
    value: (as === 'file' ? await response.blob() : await jsonOf(response)) as T,
    status: response.status,
    etag: headers.get('ETag'),
    as_of: new Date(date || Date.now()).toISOString()
  };
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  // Also what says that it has no content.
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw invalidAnswer('The answer is not JSON.', response.status);
  }
}

/** RFC 9457 problem → PlatformError. Anything else that is not 2xx came from something in between. */
async function errorFrom(response: Response): Promise<PlatformError> {
  let problem: unknown;
  try {
    problem = await jsonOf(response);
  } catch {
    problem = null;
  }
  if (!isProblem(problem)) {
    // A proxy's own page: the server behind it was not reached.
    if ([502, 503, 504].includes(response.status)) return offlineError();
    return invalidAnswer(`Status ${response.status} without a problem code.`, response.status);
  }
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new PlatformError({
    kind: 'problem',
    code: problem.code,
    title: problem.title ?? problem.code,
    detail: problem.detail ?? '',
    status: response.status,
    problem,
    ...(Number.isFinite(retryAfter) ? { retry_after: retryAfter } : {}),
    ...(problem.errors ? { errors: problem.errors } : {}),
    ...(problem.unavailable_seat_ids ? { unavailable_seat_ids: problem.unavailable_seat_ids } : {}),
    ...(problem.alternatives ? { alternatives: problem.alternatives } : {})
  });
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { code?: unknown }).code === 'string'
  );
}
