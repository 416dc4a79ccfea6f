/**
 * What doors, counters and bad days are told: the generated types of these calls.
 */
import type { Action } from './generated/api';

export type {
  CounterShow,
  DayTotals,
  DoorList,
  DoorShow,
  DoorTicket,
  DoubleScan,
  FirstScan,
  FoundBooking,
  ManagedBooking,
  ManagedMessage,
  OfflineScan,
  RedeemAnswer,
  RedeemRequest,
  SaleMethod,
  ScanVerdict,
  ScannedTicket,
  ScansAnswer,
  SellAnswer,
  SellRequest,
  Shift,
  ShowCancellation,
  SignedDoorList,
  StaffRefundAnswer,
  StaffRefundRequest,
  UndoAnswer,
  WrongScan
} from './generated/api';

/** Everything staff may be allowed. */
export type Duty = Action;
