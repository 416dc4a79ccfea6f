/** The languages the app speaks, each under its own name. */
import { locales } from '$lib/paraglide/runtime';

export function languageOptions(): { value: string; label: string }[] {
  return locales.map((locale) => {
    const name = new Intl.DisplayNames(locale, { type: 'language' }).of(locale) ?? locale;
    return { value: locale, label: name.charAt(0).toLocaleUpperCase(locale) + name.slice(1) };
  });
}
