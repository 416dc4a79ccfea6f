/** Names of what the server calls by codes. What has none here, say of a newer server, stands as it is called. */
import { m } from '$lib/paraglide/messages';

type Names = Record<string, () => string>;
const named = (names: Names) => (code: string) => names[code]?.() ?? code;

export const methodName = named({
  cash: () => m.counter_cash(),
  terminal: () => m.counter_terminal(),
  invitation: () => m.counter_invitation(),
  counter: () => m.manage_counter(),
  gift: () => m.day_method_gift(),
  sandbox: () => m.day_method_sandbox()
});

export const channelName = named({
  web: () => m.day_channel_web(),
  app: () => m.day_channel_app(),
  counter: () => m.manage_counter()
});

export const reasonName = named({
  cancelled_by_customer: () => m.day_reason_customer(),
  show_cancelled: () => m.day_reason_show_cancelled(),
  show_moved: () => m.day_reason_show_moved(),
  seats_gone: () => m.day_reason_seats_gone(),
  goodwill: () => m.day_reason_goodwill(),
  customer_request: () => m.day_reason_request(),
  technical_problem: () => m.day_reason_technical(),
  illness: () => m.day_reason_illness(),
  booking_mistake: () => m.day_reason_mistake(),
  complaint: () => m.day_reason_complaint(),
  other: () => m.manage_reason_other()
});

export const bookingStatus = named({
  held: () => m.day_status_held(),
  awaiting_payment: () => m.day_status_awaiting_payment(),
  confirmed: () => m.day_status_confirmed(),
  partly_cancelled: () => m.day_status_partly_cancelled(),
  cancelled: () => m.day_status_cancelled(),
  expired: () => m.day_status_expired(),
  released: () => m.day_status_released()
});

export const kindName = named({
  confirmation: () => m.day_kind_confirmation(),
  cancellation: () => m.day_kind_cancellation(),
  refund: () => m.day_kind_refund(),
  payment_failed: () => m.day_kind_payment_failed(),
  reminder: () => m.day_kind_reminder(),
  change: () => m.day_kind_change(),
  show_cancelled: () => m.day_kind_show_cancelled(),
  recovery: () => m.day_kind_recovery(),
  password_reset: () => m.day_kind_password_reset(),
  email_verification: () => m.day_kind_email_verification()
});

export const mediumName = named({
  email: () => m.day_medium_email(),
  sms: () => m.day_medium_sms(),
  web_push: () => m.day_medium_push(),
  fcm: () => m.day_medium_push(),
  apns: () => m.day_medium_push(),
  app: () => m.day_medium_app(),
  webhook: () => m.day_medium_webhook()
});

export const refundState = named({
  pending: () => m.day_refund_pending(),
  succeeded: () => m.day_refund_succeeded(),
  failed: () => m.day_refund_failed()
});

/** What people call a ticket type; types that are gone from the list stand by their code. */
export const typeName = (
  types: readonly { code: string; label: string }[] | undefined,
  code: string
): string => types?.find((one) => one.code === code)?.label ?? code;
