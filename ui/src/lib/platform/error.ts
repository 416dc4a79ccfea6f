/**
 * The one error every platform call throws. Its `kind` says what a screen may do about it: 'offline'
 * (nothing reached the server, or we do not know), 'problem' (the server answered with a problem code),
 * 'invalid' (an answer that is not what the contract says), and in the shell
 * 'secrets' (the OS keyring can't keep a token) and 'internal' (something on this device). Left out: words for people, which are in
 * app/errors.ts because they are translated.
 */
import type { FieldError, Problem } from './types';

export type ErrorKind = 'offline' | 'problem' | 'invalid' | 'secrets' | 'internal';

export interface PlatformErrorData {
  kind: ErrorKind;
  /** The problem's stable code, or one of the app's own: 'offline', 'invalid_answer', 'secrets_unavailable', … */
  code: string;
  title: string;
  detail: string;
  status?: number;
  /** Seconds, from Retry-After. */
  retry_after?: number;
  errors?: FieldError[];
  unavailable_seat_ids?: string[];
  alternatives?: string[][];
  /** Any further members of the problem (say, the seats that satisfy `single_seat_gap`). */
  problem?: Problem;
}

export class PlatformError extends Error implements PlatformErrorData {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly status?: number;
  readonly retry_after?: number;
  readonly errors?: FieldError[];
  readonly unavailable_seat_ids?: string[];
  readonly alternatives?: string[][];
  readonly problem?: Problem;

  constructor(data: PlatformErrorData, options?: ErrorOptions) {
    super(data.detail || data.title || data.code, options);
    this.name = 'PlatformError';
    this.kind = data.kind;
    this.code = data.code;
    this.title = data.title;
    this.detail = data.detail;
    if (data.status !== undefined) this.status = data.status;
    if (data.retry_after !== undefined) this.retry_after = data.retry_after;
    if (data.errors !== undefined) this.errors = data.errors;
    if (data.unavailable_seat_ids !== undefined)
      this.unavailable_seat_ids = data.unavailable_seat_ids;
    if (data.alternatives !== undefined) this.alternatives = data.alternatives;
    if (data.problem !== undefined) this.problem = data.problem;
  }
}

export function offlineError(cause?: unknown): PlatformError {
  return new PlatformError(
    { kind: 'offline', code: 'offline', title: 'No connection', detail: '' },
    { cause }
  );
}

export function invalidAnswer(detail: string, status?: number): PlatformError {
  return new PlatformError({
    kind: 'invalid',
    code: 'invalid_answer',
    title: 'Unexpected answer',
    detail,
    ...(status === undefined ? {} : { status })
  });
}

export function isPlatformError(error: unknown): error is PlatformError {
  return error instanceof PlatformError;
}

export function hasCode(error: unknown, ...codes: string[]): error is PlatformError {
  return isPlatformError(error) && codes.includes(error.code);
}
