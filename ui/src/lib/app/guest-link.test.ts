import { describe, expect, it, vi } from 'vitest';
import { setPlatform, type Platform } from '$lib/platform';
import { adoptGuestLink, guestLinkIn } from './guest-link';

const at = (path: string) => new URL(path, 'http://localhost');

describe('the link of a booking mail', () => {
  it('names a booking and carries its token', () => {
    const link = { bookingId: 'b1', token: 'mg_abc-DEF_1' };
    expect(guestLinkIn(at('/bookings/b1#guest=mg_abc-DEF_1'))).toEqual(link);
    expect(guestLinkIn(at('/bookings/b1/cancel#guest=mg_abc-DEF_1'))).toEqual(link);
  });

  it('is nothing else', () => {
    for (const path of [
      '/bookings/b1',
      '/bookings/b1#guest=',
      '/bookings/b1#guest=other',
      '/bookings/b1?guest=mg_a',
      '/bookings/b1#token=mg_a',
      '/bookings/#guest=mg_a',
      '/shows/s1#guest=mg_a',
      `/bookings/b1#guest=mg_${'a'.repeat(600)}`
    ]) {
      expect(guestLinkIn(at(path)), path).toBeNull();
    }
  });

  it('never keeps the page from opening', async () => {
    const adoptGuestToken = vi.fn<Platform['adoptGuestToken']>(() => Promise.reject(new Error()));
    setPlatform({ adoptGuestToken } as unknown as Platform);
    expect(await adoptGuestLink(at('/bookings/b1#guest=mg_a'))).toBe(false);
    expect(adoptGuestToken.mock.calls).toEqual([['b1', 'mg_a']]);
  });
});
