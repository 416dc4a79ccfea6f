/**
 * A theater's prices as text in a form, and back as what the server takes. Every mistake is named by the place the server
 * would name it by, so that both end at the same field. Pure.
 */
import type { ManagedTheater, PriceChange, PricesSpec } from '$lib/platform';
import { amountText, basisPointsOf, minorOf, percentText } from '../money';

export type ChangeKind = 'none' | 'percent' | 'amount' | 'fixed';

export interface ChangeDraft {
  kind: ChangeKind;
  value: string;
}

interface TypeDraft {
  code: string;
  label: string;
  change: ChangeDraft;
  proof: string;
}

interface RuleDraft {
  label: string;
  weekdays: number[];
  from: string;
  until: string;
  categories: string;
  change: ChangeDraft;
}

export interface ListDraft {
  external_id: string;
  name: string;
  prices: { category: string; amount: string }[];
  rules: RuleDraft[];
}

export interface PricesDraft {
  types: TypeDraft[];
  lists: ListDraft[];
}

function changeDraft(change: PriceChange | null | undefined, currency: string): ChangeDraft {
  if (!change) return { kind: 'none', value: '' };
  if (change.basis_points !== undefined) {
    return change.basis_points === 0
      ? { kind: 'none', value: '' }
      : { kind: 'percent', value: percentText(change.basis_points) };
  }
  if (change.amount !== undefined)
    return { kind: 'amount', value: amountText(change.amount, currency) };
  return { kind: 'fixed', value: amountText(change.fixed, currency) };
}

export function draftOf(
  theater: Pick<ManagedTheater, 'currency' | 'ticket_types' | 'price_lists'>
): PricesDraft {
  const { currency } = theater;
  return {
    types: (theater.ticket_types ?? []).map((type) => ({
      code: type.code,
      label: type.label,
      change: changeDraft(type.change, currency),
      proof: type.proof ?? ''
    })),
    lists: theater.price_lists.map((list) => ({
      external_id: list.external_id,
      name: list.name,
      prices: list.prices.map((price) => ({
        category: price.category,
        amount: amountText(price.amount_minor, currency)
      })),
      rules: (list.rules ?? []).map((rule) => ({
        label: rule.label,
        weekdays: [...(rule.weekdays ?? [])],
        from: rule.from ?? '',
        until: rule.until ?? '',
        categories: (rule.categories ?? []).join(', '),
        change: changeDraft(rule.change, currency)
      }))
    }))
  };
}

/** A list to begin with: the categories that prices are known for, or those a hall made from numbers has. */
export function newList(draft: PricesDraft, name: string): ListDraft {
  const known = [
    ...new Set(draft.lists.flatMap((list) => list.prices.map(({ category }) => category)))
  ];
  const categories = known.length > 0 ? known : ['standard', 'premium'];
  return {
    external_id: unused(
      'list',
      draft.lists.map((list) => list.external_id)
    ),
    name,
    prices: categories.map((category) => ({ category, amount: '' })),
    rules: []
  };
}

export function unused(stem: string, taken: readonly string[]): string {
  let number = taken.length + 1;
  while (taken.includes(`${stem}-${number}`)) number += 1;
  return `${stem}-${number}`;
}

export interface Words {
  required: () => string;
  amount: () => string;
  percent: () => string;
}

/** The body, or what is wrong by its place in it. */
export function specOf(
  draft: PricesDraft,
  currency: string,
  words: Words
): { spec: PricesSpec } | { fields: Record<string, string> } {
  const fields: Record<string, string> = {};
  const required = (place: string, text: string) => {
    if (text.trim() === '') fields[place] = words.required();
    return text.trim();
  };
  const amount = (place: string, text: string) => {
    const minor = minorOf(text, currency);
    if (minor === null) fields[place] = words.amount();
    return minor ?? 0;
  };
  const change = (place: string, { kind, value }: ChangeDraft): PriceChange => {
    if (kind === 'none') return { basis_points: 0 };
    if (kind === 'percent') {
      const points = basisPointsOf(value);
      if (points === null) fields[place] = words.percent();
      return { basis_points: points ?? 0 };
    }
    const minor = amount(place, value);
    return kind === 'amount' ? { amount: minor } : { fixed: minor };
  };
  const spec: PricesSpec = {
    ticket_types: draft.types.map((type, index) => {
      const at = `ticket_types/${index}`;
      return {
        code: required(`${at}/code`, type.code),
        label: required(`${at}/label`, type.label),
        change: change(`${at}/change`, type.change),
        proof: type.proof.trim() || null
      };
    }),
    price_lists: draft.lists.map((list, index) => {
      const at = `price_lists/${index}`;
      return {
        external_id: list.external_id,
        name: required(`${at}/name`, list.name),
        prices: list.prices.map((price, row) => ({
          category: required(`${at}/prices/${row}/category`, price.category),
          amount_minor: amount(`${at}/prices/${row}/amount_minor`, price.amount)
        })),
        rules: list.rules.map((rule, row) => ({
          label: required(`${at}/rules/${row}/label`, rule.label),
          weekdays: [...rule.weekdays].sort((a, b) => a - b),
          from: rule.from || null,
          until: rule.until || null,
          categories: rule.categories
            .split(',')
            .map((one) => one.trim())
            .filter(Boolean),
          change: change(`${at}/rules/${row}/change`, rule.change)
        }))
      };
    })
  };
  return Object.keys(fields).length > 0 ? { fields } : { spec };
}
