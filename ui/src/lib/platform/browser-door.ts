/** A door's calls in a browser. */
import type { DoorCalls } from './door';
import { DoorStore } from './door-store';
import type { Send } from './http';
import type { Attempt } from './platform';
import type { RedeemAnswer, ScansAnswer, SignedDoorList, UndoAnswer } from './staff-types';

const id = encodeURIComponent;
/** Somebody stands there: after so long the list on this device decides. */
const PATIENCE_MS = 2500;

export function doorCalls(send: Send, store = new DoorStore()): DoorCalls {
  const post = async <T>(
    path: string,
    body: unknown,
    attempt: Attempt,
    within?: number
  ): Promise<T> => {
    const headers = { 'Idempotency-Key': attempt.key };
    const call = { method: 'POST' as const, path, body, headers, ...(within ? { within } : {}) };
    return (await send<T>(call)).value;
  };
  const at = (theaterId: string) => `/manage/theaters/${id(theaterId)}`;

  return {
    redeem: (theaterId, request, attempt) =>
      post<RedeemAnswer>(
        '/manage/tickets/redeem',
        { theater_id: theaterId, ...request },
        attempt,
        PATIENCE_MS
      ),
    undoRedeem: (theaterId, scanId, attempt) =>
      post<UndoAnswer>(
        '/manage/tickets/redeem/undo',
        { theater_id: theaterId, scan_id: scanId },
        attempt
      ),
    async doorList(theaterId, date) {
      const path = `${at(theaterId)}/door-list`;
      const answer = await send<SignedDoorList>({ method: 'GET', path, query: { date } });
      return { list: answer.value, as_of: answer.as_of };
    },
    tellScans: (theaterId, scans, attempt) =>
      post<ScansAnswer>(`${at(theaterId)}/scans`, { scans }, attempt),

    keepList: (kept) => store.keepList(kept),
    keptLists: () => store.keptLists(),
    keepScan: (scan) => store.keepScan(scan),
    keptScans: (theaterId) => store.keptScans(theaterId),
    forgetScans: (scanIds) => store.forgetScans(scanIds),
    doorSettings: (theaterId) => store.settings(theaterId),
    saveDoorSettings: (theaterId, settings) => store.saveSettings(theaterId, settings)
  };
}
