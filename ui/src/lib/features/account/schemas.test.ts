import { describe, expect, it } from 'vitest';
import { checked, recovery, registration, signIn } from './schemas';

describe('checked', () => {
  it('trims what people paste', () => {
    expect(checked(signIn, { email: ' sam@example.com ', password: 'x' })).toEqual({
      values: { email: 'sam@example.com', password: 'x' }
    });
  });

  it('never trims a new password', () => {
    const result = checked(registration, {
      name: 'Sam',
      email: 'sam@example.com',
      password: ' 8 chars '
    });
    expect(result).toMatchObject({ values: { password: ' 8 chars ' } });
  });

  it('has one message per wrong field', () => {
    const result = checked(registration, { name: ' ', email: 'sam@', password: 'short' });
    expect(Object.keys('fields' in result ? result.fields : {}).sort()).toEqual([
      'email',
      'name',
      'password'
    ]);
  });

  it.each(['', 'sam', 'sam@host', 'a b@example.com', '@example.com'])('refuses %j', (email) => {
    expect('fields' in checked(recovery, { reference: 'ABC', email })).toBe(true);
  });
});
