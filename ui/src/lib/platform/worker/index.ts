/**
 * The browser's service worker: it keeps the app's own page and files for when there is no network, and shows what is
 * pushed. In the desktop and phone shell there is none; the files are part of the app there.
 */
import { noticeOf, openPath, pathOf } from './notice';
import { renew } from './renewal';
import { wayOf } from './routing';
import type { WorkerScope } from './scope';
import { ShellCache, type ShellBuild } from './shell-cache';

export function work(scope: WorkerScope, build: ShellBuild): void {
  const { origin } = scope.location;
  const files = new Set([build.boot, ...build.files]);
  const ask: typeof globalThis.fetch = (input, init) => scope.fetch(input, init);
  const shell = new ShellCache(build, scope.caches, ask);
  const windows = () => scope.clients.matchAll({ type: 'window', includeUncontrolled: true });

  // A new build takes over at once: windows that are open find their files in the build before it.
  scope.addEventListener('install', (event) =>
    event.waitUntil(shell.fill().then(() => scope.skipWaiting()))
  );
  scope.addEventListener('activate', (event) =>
    event.waitUntil(
      (async () => {
        await shell.tidy((await windows()).length > 0);
        await scope.clients.claim();
      })()
    )
  );

  // Without the browser's preloading of pages: it would ask twice for the addresses that the worker leaves alone.
  scope.addEventListener('fetch', (event) => {
    const way = wayOf(event.request, origin, files);
    if (way === 'page') {
      const answer = ask(event.request);
      event.waitUntil(answer.catch(() => undefined));
      event.respondWith(shell.page(answer));
    }
    if (way === 'file') event.respondWith(shell.file(event.request));
  });

  scope.addEventListener('push', (event) => {
    const { title, options } = noticeOf(event.data?.text() ?? null, origin);
    event.waitUntil(scope.registration.showNotification(title, options));
  });
  scope.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(scope, event)));
  scope.addEventListener('notificationclick', (event) => {
    event.notification.close();
    const kept = event.notification.data as { path?: unknown } | null;
    event.waitUntil(openPath(scope, pathOf(kept?.path, origin)));
  });
}
