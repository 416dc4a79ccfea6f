/** A hold's last minutes: the words of the clock, and the few moments at which it is said aloud. */
const MINUTE_MS = 60_000;
const SPOKEN_MINUTES = [5, 2, 1];

export function remainingMs(expiresAt: string | null, now: number): number {
  if (!expiresAt) return 0;
  return Math.max(0, Date.parse(expiresAt) - now);
}

/** "9:05" */
export function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * How many minutes to announce when the time left went from `before` to `after`: the last mark passed, or null. A page
 * that slept past several marks says only the latest.
 */
export function dueMinutes(before: number, after: number): number | null {
  const passed = SPOKEN_MINUTES.filter(
    (minutes) => before > minutes * MINUTE_MS && after <= minutes * MINUTE_MS
  );
  return after > 0 ? (passed.at(-1) ?? null) : null;
}
