/** Names and sentences about gateways and verdicts, for the pages of setting up. */
import { m } from '$lib/paraglide/messages';
import type { GatewayName, GatewayTrouble } from '$lib/platform';

const names: Record<GatewayName, () => string> = {
  sandbox: () => m.setup_gateway_sandbox(),
  stripe: () => 'Stripe',
  counter: () => m.setup_gateway_counter()
};

export const gatewayName = (name: GatewayName): string => names[name]();

const troubles: Record<GatewayTrouble, () => string> = {
  key_refused: () => m.setup_trouble_key(),
  rights_missing: () => m.setup_trouble_rights(),
  limited: () => m.setup_trouble_limited(),
  outage: () => m.setup_trouble_outage(),
  silence: () => m.setup_trouble_silence(),
  nonsense: () => m.setup_trouble_nonsense(),
  bad_request: () => m.setup_trouble_bad_request()
};

export const troubleWords = (trouble: GatewayTrouble): string => troubles[trouble]();
