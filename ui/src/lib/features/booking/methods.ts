/** The sandbox bank's test cards. Another gateway brings its own form; its tokens go the same way. */
import { m } from '$lib/paraglide/messages';

interface Method {
  token: string;
  label: () => string;
  detail: () => string;
}

export const testMethods: readonly Method[] = [
  { token: 'pm_card_visa', label: () => m.card_ok(), detail: () => m.card_ok_detail() },
  {
    token: 'pm_card_visa_chargeDeclined',
    label: () => m.card_declined(),
    detail: () => m.card_declined_detail()
  },
  {
    token: 'pm_card_authenticationRequired',
    label: () => m.card_3ds(),
    detail: () => m.card_3ds_detail()
  }
];
