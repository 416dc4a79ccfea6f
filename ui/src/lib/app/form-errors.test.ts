import { expect, it } from 'vitest';
import { PlatformError } from '$lib/platform';
import { explainAction } from './form-errors';

const refused = (code: string, status: number) =>
  new PlatformError({
    kind: 'problem',
    code,
    title: 'Server title',
    detail: 'Server detail',
    status
  });

it('knows what actions meet, and everything else that any page can', () => {
  expect(explainAction(refused('hold_expired', 409)).title).not.toBe('Server title');
  expect(explainAction(refused('whatever', 404)).title).toBe('Not found');
  expect(explainAction(refused('a_code_of_next_year', 409)).title).toBe('Server title');
});
