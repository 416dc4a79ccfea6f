/** The ways to pay that a server offers: the payment provider's own page, or the sandbox bank's test cards. */
import { m } from '$lib/paraglide/messages';

export interface Method {
  token: string;
  label: () => string;
  detail: () => string;
  /** No real money. */
  test: boolean;
}

const hosted: Method = {
  token: 'hosted',
  label: () => m.pay_hosted(),
  detail: () => m.pay_hosted_detail(),
  test: false
};

const testCards: readonly Method[] = [
  { token: 'pm_card_visa', label: () => m.card_ok(), detail: () => m.card_ok_detail(), test: true },
  {
    token: 'pm_card_visa_chargeDeclined',
    label: () => m.card_declined(),
    detail: () => m.card_declined_detail(),
    test: true
  },
  {
    token: 'pm_card_authenticationRequired',
    label: () => m.card_3ds(),
    detail: () => m.card_3ds_detail(),
    test: true
  }
];

/** What a booking's `payment_methods` mean here. Without any the server says at the payment why nobody can pay. */
export function methodsOf(names: readonly string[] | undefined): readonly Method[] {
  const offered = (names ?? []).flatMap((name) => {
    if (name === 'hosted') return [hosted];
    return name === 'test_cards' ? testCards : [];
  });
  return offered.length > 0 ? offered : [hosted];
}
