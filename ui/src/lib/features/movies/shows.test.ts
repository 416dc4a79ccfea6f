import { describe, expect, it } from 'vitest';
import { withFutureShows } from '$lib/features/discover/future';
import type { Movie, Show, Theater } from '$lib/platform';
import { fullness, takenPercent } from './fullness';
import { firstDay, groupByTheater } from './group';

const now = new Date('2025-05-24T18:00:00Z');
const show = (theater_id: string, start_time: string) => ({ theater_id, start_time }) as Show;
const theater = (theater_id: string) => ({ theater_id }) as Theater;

describe('fullness', () => {
  it.each([
    [0, 100, 'sold-out'],
    [8, 40, 'few'],
    [9, 40, 'open'],
    [40, 400, 'few'],
    [41, 400, 'open']
  ])('%i of %i seats free is %s', (seats_available, seats_total, expected) => {
    expect(fullness({ seats_available, seats_total })).toBe(expected);
  });

  it('draws a share between nothing and all, whatever the numbers', () => {
    expect(takenPercent({ seats_available: 30, seats_total: 40 })).toBe(25);
    expect(takenPercent({ seats_available: 50, seats_total: 40 })).toBe(0);
    expect(takenPercent({ seats_available: 0, seats_total: 0 })).toBe(100);
  });
});

describe('the day a movie opens on', () => {
  const days = ['2025-05-24', '2025-05-25', '2025-05-26'];

  it('is the first with a show still to come, in the theater’s own days', () => {
    const started = show('t1', '2025-05-24T17:00:00Z');
    const late = show('t1', '2025-05-25T22:30:00Z');
    expect(firstDay([started, late], days, 'UTC', now)).toBe('2025-05-25');
    expect(firstDay([started, late], days, 'Europe/Berlin', now)).toBe('2025-05-26');
  });

  it('is today when nothing runs', () => {
    expect(firstDay([], days, 'UTC', now)).toBe('2025-05-24');
  });
});

describe('shows on a page left open', () => {
  it('drops started shows, and movies without any left', () => {
    const movies = [
      { name: 'a', shows: [show('t', '2025-05-24T17:59:00Z'), show('t', '2025-05-24T19:00:00Z')] },
      { name: 'b', shows: [show('t', '2025-05-24T12:00:00Z')] },
      { name: 'c' }
    ] as Movie[];
    const left = withFutureShows(movies, now);
    expect(left.map((movie) => [movie.name, movie.shows?.length])).toEqual([['a', 1]]);
  });
});

describe('groupByTheater', () => {
  it('keeps the order of theaters and sorts each by time', () => {
    const groups = groupByTheater(
      [
        show('t2', '2025-05-24T21:00:00Z'),
        show('t1', '2025-05-24T20:00:00Z'),
        show('t2', '2025-05-24T19:00:00Z'),
        show('gone', '2025-05-24T19:00:00Z')
      ],
      [theater('t2'), theater('t1'), theater('t3')],
      now
    );
    expect(groups.map(([at, its]) => [at.theater_id, its.length])).toEqual([
      ['t2', 2],
      ['t1', 1]
    ]);
    expect(groups[0]?.[1][0]?.start_time).toBe('2025-05-24T19:00:00Z');
  });
});
