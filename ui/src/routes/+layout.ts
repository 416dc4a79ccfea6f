import { app } from '$lib/app/state.svelte';
import { openPlatform } from '$lib/platform';

// A single-page app: the same files run in the shell, where no server renders anything.
export const ssr = false;
export const prerender = false;

export async function load(): Promise<void> {
  await openPlatform();
  await app.start();
}
