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
