/**
 * The poster of a movie that has none: its title set in type over a colour field that the title itself decides, so that
 * one movie looks the same everywhere and no box is grey. Pure: the same title, the same poster.
 */
export interface PosterField {
  /** Degrees, 0–359. */
  hue: number;
  from: string;
  to: string;
  angle: number;
  /** Which of the drawn shapes lies over the field. */
  shape: 'sun' | 'stripes' | 'arc' | 'beam';
}

const SHAPES: PosterField['shape'][] = ['sun', 'stripes', 'arc', 'beam'];

/** FNV-1a: small, and spreads similar titles apart. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text.normalize('NFC')) {
    hash ^= char.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}

export function posterField(title: string): PosterField {
  const hash = hashOf(title);
  const hue = hash % 360;
  const second = (hue + 35 + ((hash >>> 9) % 60)) % 360;
  // Dark enough (L ≤ 0.42) that white type on it keeps more than 4.5:1 at every hue.
  return {
    hue,
    from: `oklch(0.42 0.13 ${hue})`,
    to: `oklch(0.24 0.09 ${second})`,
    angle: 120 + ((hash >>> 16) % 90),
    shape: SHAPES[(hash >>> 13) % SHAPES.length] ?? 'sun'
  };
}

/** Type size by the longest word and the whole length, in hundredths of the poster's width. */
export function titleSize(title: string): number {
  const longest = Math.max(1, ...title.split(/\s+/).map((word) => [...word].length));
  const byWord = 125 / longest;
  const byLength = title.length > 60 ? 8 : title.length > 32 ? 10.5 : title.length > 16 ? 13 : 16;
  return Math.round(Math.max(6, Math.min(byWord, byLength)) * 10) / 10;
}
