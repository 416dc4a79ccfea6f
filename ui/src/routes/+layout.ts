import { adoptGuestLink } from '$lib/app/guest-link';
import { app } from '$lib/app/state.svelte';
import { openPlatform } from '$lib/platform';

// A single-page app: the same files run in the shell, where no server renders anything.
export const ssr = false;
export const prerender = false;

export async function load(): Promise<void> {
  await openPlatform();
  // The first page reads its booking right after this. `location`, because load's url has no fragment.
  await Promise.all([app.start(), adoptGuestLink(new URL(location.href))]);
}
