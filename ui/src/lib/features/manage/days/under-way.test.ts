import { describe, expect, it } from 'vitest';
import { isAllBack, lookAgain } from './under-way';

describe('work that is under way', () => {
  it.each([
    ['bookings are left', { finished: false, refunds_pending: 0 }],
    ['money is on its way', { finished: true, refunds_pending: 1 }]
  ])('is looked at again while %s', (_, now) => {
    expect(lookAgain(now)).toBeGreaterThan(0);
  });

  it('is not looked at again once it is over, or when there is none', () => {
    expect(lookAgain({ finished: true, refunds_pending: 0 })).toBe(false);
    expect(lookAgain(null)).toBe(false);
    expect(lookAgain(undefined)).toBe(false);
  });
});

describe('money that goes back', () => {
  const all = { finished: true, refunds_pending: 0, refunds_failed: 0 };

  it.each([
    ['bookings are left', { finished: false }],
    ['some is on its way', { refunds_pending: 1 }],
    ['some could not be paid', { refunds_failed: 1 }]
  ])('is not said to be there while %s', (_, but) => {
    expect(isAllBack({ ...all, ...but })).toBe(false);
  });

  it('is said to be there when all of it is', () => {
    expect(isAllBack(all)).toBe(true);
  });
});
