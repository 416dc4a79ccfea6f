/** Other people's changes, said at most once in a while: counts add up until it is time to speak. */
export interface Counts {
  taken: number;
  freed: number;
}

export class ChangeBatch {
  #counts: Counts = { taken: 0, freed: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly say: (counts: Counts) => void,
    private readonly everyMs = 15_000
  ) {}

  add({ taken, freed }: Counts): void {
    this.#counts = { taken: this.#counts.taken + taken, freed: this.#counts.freed + freed };
    this.#timer ??= setTimeout(() => this.#flush(), this.everyMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flush(): void {
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = { taken: 0, freed: 0 };
    this.say(counts);
  }
}
