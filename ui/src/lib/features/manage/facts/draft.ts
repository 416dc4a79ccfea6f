/** A theater's own facts as text in a form, and back as what the server takes. Pure. */
import type { GapRule, TheaterSpec } from '$lib/platform';
import { amountText, basisPointsOf, minorOf, percentText } from '../money';

export interface FactsDraft {
  name: string;
  address: string;
  city: string;
  country: string;
  latitude: string;
  longitude: string;
  time_zone: string;
  currency: string;
  tax_label: string;
  tax_percent: string;
  fee: string;
  max_seats: string;
  gap_rule: GapRule;
  hold_minutes: string;
  doors_open_minutes: string;
  tiers: { hours: string; percent: string }[];
}

export function draftOf(facts: TheaterSpec): FactsDraft {
  const { location, currency } = facts;
  return {
    name: facts.name,
    address: location.address,
    city: location.city,
    country: location.country,
    latitude: String(location.latitude),
    longitude: String(location.longitude),
    time_zone: facts.time_zone,
    currency,
    tax_label: facts.tax?.label ?? '',
    tax_percent: facts.tax ? percentText(facts.tax.basis_points) : '',
    fee: amountText(facts.fees?.per_seat_minor ?? 0, currency),
    max_seats: String(facts.max_seats_per_booking ?? 10),
    gap_rule: facts.gap_rule ?? 'advise',
    hold_minutes: facts.hold_minutes ? String(facts.hold_minutes) : '',
    doors_open_minutes: String(facts.doors_open_minutes ?? ''),
    tiers: (facts.cancellation_policy ?? []).map((tier) => ({
      hours: String(tier.minutes_before / 60),
      percent: percentText(tier.refund_basis_points)
    }))
  };
}

export function emptyDraft(timeZone: string): FactsDraft {
  return {
    name: '',
    address: '',
    city: '',
    country: '',
    latitude: '',
    longitude: '',
    time_zone: timeZone,
    currency: 'EUR',
    tax_label: '',
    tax_percent: '',
    fee: '',
    max_seats: '10',
    gap_rule: 'advise',
    hold_minutes: '',
    doors_open_minutes: '',
    tiers: [{ hours: '1', percent: '100' }]
  };
}

export interface Words {
  required: () => string;
  number: () => string;
  amount: () => string;
  percent: () => string;
}

/** The body, or what is wrong by field. */
export function specOf(
  draft: FactsDraft,
  words: Words
): { spec: TheaterSpec } | { fields: Record<string, string> } {
  const fields: Record<string, string> = {};
  const required = (name: keyof FactsDraft & string, text: string) => {
    if (text.trim() === '') fields[name] = words.required();
    return text.trim();
  };
  const number = (name: string, text: string) => {
    const value = Number(text.trim().replace(',', '.'));
    if (text.trim() === '' || !Number.isFinite(value)) fields[name] = words.number();
    return value;
  };
  const currency = required('currency', draft.currency).toUpperCase();
  let fee: number | null = null;
  try {
    fee = draft.fee.trim() === '' ? 0 : minorOf(draft.fee, currency);
  } catch {
    // Not a currency: the server says so at its own field.
    fields['currency'] = words.required();
  }
  if (fee === null || fee < 0) fields['fee'] = words.amount();
  const tax = draft.tax_label.trim() === '' ? null : basisPointsOf(draft.tax_percent);
  if (draft.tax_label.trim() !== '' && tax === null) fields['tax_percent'] = words.percent();
  const spec: TheaterSpec = {
    name: required('name', draft.name),
    location: {
      address: required('address', draft.address),
      city: required('city', draft.city),
      country: required('country', draft.country).toUpperCase(),
      latitude: number('latitude', draft.latitude),
      longitude: number('longitude', draft.longitude)
    },
    time_zone: required('time_zone', draft.time_zone),
    currency,
    ...(tax === null ? {} : { tax: { label: draft.tax_label.trim(), basis_points: tax } }),
    fees: { per_seat_minor: fee ?? 0 },
    max_seats_per_booking: number('max_seats', draft.max_seats),
    gap_rule: draft.gap_rule,
    ...(draft.hold_minutes.trim() === ''
      ? {}
      : { hold_minutes: number('hold_minutes', draft.hold_minutes) }),
    ...(draft.doors_open_minutes.trim() === ''
      ? {}
      : { doors_open_minutes: number('doors_open_minutes', draft.doors_open_minutes) }),
    cancellation_policy: draft.tiers.map((tier, index) => {
      const percent = basisPointsOf(tier.percent);
      if (percent === null) fields[`tiers/${index}/percent`] = words.percent();
      const minutes = Math.round(number(`tiers/${index}/hours`, tier.hours) * 60);
      return { minutes_before: minutes, refund_basis_points: percent ?? 0 };
    })
  };
  return Object.keys(fields).length > 0 ? { fields } : { spec };
}
