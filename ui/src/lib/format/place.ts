/** A theater's address in one line. Maps often know no street, or repeat the city in it: the city is said once. */
import type { Theater } from '$lib/platform';

export function addressLine({ address, city }: Theater['location']): string {
  const street = address.trim();
  const known = street.toLocaleLowerCase();
  const town = city.trim().toLocaleLowerCase();
  if (known === '' || known === town) return city;
  return known.endsWith(`, ${town}`) ? street : `${street}, ${city}`;
}
