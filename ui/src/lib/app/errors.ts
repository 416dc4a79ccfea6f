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

/** What any read can meet. What only doing something can meet stands in `form-errors`, so that pages which only show
 *  things do not carry it. */
const words: Record<string, () => Explanation> = {
  offline: () => ({ title: m.error_offline_title(), detail: m.error_offline_detail() }),
  not_found: () => ({ title: m.error_not_found_title(), detail: m.error_not_found_detail() }),
  too_many_requests: () => ({ title: m.error_busy_title(), detail: m.error_busy_detail() }),
  overloaded: () => ({ title: m.error_busy_title(), detail: m.error_busy_detail() }),
  unavailable: () => ({ title: m.error_busy_title(), detail: m.error_busy_detail() }),
  session_ended: () => ({ title: m.error_signed_out_title(), detail: m.error_signed_out_detail() }),
  unauthenticated: () => ({
    title: m.error_signed_out_title(),
    detail: m.error_signed_out_detail()
  }),
  secrets_unavailable: () => ({ title: m.error_keyring_title(), detail: m.error_keyring_detail() })
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
