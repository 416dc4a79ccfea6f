/** A movie at The Movie Database, as people name it: by its title, its number, or the address of its page. Pure. */

const MOST = 4_294_967_295;

/** What somebody looks for: a page's address says which movie, a number alone may be a title too ("1917"). */
export type Wish =
  { kind: 'movie'; number: number } | { kind: 'title'; words: string; number: number | null };

/** Longest title the server looks for. */
const LONGEST = 100;

/** Null when nothing can be looked for. */
export function wishIn(text: string): Wish | null {
  const words = text.trim().replace(/\s+/g, ' ');
  const address = /themoviedb\.org\/(?:[a-z-]+\/)?movie\/(\d+)/i.exec(words);
  if (address) {
    const number = numberFrom(address[1]);
    return number === null ? null : { kind: 'movie', number };
  }
  if (words === '' || words.length > LONGEST || /^https?:/i.test(words)) return null;
  return { kind: 'title', words, number: /^\d+$/.test(words) ? numberFrom(words) : null };
}

function numberFrom(text: string | undefined): number | null {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 && number <= MOST ? number : null;
}

/** The number a movie was imported by; null for one that was not. */
export function numberOf(externalId: string): number | null {
  const found = /:tmdb-(\d+)$/.exec(externalId);
  return found ? Number(found[1]) : null;
}
