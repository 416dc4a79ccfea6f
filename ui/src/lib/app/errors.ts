/**
 * What happened, in words for people: from a PlatformError to a title and a sentence. A problem code with no words
 * of its own falls back to the server's detail. Left out: what is safe ("you have not been charged"), which only the
 * screen knows.
 */
import { m } from '$lib/paraglide/messages';
import { isPlatformError } from '$lib/platform';

export interface Explanation {
  title: string;
  detail: string;
}

const words: Record<string, () => Explanation> = {
  offline: () => ({ title: m.error_offline_title(), detail: m.error_offline_detail() }),
  not_found: () => ({ title: m.error_not_found_title(), detail: m.error_not_found_detail() }),
  too_many_requests: () => ({ title: m.error_busy_title(), detail: m.error_busy_detail() }),
  overloaded: () => ({ title: m.error_busy_title(), detail: m.error_busy_detail() }),
  unavailable: () => ({ title: m.error_busy_title(), detail: m.error_busy_detail() }),
  bad_credentials: () => ({
    title: m.error_credentials_title(),
    detail: m.error_credentials_detail()
  }),
  email_taken: () => ({ title: m.error_email_taken_title(), detail: m.error_email_taken_detail() }),
  session_ended: () => ({ title: m.error_signed_out_title(), detail: m.error_signed_out_detail() }),
  unauthenticated: () => ({
    title: m.error_signed_out_title(),
    detail: m.error_signed_out_detail()
  }),
  secrets_unavailable: () => ({ title: m.error_keyring_title(), detail: m.error_keyring_detail() }),
  bad_server_address: () => ({ title: m.server_invalid(), detail: m.server_hint() }),
  hold_expired: () => ({
    title: m.error_hold_expired_title(),
    detail: m.error_hold_expired_detail()
  }),
  price_changed: () => ({
    title: m.error_price_changed_title(),
    detail: m.error_price_changed_detail()
  }),
  no_gateway: () => ({ title: m.error_no_gateway_title(), detail: m.error_no_gateway_detail() }),
  too_many_attempts: () => ({ title: m.error_attempts_title(), detail: m.error_attempts_detail() }),
  cool_down: () => ({ title: m.error_attempts_title(), detail: m.error_attempts_detail() }),
  too_many_unpaid_seats: () => ({
    title: m.error_unpaid_title(),
    detail: m.error_unpaid_detail()
  }),
  show_started: () => ({ title: m.error_started_title(), detail: m.error_started_detail() }),
  not_cancellable: () => ({
    title: m.error_not_cancellable_title(),
    detail: m.error_not_cancellable_detail()
  }),
  version_mismatch: () => ({ title: m.error_changed_title(), detail: m.error_changed_detail() }),
  no_position: () => ({ title: m.error_position_title(), detail: m.error_position_detail() })
};

export function explain(error: unknown): Explanation {
  if (!isPlatformError(error)) return { title: m.error_title(), detail: m.error_detail() };
  const known = words[error.code] ?? byStatus(error.status);
  if (known) return known();
  return { title: error.title || m.error_title(), detail: error.detail || m.error_detail() };
}

function byStatus(status: number | undefined): (() => Explanation) | undefined {
  if (status === 404) return words['not_found'];
  if (status === 401) return words['unauthenticated'];
  if (status === 429 || status === 503) return words['overloaded'];
  return undefined;
}

/** Field messages of a 422, by the last part of their JSON pointer. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!isPlatformError(error)) return {};
  return Object.fromEntries(
    (error.errors ?? []).map(({ pointer, detail }) => [pointer.split('/').pop() ?? '', detail])
  );
}
