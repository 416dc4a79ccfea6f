/**
 * Amounts as staff type them: "14.50", "14,50" or "1 450" become whole minor units by the currency's own decimals. Never through
 * a binary fraction.
 */
import { decimalsOf } from '$lib/format/money';

/** Null when it is no amount of this currency. */
export function minorOf(text: string, currency: string): number | null {
  const decimals = decimalsOf(currency);
  const bare = text.replace(/[\s\u00a0\u202f']/g, '').replace(',', '.');
  const read = /^([-−+]?)(\d+)(?:\.(\d*))?$/.exec(bare);
  if (!read) return null;
  const [, sign = '', whole = '', fraction = ''] = read;
  if (fraction.length > decimals && Number(fraction.slice(decimals)) > 0) return null;
  const minor = Number(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
  if (!Number.isSafeInteger(minor)) return null;
  return sign === '-' || sign === '−' ? -minor : minor;
}

/** How an amount stands in a field: "14.50". */
export function amountText(minor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(minor)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals > 0 ? `.${digits.slice(-decimals)}` : '';
  return `${minor < 0 ? '-' : ''}${whole}${fraction}`;
}

/** "14", "-25", "7.5" per cent as basis points; null when it is none. */
export function basisPointsOf(text: string): number | null {
  const read = /^\s*([-−+]?\d+)(?:[.,](\d{1,2}))?\s*%?\s*$/.exec(text);
  if (!read) return null;
  const [, whole = '0', fraction = ''] = read;
  const negative = /^[-−]/.test(whole);
  const points = Number(whole.replace(/[-−+]/, '')) * 100 + Number(fraction.padEnd(2, '0'));
  return negative ? -points : points;
}

export function percentText(points: number): string {
  const [sign, value] = [points < 0 ? '-' : '', Math.abs(points)];
  const rest = value % 100;
  return (
    sign +
    String(Math.floor(value / 100)) +
    (rest === 0 ? '' : `.${String(rest).padStart(2, '0')}`.replace(/0$/, ''))
  );
}
