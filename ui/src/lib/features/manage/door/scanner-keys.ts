/**
 * A scanner that is plugged in as a keyboard: it types faster than anybody and ends with Enter. It may be set to another country's
 * keys than this computer; so each stroke is read twice, as the character that came and as the key that was pressed on a US
 * keyboard, and what looks like a code wins. Left out: where strokes come from.
 */

/** Longer between two strokes, and a person types. */
const FAST_MS = 90;
/** Shorter, and it may be a person's lucky tap before Enter. */
const LEAST = 6;
const MOST = 600;

interface Stroke {
  key: string;
  code: string;
  shift: boolean;
  at: number;
}

const DIGIT_SHIFTED = ')!@#$%^&*(';
const PUNCTUATION: Record<string, [string, string]> = {
  Semicolon: [';', ':'],
  Slash: ['/', '?'],
  Minus: ['-', '_'],
  Period: ['.', '>'],
  Comma: [',', '<'],
  Equal: ['=', '+'],
  Space: [' ', ' ']
};

/** What the key is on a US keyboard. */
function pressed({ code, shift }: Stroke): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter) return shift ? letter : letter.toLowerCase();
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (digit)
    return shift && code.startsWith('Digit') ? (DIGIT_SHIFTED[Number(digit)] ?? '') : digit;
  return PUNCTUATION[code]?.[shift ? 1 : 0] ?? '';
}

const looksLikeCode = (text: string): boolean =>
  /^MT1:[A-Z2-7]{40,}$/i.test(text) ||
  /^[2-9A-HJKMNP-Z]{5}-?[2-9A-HJKMNP-Z]{5}(\/.+)?$/i.test(text);

export class ScannerKeys {
  #typed = '';
  #pressed = '';
  #last = -Infinity;

  constructor(private readonly onCode: (code: string) => void) {}

  /** True when the stroke was a scanner's and must do nothing else. */
  stroke(stroke: Stroke): boolean {
    const fast = stroke.at - this.#last <= FAST_MS;
    this.#last = stroke.at;
    if (stroke.key === 'Enter' || stroke.key === 'Tab') {
      const whole = fast && this.#pressed.length >= LEAST;
      const text = whole ? this.#best() : '';
      this.#clear();
      if (whole) this.onCode(text);
      return whole;
    }
    if (stroke.key === 'Shift' || stroke.key === 'CapsLock') return false;
    if (!fast) this.#clear();
    if (stroke.key.length !== 1 || this.#pressed.length >= MOST) return false;
    this.#typed += stroke.key;
    this.#pressed += pressed(stroke);
    // The second of two fast strokes is the first that can be told from a person's.
    return fast && this.#typed.length > 1;
  }

  #best(): string {
    const both = [this.#typed, this.#pressed];
    return both.find(looksLikeCode) ?? this.#typed;
  }

  #clear(): void {
    this.#typed = '';
    this.#pressed = '';
  }
}

/** Follows a window's strokes while nobody types into a field. */
export function followScanner(target: Window, onCode: (code: string) => void): () => void {
  const keys = new ScannerKeys(onCode);
  const listen = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = event.target;
    if (at instanceof HTMLElement && at.matches('input, textarea, select, [contenteditable]'))
      return;
    const { key, code, shiftKey: shift, timeStamp } = event;
    if (!keys.stroke({ key, code, shift, at: timeStamp })) return;
    event.preventDefault();
    event.stopPropagation();
  };
  target.addEventListener('keydown', listen, { capture: true });
  return () => target.removeEventListener('keydown', listen, { capture: true });
}
