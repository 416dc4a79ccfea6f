/** Where the person is, if they said so in this sitting; never asked for unasked, never kept. */
import { announcer } from '$lib/app/announce.svelte';
import { explain } from '$lib/app/errors';
import { platform, type Coordinates } from '$lib/platform';

class Position {
  at = $state.raw<Coordinates | null>(null);
  asking = $state(false);

  async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.at = await platform().locate();
    } catch (error) {
      const { title, detail } = explain(error);
      announcer.toast(`${title}. ${detail}`, { tone: 'bad' });
    } finally {
      this.asking = false;
    }
  }
}

export const position = new Position();
