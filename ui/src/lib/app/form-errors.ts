/**
 * What happened when something was tried (a sign-in, a hold, a payment, a form), in words for people. Beside `errors`,
 * which has the words for what any page can meet.
 */
import { m } from '$lib/paraglide/messages';
import { isPlatformError } from '$lib/platform';
import { explain, type Explanation } from './errors';

const words: Record<string, () => Explanation> = {
  bad_credentials: () => ({
    title: m.error_credentials_title(),
    detail: m.error_credentials_detail()
  }),
  second_factor_wrong: () => ({
    title: m.error_factor_wrong_title(),
    detail: m.error_factor_wrong_detail()
  }),
  passkey_broken_off: () => ({
    title: m.error_passkey_title(),
    detail: m.error_passkey_detail()
  }),
  push_unavailable: () => ({ title: m.error_push_title(), detail: m.error_push_detail() }),
  provider_unavailable: () => ({
    title: m.error_provider_title(),
    detail: m.error_provider_detail()
  }),
  email_unverified: () => ({
    title: m.error_email_unverified_title(),
    detail: m.error_email_unverified_detail()
  }),
  email_taken: () => ({ title: m.error_email_taken_title(), detail: m.error_email_taken_detail() }),
  bad_server_address: () => ({ title: m.server_invalid(), detail: m.server_hint() }),
  hold_expired: () => ({
    title: m.error_hold_expired_title(),
    detail: m.error_hold_expired_detail()
  }),
  price_changed: () => ({
    title: m.error_price_changed_title(),
    detail: m.error_price_changed_detail()
  }),
  amount_too_small: () => ({ title: m.error_small_title(), detail: m.error_small_detail() }),
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
  version_mismatch: () => ({ title: m.error_changed_title(), detail: m.error_changed_detail() })
};

/** Words for a refused or failed action. */
export function explainAction(error: unknown): Explanation {
  const known = isPlatformError(error) ? words[error.code] : undefined;
  return known ? known() : explain(error);
}
