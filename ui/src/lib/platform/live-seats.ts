/**
 * A show's seat events in the browser. EventSource reconnects by itself after a broken connection, but gives up
 * for good on an error answer (429, 503): then this opens a new one, later and later, from the last version seen.
 */
import type { SeatEvent } from './platform';
import type { SeatChange } from './types';

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;

export type OpenStream = (url: string) => EventSource;

export function watchSeats(
  showId: string,
  onEvent: (event: SeatEvent) => void,
  open: OpenStream = (url) => new EventSource(url)
): () => void {
  let since: number | null = null;
  let delay = FIRST_DELAY_MS;
  let stream: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function connect(): void {
    const base = `/api/v1/shows/${encodeURIComponent(showId)}/seats/live`;
    stream = open(since === null ? base : `${base}?since=${since}`);
    stream.addEventListener('open', () => {
      delay = FIRST_DELAY_MS;
      onEvent({ type: 'connection', live: true });
    });
    stream.addEventListener('snapshot', (event) => {
      const data = parse<{ version: number; seats: SeatChange[] }>(event);
      if (!data) return;
      since = data.version;
      onEvent({ type: 'snapshot', ...data });
    });
    stream.addEventListener('seats', (event) => {
      const data = parse<{ version: number; changes: SeatChange[] }>(event);
      if (!data) return;
      since = data.version;
      onEvent({ type: 'seats', ...data });
    });
    stream.addEventListener('error', () => {
      if (stopped) return;
      onEvent({ type: 'connection', live: false });
      if (stream?.readyState !== 2) return;
      timer = setTimeout(connect, delay);
      delay = Math.min(delay * 2, MAX_DELAY_MS);
    });
  }

  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    stream?.close();
  };
}

function parse<T>(event: Event): T | null {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return null;
  }
}
