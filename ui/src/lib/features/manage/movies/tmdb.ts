/** A movie's number at The Movie Database, as people have it: typed, or in the address of its page. Pure. */

const MOST = 4_294_967_295;

/** Null when there is none in it. */
export function numberIn(text: string): number | null {
  const typed = text.trim();
  const found = /^\d+$/.exec(typed) ?? /themoviedb\.org\/(?:[a-z-]+\/)?movie\/(\d+)/i.exec(typed);
  const number = Number(found?.[1] ?? found?.[0] ?? Number.NaN);
  return Number.isInteger(number) && number > 0 && number <= MOST ? number : null;
}

/** The number a movie was imported by; null for one that was not. */
export function numberOf(externalId: string): number | null {
  const found = /:tmdb-(\d+)$/.exec(externalId);
  return found ? Number(found[1]) : null;
}
