/** A language's name in the reader's language: "fi" → "Finnish". */
import { getLocale } from '$lib/paraglide/runtime';

const names = new Map<string, Intl.DisplayNames>();

export function languageName(tag: string): string {
  const locale = getLocale();
  let found = names.get(locale);
  if (!found) {
    found = new Intl.DisplayNames(locale, { type: 'language' });
    names.set(locale, found);
  }
  try {
    return found.of(tag) ?? tag;
  } catch {
    // Not a BCP 47 tag: show what the theater wrote.
    return tag;
  }
}
