import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchSeats } from './live-seats';
import type { SeatEvent } from './platform';

class FakeStream extends EventTarget {
  readyState = 1;
  closed = false;

  constructor(readonly url: string) {
    super();
  }

  say(type: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }

  close(): void {
    this.closed = true;
  }
}

function watching() {
  const streams: FakeStream[] = [];
  const events: SeatEvent[] = [];
  const stop = watchSeats(
    's/1',
    (event) => events.push(event),
    (url) => {
      const stream = new FakeStream(url);
      streams.push(stream);
      return stream as unknown as EventSource;
    }
  );
  const last = () => streams[streams.length - 1] as FakeStream;
  return { streams, events, stop, last };
}

describe('watchSeats', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('passes on the snapshot and the changes', () => {
    const { events, last } = watching();
    last().say('snapshot', { version: 4, seats: [{ seat_id: 'A1', status: 'sold' }] });
    last().say('seats', { version: 5, changes: [{ seat_id: 'A2', status: 'held' }] });
    expect(events).toEqual([
      { type: 'snapshot', version: 4, seats: [{ seat_id: 'A1', status: 'sold' }] },
      { type: 'seats', version: 5, changes: [{ seat_id: 'A2', status: 'held' }] }
    ]);
    expect(last().url).toBe('/api/v1/shows/s%2F1/seats/live');
  });

  it('leaves a broken connection to the browser', () => {
    const { streams, events, last } = watching();
    last().fail(0);
    vi.advanceTimersByTime(60_000);
    expect(streams).toHaveLength(1);
    expect(events).toEqual([{ type: 'connection', live: false }]);
  });

  it('opens a refused stream again, later and later, from the last version seen', () => {
    const { streams, last } = watching();
    last().say('snapshot', { version: 7, seats: [] });
    last().fail(2);
    vi.advanceTimersByTime(999);
    expect(streams).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(last().url).toMatch(/\?since=7$/);
    last().fail(2);
    vi.advanceTimersByTime(1999);
    expect(streams).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(streams).toHaveLength(3);
  });

  it('stops for good', () => {
    const { streams, stop, last } = watching();
    last().fail(2);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(streams).toHaveLength(1);
    expect(last().closed).toBe(true);
  });
});
