import { expect, it } from 'vitest';
import { PlatformError, type ErrorKind } from '$lib/platform';
import { explain, fieldErrors } from './errors';

const error = (code: string, status?: number, kind: ErrorKind = 'problem') =>
  new PlatformError({
    kind,
    code,
    title: 'Server title',
    detail: 'Server detail',
    ...(status === undefined ? {} : { status })
  });

it('has its own words for what it knows, by code and then by status', () => {
  expect(explain(error('offline', undefined, 'offline')).title).toBe('No connection');
  expect(explain(error('whatever', 404)).title).toBe('Not found');
  expect(explain(error('whatever', 429)).title).toBe('Very busy right now');
});

it("uses the server's words for a code it does not know", () => {
  expect(explain(error('a_code_of_next_year', 409))).toEqual({
    title: 'Server title',
    detail: 'Server detail'
  });
});

it('never shows a fault of our own as it is', () => {
  expect(explain(new TypeError('x is undefined')).detail).not.toContain('undefined');
});

it('finds the field a pointer means', () => {
  const refused = new PlatformError({
    kind: 'problem',
    code: 'invalid',
    title: '',
    detail: '',
    errors: [{ pointer: '/seats/0/name', detail: 'too long' }]
  });
  expect(fieldErrors(refused)).toEqual({ name: 'too long' });
  expect(fieldErrors(new Error('x'))).toEqual({});
});
