/** What a change changed: the members that differ, by their place, however deep. Pure. */

export interface Difference {
  place: string;
  before: string | null;
  after: string | null;
}

type Value = unknown;

function flat(value: Value, place: string, into: Map<string, string>): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object' || one === null)) {
    if (value.length > 0) into.set(place, value.join(', '));
    return;
  }
  if (typeof value === 'object') {
    for (const [name, one] of Object.entries(value))
      flat(one, place === '' ? name : `${place} › ${name}`, into);
    return;
  }
  into.set(place, String(value));
}

/** In the order of how it is, then what is gone. */
export function differences(before: Value, after: Value): Difference[] {
  const [was, is] = [new Map<string, string>(), new Map<string, string>()];
  flat(before, '', was);
  flat(after, '', is);
  const places = [...new Set([...is.keys(), ...was.keys()])];
  return places
    .map((place) => ({ place, before: was.get(place) ?? null, after: is.get(place) ?? null }))
    .filter((one) => one.before !== one.after);
}
