import { describe, expect, it } from 'vitest';
import { clockTime, dayIn, dayParts, daysFrom, runtime } from './time';

describe('the date strip', () => {
  it("starts on the theater's today, not the reader's", () => {
    const now = new Date('2025-05-24T22:30:00Z');
    expect(daysFrom('Europe/Helsinki', now, 1)).toEqual(['2025-05-25']);
    expect(daysFrom('America/Los_Angeles', now, 1)).toEqual(['2025-05-24']);
  });

  it.each(['Europe/Helsinki', 'America/New_York', 'Australia/Lord_Howe'])(
    'has fourteen different days over a change of the clock in %s',
    (zone) => {
      for (const start of ['2025-03-25T12:00:00Z', '2025-10-20T12:00:00Z']) {
        const days = daysFrom(zone, new Date(start), 14);
        expect(new Set(days).size).toBe(14);
        expect(days).toEqual([...days].sort());
      }
    }
  );

  it('crosses the end of a year', () => {
    const days = daysFrom('Asia/Tokyo', new Date('2025-12-30T00:00:00Z'), 4);
    expect(days).toEqual(['2025-12-30', '2025-12-31', '2026-01-01', '2026-01-02']);
  });

  it('names a day without a zone moving it', () => {
    expect(dayParts('2025-05-24').long).toContain('24');
    expect(dayParts('2025-05-24').weekday).toBe('Sat');
  });
});

it("tells the time on the theater's wall", () => {
  const instant = '2025-05-24T16:30:00Z';
  expect(clockTime(instant, 'Europe/Helsinki')).toMatch(/7:30/);
  expect(clockTime(instant, 'Asia/Tokyo')).toMatch(/1:30/);
  expect(dayIn('Asia/Tokyo', new Date(instant))).toBe('2025-05-25');
});

it.each([
  [45, '45 min'],
  [120, '2 hr'],
  [135, '2 hr 15 min']
])('says %i minutes as %s', (minutes, words) => {
  expect(runtime(minutes)).toBe(words);
});
