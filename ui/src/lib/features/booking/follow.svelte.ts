/**
 * Looks again at what is not settled yet: soon at first, then ever less often, and in the end no more until somebody
 * asks. Left out: what is looked at.
 */
const SECOND = 1000;
const DELAYS_MS = [1, 1.5, 2.5, 4, 6, 8, 10, 15, 20, 30, 30, 30].map((delay) => delay * SECOND);

export class Follow {
  /** It has looked often enough. */
  spent = $state(false);

  #run = 0;

  constructor(
    private readonly look: () => Promise<unknown>,
    private readonly wait: (ms: number) => Promise<void> = (ms) =>
      new Promise((done) => setTimeout(done, ms))
  ) {}

  /** Begins anew; the answer stops it. */
  start(): () => void {
    this.#run += 1;
    void this.#loop(this.#run);
    return () => (this.#run += 1);
  }

  async #loop(run: number): Promise<void> {
    this.spent = false;
    for (const delay of DELAYS_MS) {
      await this.wait(delay);
      if (run !== this.#run) return;
      await this.look().catch(() => undefined);
      if (run !== this.#run) return;
    }
    this.spent = true;
  }
}
