/** How a verdict looks, sounds and reads: green, amber or red, each with words and a sign of its own, never colour alone. */
import { m } from '$lib/paraglide/messages';
import type { ScanVerdict } from '$lib/platform';

export type Tone = 'go' | 'look' | 'stop' | 'ask';

const tones: Record<ScanVerdict, Tone> = {
  admitted: 'go',
  already: 'look',
  choose: 'ask',
  forged: 'stop',
  unknown: 'stop',
  revoked: 'stop',
  cancelled: 'stop',
  wrong_show: 'stop',
  wrong_theater: 'stop',
  too_early: 'stop',
  too_late: 'stop',
  test_ticket: 'stop',
  not_paid: 'stop'
};

export const toneOf = (verdict: ScanVerdict): Tone => tones[verdict];

const titles: Record<ScanVerdict, () => string> = {
  admitted: () => m.door_admitted(),
  already: () => m.door_already(),
  choose: () => m.door_choose(),
  forged: () => m.door_forged(),
  unknown: () => m.door_unknown(),
  revoked: () => m.door_revoked(),
  cancelled: () => m.door_cancelled(),
  wrong_show: () => m.door_wrong_show(),
  wrong_theater: () => m.door_wrong_theater(),
  too_early: () => m.door_too_early(),
  too_late: () => m.door_too_late(),
  test_ticket: () => m.door_test_ticket(),
  not_paid: () => m.door_not_paid()
};

export const titleOf = (verdict: ScanVerdict): string => titles[verdict]();

/** What to do; nothing for those who go in. */
const advices: Partial<Record<ScanVerdict, () => string>> = {
  already: () => m.door_already_do(),
  forged: () => m.door_forged_do(),
  unknown: () => m.door_unknown_do(),
  revoked: () => m.door_revoked_do(),
  cancelled: () => m.door_cancelled_do(),
  wrong_show: () => m.door_wrong_show_do(),
  wrong_theater: () => m.door_wrong_theater_do(),
  too_early: () => m.door_too_early_do(),
  too_late: () => m.door_too_late_do(),
  test_ticket: () => m.door_test_ticket_do(),
  not_paid: () => m.door_not_paid_do()
};

export const adviceOf = (verdict: ScanVerdict): string => advices[verdict]?.() ?? '';
