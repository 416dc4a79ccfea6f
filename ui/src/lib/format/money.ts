/**
 * Money for people. The server sends minor units and a currency; how many decimals that currency has is Intl's
 * knowledge (0 for JPY, 3 for KWD), never a division by 100 here. Left out: arithmetic; totals are the server's.
 */
import type { Money } from '$lib/platform';

const formats = new Map<string, Intl.NumberFormat>();

function format(locale: string, currency: string): Intl.NumberFormat {
  const key = `${locale} ${currency}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale, { style: 'currency', currency });
    formats.set(key, found);
  }
  return found;
}

export function decimalsOf(currency: string): number {
  return format('en', currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/** "€14.50": every price on one page has its decimals, so that columns line up. */
export function formatMoney(money: Money, locale: string): string {
  const decimals = decimalsOf(money.currency);
  return format(locale, money.currency).format(asDecimal(money.amount_minor, decimals));
}

/** Decimal text, so that no amount passes through a binary fraction on its way to the screen. */
function asDecimal(minor: number, decimals: number): Intl.StringNumericLiteral {
  const sign = minor < 0 ? '-' : '';
  const digits = String(Math.abs(Math.trunc(minor))).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals > 0 ? `.${digits.slice(-decimals)}` : '';
  return `${sign}${whole}${fraction}` as Intl.StringNumericLiteral;
}
