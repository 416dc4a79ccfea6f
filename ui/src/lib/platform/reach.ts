/**
 * Whether the server can be reached, as far as the browser can know: the outcome of the last call, and the
 * system's own word. While it cannot, it is asked again from time to time.
 */
import type { Status } from './platform';

const PROBE_MS = 10_000;

export class Reach {
  #status: Status;
  readonly #listeners = new Set<(status: Status) => void>();
  readonly #probe: () => Promise<boolean>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(probe: () => Promise<boolean>, target: Pick<Window, 'addEventListener'> = window) {
    this.#probe = probe;
    this.#status = { online: navigator.onLine, as_of: null };
    target.addEventListener('online', () => void this.#ask());
    target.addEventListener('offline', () => this.report(false));
  }

  get status(): Status {
    return this.#status;
  }

  report(reached: boolean): void {
    const before = this.#status.online;
    this.#status = {
      online: reached,
      as_of: reached ? new Date().toISOString() : this.#status.as_of
    };
    if (before !== reached) for (const listener of this.#listeners) listener(this.#status);
    if (!reached) this.#schedule();
  }

  listen(onChange: (status: Status) => void): () => void {
    this.#listeners.add(onChange);
    onChange(this.#status);
    return () => void this.#listeners.delete(onChange);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), PROBE_MS);
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.report(await this.#probe());
  }
}
