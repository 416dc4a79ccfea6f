/** Another server from now on: nothing the one before said is to be shown as the new one's. */
import type { QueryClient } from '@tanstack/svelte-query';

/** What this computer itself says, whichever server the app talks to. */
export const THEATER_HERE = ['theater-here'] as const;

export function forgetServer(client: QueryClient): void {
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== THEATER_HERE[0] });
}
