/** What a door is shown: codes from a scanner, altered ones, and the words of a verdict. */
import { heading } from './screen.mjs';

/** A scanner that is plugged in as a keyboard: all of a code within some milliseconds. */
export const scan = (page, text) =>
  page.evaluate((code) => {
    const press = (key, name, shiftKey = false) =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code: name, shiftKey, bubbles: true, cancelable: true }));
    for (const letter of code) {
      if (letter === ':') press(':', 'Semicolon', true);
      else if (letter === '-') press('-', 'Minus');
      else if (/\d/.test(letter)) press(letter, `Digit${letter}`);
      else press(letter, `Key${letter}`, true);
    }
    press('Enter', 'Enter');
  }, text);

/** A genuine code with one letter of its signature changed. */
export function forged(code) {
  const letter = code.at(-30) === 'A' ? 'B' : 'A';
  return code.slice(0, -30) + letter + code.slice(-29);
}

export const verdict = (page, key) => heading(page, key).waitFor();

/** The verdict's colour, as the page paints it. */
export const ground = (page) => page.locator('section.verdict').evaluate((one) => [...one.classList].find((name) => ['go', 'look', 'stop', 'ask'].includes(name)));
