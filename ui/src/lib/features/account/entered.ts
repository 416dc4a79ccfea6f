/** What follows a sign-in: the app knows who it is, nothing of the guest's answers is shown on, and the profile's
 * favourite theater becomes the one Discover opens on when this device has none. */
import type { QueryClient } from '@tanstack/svelte-query';
import { keys } from '$lib/app/queries';
import { app } from '$lib/app/state.svelte';
import { platform, type Session } from '$lib/platform';
import { accountKeys } from './queries';

export async function entered(session: Session, client: QueryClient): Promise<void> {
  app.session = session;
  client.removeQueries({ queryKey: keys.bookings });
  client.removeQueries({ queryKey: keys.profile });
  if (app.settings.favourite_theater_id !== null) return;
  try {
    const { value } = await platform().profile();
    if (value.favourite_theater) await app.save({ favourite_theater_id: value.favourite_theater });
  } catch {
    // Signed in all the same; Discover will ask for a theater.
    return;
  }
}

export async function left(client: QueryClient): Promise<void> {
  await app.signOut();
  client.removeQueries({ queryKey: keys.bookings });
  client.removeQueries({ queryKey: keys.profile });
  client.removeQueries({ queryKey: accountKeys.push });
}
