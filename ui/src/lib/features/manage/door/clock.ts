/**
 * How far this device's clock is from the server's, in milliseconds: two doors put the scans of one ticket in order by it. Every
 * answer bounds it, since the server said its time after we asked and before we heard. What answers agree on is kept, so a quick
 * one makes up for slow ones; one that disagrees means that a clock was set, or ran away, and begins anew.
 */
export class ServerClock {
  #least = -Infinity;
  #most = Infinity;

  /** Milliseconds to add to this device's time; 0 while nothing was heard. */
  get skew(): number {
    return Number.isFinite(this.#least) ? Math.round((this.#least + this.#most) / 2) : 0;
  }

  /** Starts with what was found out before, on this device. */
  begin(skew: number): void {
    this.#least = skew;
    this.#most = skew;
  }

  /** The server said `told` between our times `asked` and `heard`. */
  heard(told: number, asked: number, heard: number): void {
    const [least, most] = [told - heard, told - asked];
    if (Number.isNaN(told) || least > most) return;
    const agreed = [Math.max(least, this.#least), Math.min(most, this.#most)] as const;
    [this.#least, this.#most] = agreed[0] <= agreed[1] ? agreed : [least, most];
  }
}
