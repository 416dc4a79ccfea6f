/** Where the UI gets its Platform: opened once, before the first page; after that `platform()` is there. */
import type { Platform } from './platform';

let current: Platform | undefined;

export async function openPlatform(): Promise<Platform> {
  if (current) return current;
  if ('__TAURI_INTERNALS__' in window) {
    const [{ createShellPlatform }, { commands }] = await Promise.all([
      import('./shell'),
      // The type check compares these with ShellCommands.
      import('./generated/shell')
    ]);
    current = createShellPlatform(commands);
  } else {
    const { createBrowserPlatform } = await import('./browser');
    current = createBrowserPlatform();
  }
  return current;
}

export function platform(): Platform {
  if (!current) throw new Error('openPlatform() has not finished');
  return current;
}

/** For tests. */
export function setPlatform(next: Platform): void {
  current = next;
}

export * from './error';
export { newAttempt } from './platform';
export type * from './platform';
export type * from './counter';
export type * from './days';
export type * from './door';
export type * from './staff';
export type * from './staff-types';
export type * from './theater-here';
export type * from './types';
