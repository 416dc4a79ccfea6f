/** Where the UI gets its Platform: opened once, before the first page; after that `platform()` is there. */
import type { Platform } from './platform';
import type { ShellCommands } from './shell-commands';

let current: Platform | undefined;

export async function openPlatform(): Promise<Platform> {
  if (current) return current;
  if ('__TAURI_INTERNALS__' in window) {
    const [{ createShellPlatform }, { commands }] = await Promise.all([
      import('./shell'),
      shellCommands()
    ]);
    current = createShellPlatform(commands);
  } else {
    const { createBrowserPlatform } = await import('./browser');
    current = createBrowserPlatform();
  }
  return current;
}

async function shellCommands(): Promise<{ commands: ShellCommands }> {
  const load = import.meta.glob<{ commands: ShellCommands }>('./generated/shell.ts');
  const module = load['./generated/shell.ts'];
  if (!module) throw new Error('this build has no shell commands');
  return module();
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
export type * from './types';
