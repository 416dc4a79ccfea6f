import { describe, expect, it } from 'vitest';
import { ScannerKeys } from './scanner-keys';

const CODE = `MT1:${'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.repeat(2)}`;

/** How a scanner set to US keys presses a text; `as` is what the computer's own layout makes of it. */
function strokes(text: string, every: number, as: (letter: string) => string = (letter) => letter) {
  return [...text].map((letter, index) => {
    const code = /[A-Za-z]/.test(letter)
      ? `Key${letter.toUpperCase()}`
      : /\d/.test(letter)
        ? `Digit${letter}`
        : ({ ':': 'Semicolon', '-': 'Minus', '/': 'Slash' }[letter] ?? '');
    const shift = /[A-Z:]/.test(letter);
    return { key: as(letter), code, shift, at: 1000 + index * every };
  });
}

function scan(list: ReturnType<typeof strokes>, wait = 5): { codes: string[]; eaten: boolean[] } {
  const codes: string[] = [];
  const keys = new ScannerKeys((code) => codes.push(code));
  const eaten = list.map((one) => keys.stroke(one));
  const last = list.at(-1)?.at ?? 0;
  eaten.push(keys.stroke({ key: 'Enter', code: 'Enter', shift: false, at: last + wait }));
  return { codes, eaten };
}

/** What a German layout types for a US scanner's keys. */
const german = (letter: string) =>
  ({ Y: 'Z', Z: 'Y', ':': 'Ö', '-': 'ß', '/': '-' })[letter] ?? letter;

describe('a scanner that types', () => {
  it('is read when it is fast and ends with Enter', () => {
    const { codes, eaten } = scan(strokes(CODE, 4));
    expect(codes).toEqual([CODE]);
    // All but the first stroke do nothing else, and Enter presses no button.
    expect(eaten.slice(1).every(Boolean)).toBe(true);
  });

  it('is read though the computer has other keys', () => {
    expect(scan(strokes(CODE, 4, german)).codes).toEqual([CODE]);
    expect(scan(strokes('ABCDE-YZ234', 4, german)).codes).toEqual(['ABCDE-YZ234']);
  });

  it('is taken by what was typed when both have the same keys', () => {
    const own = strokes(CODE, 4).map((one) => (one.key === ':' ? { ...one, code: 'Period' } : one));
    expect(scan(own).codes).toEqual([CODE]);
  });

  it('is no person', () => {
    const { codes, eaten } = scan(strokes('ABCDE-FGHJK', 160), 200);
    expect(codes).toEqual([]);
    expect(eaten.some(Boolean)).toBe(false);
  });

  it('does not take what was typed slowly before it along', () => {
    const slow = { key: 'x', code: 'KeyX', shift: false, at: 0 };
    expect(scan([slow, ...strokes(CODE, 4)]).codes).toEqual([CODE]);
  });

  it('lets a short burst and Enter pass', () => expect(scan(strokes('abc', 5)).codes).toEqual([]));
});
