/** Where the person wanted to go, kept for this sitting while they are away at a provider. */
import { platform } from '$lib/platform';

const KEY = 'after-provider';

export function rememberNext(next: string | null): void {
  platform().remember(KEY, next);
}

export function takeNext(): string | null {
  const next = platform().recall(KEY);
  platform().remember(KEY, null);
  return next;
}
