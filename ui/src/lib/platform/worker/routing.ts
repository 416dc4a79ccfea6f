/**
 * Which requests the worker answers. Only what is named here: the pages and files of the app itself. Calls, live
 * streams, health checks, calendars and whatever a server or a proxy adds go past it, as if it were not there.
 */
export type Way = 'page' | 'file' | 'leave';

/** First parts of the app's addresses, as in src/routes; a test compares. */
export const PLACES: readonly string[] = [
  '',
  'bookings',
  'forgot',
  'manage',
  'movies',
  'profile',
  'recover',
  'register',
  'reset',
  'settings',
  'setup',
  'shows',
  'signin',
  'theaters',
  'tickets',
  'verify'
];

/** Below it every file's name changes with its content. */
const IMMUTABLE = '/_app/immutable/';

export const isImmutable = (path: string): boolean => path.startsWith(IMMUTABLE);

/** An address of the app, not a file such as a theater's calendar. */
export function isPlace(path: string): boolean {
  const parts = path.split('/');
  return PLACES.includes(parts[1] ?? '') && !parts[parts.length - 1]?.includes('.');
}

export function wayOf(
  request: Pick<Request, 'method' | 'mode' | 'url'>,
  origin: string,
  files: ReadonlySet<string>
): Way {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin) return 'leave';
  if (request.mode === 'navigate') return isPlace(url.pathname) ? 'page' : 'leave';
  return isImmutable(url.pathname) || files.has(url.pathname) ? 'file' : 'leave';
}
