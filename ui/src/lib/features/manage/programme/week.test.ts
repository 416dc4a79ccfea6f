import { describe, expect, it } from 'vitest';
import type { ManagedShow } from '$lib/platform';
import { draftOf, missing, specOf } from './draft';
import {
  businessDay,
  byDay,
  counterHours,
  drafts,
  hoursOf,
  lanesOf,
  stateOf,
  weekOf
} from './week';
import { dayAfter, instantOf } from './zoned';

const BERLIN = 'Europe/Berlin';

function show(given: Partial<ManagedShow>): ManagedShow {
  return {
    show_id: 's',
    theater_id: 't',
    movie_id: 'm',
    movie_name: 'A',
    screen_id: '1',
    screen_name: 'One',
    external_id: 'x',
    published: true,
    start_time: '2030-05-04T18:00:00Z',
    end_time: '2030-05-04T20:00:00Z',
    start: '2030-05-04T20:00:00+02:00',
    format: '2D',
    language: 'de',
    subtitles: [],
    from_price: { amount_minor: 1000, currency: 'EUR' },
    seats_taken: 0,
    seats_total: 100,
    ...given
  };
}

describe('instants of a wall clock', () => {
  it('follow summer and winter time', () => {
    expect(instantOf(BERLIN, '2030-01-15', '20:00').toISOString()).toBe('2030-01-15T19:00:00.000Z');
    expect(instantOf(BERLIN, '2030-07-15', '20:00').toISOString()).toBe('2030-07-15T18:00:00.000Z');
  });

  it('take the earlier of an hour that comes twice, and pass over one that is skipped', () => {
    expect(instantOf(BERLIN, '2030-10-27', '02:30').toISOString()).toBe('2030-10-27T00:30:00.000Z');
    expect(instantOf(BERLIN, '2030-03-31', '02:30').toISOString()).toBe('2030-03-31T00:30:00.000Z');
    expect(instantOf(BERLIN, '2030-03-31').toISOString()).toBe('2030-03-30T23:00:00.000Z');
  });

  it('a week has seven days whatever the clocks do', () => {
    expect(weekOf('2030-03-28')).toEqual(
      ['28', '29', '30', '31']
        .map((day) => `2030-03-${day}`)
        .concat(['2030-04-01', '2030-04-02', '2030-04-03'])
    );
    expect(dayAfter('2030-01-01', -1)).toBe('2029-12-31');
  });
});

describe('a week of shows', () => {
  it('a show after midnight belongs to the evening before', () => {
    const late = show({ show_id: 'late', start_time: '2030-05-04T23:30:00Z' });
    const days = byDay([late, show({})], ['2030-05-04', '2030-05-05'], BERLIN);
    expect(days.map(({ shows }) => shows.map((one) => one.show_id))).toEqual([['s', 'late'], []]);
  });

  it('keeps to the evening until the house is empty', () => {
    expect(businessDay(BERLIN, Date.parse('2030-05-05T02:59:00Z'))).toBe('2030-05-04');
    expect(businessDay(BERLIN, Date.parse('2030-05-05T03:00:00Z'))).toBe('2030-05-05');
  });

  it('sells at the counter what begins soon, although its day has not begun', () => {
    const hours = (now: string) => {
      const { from, until } = counterHours(BERLIN, Date.parse(now));
      return [from.toISOString(), until.toISOString()];
    };
    const evening = '2030-05-04T03:00:00.000Z';
    expect(hours('2030-05-04T18:00:00Z')).toEqual([evening, '2030-05-05T03:00:00.000Z']);
    // Ten to five in the morning: a show at half past six is of the next day, and people stand there.
    expect(hours('2030-05-05T02:50:00Z')).toEqual([evening, '2030-05-05T07:00:00.000Z']);
    expect(hours('2030-05-05T02:10:00Z')).toEqual(hours('2030-05-05T02:50:00Z'));
  });

  it('tells drafts, on sale, running and over apart', () => {
    const at = (text: string) => Date.parse(text);
    expect(stateOf(show({ cancelled: true }), at('2030-05-04T17:00:00Z'))).toBe('cancelled');
    expect(stateOf(show({ published: false }), at('2030-05-04T17:00:00Z'))).toBe('draft');
    expect(stateOf(show({}), at('2030-05-04T17:00:00Z'))).toBe('on_sale');
    expect(stateOf(show({}), at('2030-05-04T19:00:00Z'))).toBe('running');
    expect(stateOf(show({}), at('2030-05-04T20:00:00Z'))).toBe('over');
  });

  it('puts only drafts on sale that can still be seen', () => {
    const now = Date.parse('2030-05-04T17:00:00Z');
    const gone = show({ show_id: 'gone', published: false, start_time: '2030-05-04T16:00:00Z' });
    const waiting = show({ show_id: 'waiting', published: false });
    expect(drafts([gone, waiting, show({})], now)).toEqual([waiting]);
  });

  it('places shows along the hours', () => {
    const start = instantOf(BERLIN, '2030-05-04').getTime();
    const hours = hoursOf([show({})], start);
    expect(hours).toEqual({ from: 12, to: 24 });
    const [lane] = lanesOf([show({})], [{ screen_id: '1', name: 'One' }], start, hours);
    expect(lane?.shows[0]).toMatchObject({ left: (8 / 12) * 100, width: (2 / 12) * 100 });
  });
});

describe('what is typed for a show', () => {
  it('goes back as it came while its start is not touched', () => {
    const twice = show({ start: '2030-10-27T02:30:00+01:00' });
    const draft = draftOf(twice);
    expect(specOf({ ...draft, language: 'en' }, twice.start).start).toBe(
      '2030-10-27T02:30:00+01:00'
    );
    expect(specOf({ ...draft, time: '03:30' }, twice.start).start).toBe('2030-10-27T03:30');
  });

  it('repeats on later days by the wall clock', () => {
    expect(specOf({ ...draftOf(show({})), day: '2030-12-31' }, undefined, 2).start).toBe(
      '2031-01-02T20:00'
    );
  });

  it('keeps its prices unless a list is named', () => {
    expect(specOf(draftOf(show({})))).not.toHaveProperty('price_list');
    expect(specOf({ ...draftOf(show({})), price_list: 'l' })).toHaveProperty('price_list', 'l');
  });

  it('names what is missing', () => {
    const fields = missing({ ...draftOf(show({})), movie: null, language: ' ' }, () => '!');
    expect(Object.keys(fields)).toEqual(['movie_id', 'language']);
  });
});
