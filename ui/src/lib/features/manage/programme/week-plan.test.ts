import { describe, expect, it } from 'vitest';
import { everyDay, plannedOf, possible, timesOf, wrongIn, type WeekDraft } from './week-plan';

const draft: WeekDraft = {
  movie: { movie_id: 'm1', name: 'A' },
  screens: { one: true, two: true, three: false },
  times: '20:15, 15.00',
  from: '2030-10-25',
  days: everyDay(),
  format: '2D',
  language: 'de',
  subtitles: '',
  price_list: 'usual',
  publish: true
};
const screens = ['one', 'two', 'three'];
const words = { required: 'required', times: 'times', many: 'many' };

describe('times of a day', () => {
  it('are read as people write them', () => {
    expect(timesOf('9:05 20.15;20:15, 00:00')).toEqual(['00:00', '09:05', '20:15']);
    for (const wrong of ['', ' , ', '24:00', '20:60', '8pm', '20:15, soon']) {
      expect(timesOf(wrong)).toBeNull();
    }
  });
});

describe('a week', () => {
  it('is every day, time and screen, on the wall clock whatever the clocks do', () => {
    const planned = plannedOf(draft, screens);
    expect(planned).toHaveLength(7 * 2 * 2);
    expect(planned[0]?.spec).toMatchObject({
      movie_id: 'm1',
      screen_id: 'one',
      start: '2030-10-25T15:00',
      price_list: 'usual',
      publish: true
    });
    // Winter time begins on the 27th.
    expect(planned.at(-1)?.spec.start).toBe('2030-10-31T20:15');
    const starts = planned.map(({ spec }) => `${spec.start} ${spec.screen_id}`);
    expect(new Set(starts).size).toBe(planned.length);
  });

  it('leaves days out', () => {
    const days = everyDay().map((_, index) => index === 1);
    expect(plannedOf({ ...draft, days }, screens).map(({ day }) => day)).toEqual(
      Array.from({ length: 4 }, () => '2030-10-26')
    );
  });

  it('says what is missing', () => {
    expect(wrongIn(draft, words, screens)).toEqual({});
    const bare = { ...draft, movie: null, screens: {}, times: 'x', days: [], language: ' ' };
    expect(Object.keys(wrongIn(bare, words, screens)).sort()).toEqual([
      'days',
      'language',
      'movie_id',
      'screens',
      'times'
    ]);
    const times = Array.from({ length: 15 }, (_, hour) => `${hour}:00`).join(' ');
    expect(wrongIn({ ...draft, times }, words, screens)).toEqual({ times: 'many' });
  });

  it('goes on without what something stands in the way of', () => {
    const planned = plannedOf(draft, screens);
    const obstacle = { kind: 'clash' as const, detail: '', other_show_id: null, other_index: null };
    const left = possible(planned, [
      { index: 0, ...obstacle },
      { index: 27, ...obstacle }
    ]);
    expect(left).toHaveLength(26);
    expect(left[0]).toBe(planned[1]);
  });
});
