/**
 * A pushed message as a notification, and where a tap on it leads. What is pushed comes encrypted from the server, but
 * whatever it is, it is only ever shown as text and leads nowhere but to a page of this app.
 */
import { isPlace } from './routing';
import type { Pane, WorkerScope } from './scope';

interface Notice {
  title: string;
  options: NotificationOptions & { data: { path: string } };
}

const TITLE_MAX = 200;
const BODY_MAX = 1000;
const ID_MAX = 200;
const ICON = '/icon-192.png';
const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i;

/** Browsers insist that something is shown for every push: what cannot be read is a notification that only says who. */
export function noticeOf(text: string | null, origin: string): Notice {
  const said = objectOf(text);
  const string = (name: string, most: number) => {
    const value = said[name];
    return typeof value === 'string' ? [...value.trim()].slice(0, most).join('') : '';
  };
  const [id, language] = [string('id', ID_MAX), string('language', 35)];
  return {
    title: string('title', TITLE_MAX) || 'Matinee',
    options: {
      body: string('body', BODY_MAX),
      icon: ICON,
      badge: ICON,
      // The same message again takes the place of the first.
      ...(id === '' ? {} : { tag: id }),
      ...(LANGUAGE.test(language) ? { lang: language } : {}),
      data: { path: pathOf(said['url'], origin) }
    }
  };
}

/** A page of this app, whatever was given. */
export function pathOf(url: unknown, origin: string): string {
  if (typeof url !== 'string' || !URL.canParse(url, origin)) return '/';
  const parsed = new URL(url, origin);
  const ours = parsed.origin === origin && isPlace(parsed.pathname);
  return ours ? parsed.pathname + parsed.search + parsed.hash : '/';
}

/** Shows the page: in a window that has it, else in one that can leave what it shows, else in a new one. */
export async function openPath(scope: Pick<WorkerScope, 'clients' | 'location'>, path: string) {
  const { clients, location } = scope;
  const panes = await clients.matchAll({ type: 'window', includeUncontrolled: true });
  const target = location.origin + path;
  const there = panes.find((pane) => pane.url === target);
  if (there) return focus(there);
  const rank = (pane: Pane) =>
    (pane.focused ? 2 : 0) + (pane.visibilityState === 'visible' ? 1 : 0);
  const [free] = panes.filter((pane) => !isBuying(pane)).sort((a, b) => rank(b) - rank(a));
  if (free) {
    try {
      await free.navigate(target);
      return await focus(free);
    } catch {
      // A window that this worker does not control: it stays as it is.
    }
  }
  await clients.openWindow(target);
}

/** Somebody is choosing seats or paying there, and is not taken away from that. */
const isBuying = (pane: Pane) => new URL(pane.url).pathname.startsWith('/shows/');

/** The browser decides whether a window may come to the front. */
const focus = (pane: Pane) => pane.focus().catch(() => undefined);

function objectOf(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
