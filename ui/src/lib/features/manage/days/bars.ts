/** Bars of a small plot beside its table, as shares of the longest. Pure. */
export interface Bar {
  label: string;
  value: number;
  /** Of the longest, in per cent; nothing is drawn to the left. */
  share: number;
}

export function barsOf(items: readonly { label: string; value: number }[]): Bar[] {
  const longest = Math.max(0, ...items.map(({ value }) => value));
  return items.map(({ label, value }) => ({
    label,
    value,
    share: longest === 0 ? 0 : Math.max(0, (value / longest) * 100)
  }));
}
