/**
 * The seat map in staff's hands: what can be chosen are free seats (to block them) and blocked ones (to put them back), never
 * both at once, and never a seat that somebody holds or bought.
 */
import { SeatBoard } from '$lib/features/seatmap/board.svelte';
import type { SeatStatus, ShowSeats } from '$lib/platform';

export class StaffBoard extends SeatBoard {
  /** Told after every choice. */
  constructor(
    show: ShowSeats,
    private readonly changed: () => void
  ) {
    super(show, { othersChanged: () => undefined, lost: () => undefined });
  }

  status(seatId: string): SeatStatus | undefined {
    return this.statusOf(seatId);
  }

  /** What the choice is of: free seats, or blocked ones. */
  chosenStatus(): SeatStatus | undefined {
    const first = this.chosen[0];
    return first === undefined ? undefined : this.status(first);
  }

  override isFree(seatId: string): boolean {
    const status = this.status(seatId);
    if (status !== 'available' && status !== 'blocked') return false;
    const kind = this.chosenStatus();
    return kind === undefined || kind === status;
  }

  /** Chooses all seats of a row that can be had like the choice so far, or lets them go when all were chosen. */
  toggleRow(seatIds: readonly string[]): void {
    const wanted = seatIds.filter((id) => this.isFree(id));
    const kind =
      this.chosenStatus() ?? (wanted[0] === undefined ? undefined : this.status(wanted[0]));
    const row = wanted.filter((id) => this.status(id) === kind);
    const all = row.length > 0 && row.every((id) => this.chosen.includes(id));
    this.choose(all ? this.chosen.filter((id) => !row.includes(id)) : [...this.chosen, ...row]);
    this.changed();
  }
}
