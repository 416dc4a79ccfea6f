/** Where the person is, if they said so in this sitting; never asked for unasked, never kept. */
import { announcer } from '$lib/app/announce.svelte';
import { explain } from '$lib/app/errors';
import { m } from '$lib/paraglide/messages';
import { hasCode, platform, type Coordinates } from '$lib/platform';

class Position {
  at = $state.raw<Coordinates | null>(null);
  asking = $state(false);

  async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.at = await platform().locate();
    } catch (error) {
      const { title, detail } = hasCode(error, 'no_position')
        ? { title: m.error_position_title(), detail: m.error_position_detail() }
        : explain(error);
      announcer.toast(`${title}. ${detail}`, { tone: 'bad' });
    } finally {
      this.asking = false;
    }
  }
}

export const position = new Position();
