/**
 * One thing that somebody wants done once, however often they press: what is sent unchanged is the same attempt until its
 * answer is known, so that a lost answer never pays or makes anything twice. Left out: busy, words, and what is sent.
 */
import { isPlatformError, newAttempt, type Attempt } from '$lib/platform';
import { isUncertain } from '$lib/platform/uncertain';

/** Refusals before the request was looked at: they say nothing of what an earlier press did. */
const UNREAD: readonly (number | undefined)[] = [401, 403, 429];

export class Intention {
  /** The last thing sent may have been done without us knowing. */
  uncertain = $state(false);

  #open: { of: string; attempt: Attempt } | null = null;

  /** Sends `content`, all that makes this intention another one when it changes, by `call`. */
  async send<T>(content: unknown, call: (attempt: Attempt) => Promise<T>): Promise<T> {
    const of = JSON.stringify(content);
    if (this.#open?.of !== of) {
      this.#open = { of, attempt: newAttempt() };
      this.uncertain = false;
    }
    try {
      const answer = await call(this.#open.attempt);
      this.#end();
      return answer;
    } catch (error) {
      if (isUncertain(error)) this.uncertain = true;
      else if (isPlatformError(error) && !UNREAD.includes(error.status)) this.#end();
      throw error;
    }
  }

  #end(): void {
    this.#open = null;
    this.uncertain = false;
  }
}
