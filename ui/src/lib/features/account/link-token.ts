/** The secret of a mailed link, taken out of the address at once so that it stays in no history and no screenshot. */
import { replaceState } from '$app/navigation';

export function tokenIn(url: URL): string | null {
  const inHash = new URLSearchParams(url.hash.slice(1)).get('token');
  return inHash ?? url.searchParams.get('token');
}

export function forgetToken(url: URL): void {
  const clean = new URL(url);
  clean.hash = '';
  clean.searchParams.delete('token');
  replaceState(clean.pathname + clean.search, {});
}
