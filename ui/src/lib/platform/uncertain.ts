/** What is not known after an error: apart from the errors themselves, since only who changes something has to ask. */
import { isPlatformError } from './error';

/** The server did not say whether the call had its effect. */
export function isUncertain(error: unknown): boolean {
  if (!isPlatformError(error)) return true;
  if (error.kind === 'offline' || error.kind === 'invalid') return true;
  if (error.code === 'idempotency_in_progress') return true;
  return (error.status ?? 0) >= 500 && error.code !== 'no_gateway';
}
