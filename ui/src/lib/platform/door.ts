/**
 * What a door can ask for, and what it keeps on this device so that it works with no network: the signed list of a day's
 * tickets, and scans that are still to be told. Rules are the Platform's.
 */
import type { Attempt } from './platform';
import type {
  OfflineScan,
  RedeemAnswer,
  RedeemRequest,
  ScansAnswer,
  SignedDoorList,
  UndoAnswer
} from './staff-types';

/** A list with what a door needs to use it: kept whole, so that a door opens without asking anybody. */
export interface KeptList {
  theater_id: string;
  theater_name: string;
  time_zone: string;
  list: SignedDoorList;
  /** When the server gave it out, by the server's clock. */
  as_of: string;
  /** How far this device's clock was behind the server's then. */
  skew_ms?: number;
}

/** What was scanned; the theater is said beside it. */
export type ScanRequest = Omit<RedeemRequest, 'theater_id'>;

/** A scan this door decided by itself. With `asked` the server may have heard of it: it is asked once more, by the same
 *  attempt, before the scan is told as one of the door's own. */
export interface KeptScan {
  theater_id: string;
  scan: OfflineScan;
  asked?: { request: ScanRequest; attempt: Attempt };
}

/** What this door is: its name, and the show it is for, if only for one. */
export interface DoorSettings {
  door: string;
  show_id: string | null;
}

export interface DoorCalls {
  /** Gives up soon: the list on this device is the other way. */
  redeem(theaterId: string, request: ScanRequest, attempt: Attempt): Promise<RedeemAnswer>;
  undoRedeem(theaterId: string, scanId: string, attempt: Attempt): Promise<UndoAnswer>;
  /** With the server's time of the answer, to the millisecond. */
  doorList(theaterId: string, date: string): Promise<{ list: SignedDoorList; as_of: string }>;
  tellScans(theaterId: string, scans: OfflineScan[], attempt: Attempt): Promise<ScansAnswer>;

  keepList(kept: KeptList): Promise<void>;
  keptLists(): Promise<KeptList[]>;
  keepScan(scan: KeptScan): Promise<void>;
  keptScans(theaterId: string): Promise<KeptScan[]>;
  forgetScans(scanIds: string[]): Promise<void>;
  doorSettings(theaterId: string): Promise<DoorSettings | null>;
  saveDoorSettings(theaterId: string, settings: DoorSettings): Promise<void>;
}
