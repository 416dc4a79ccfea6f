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
  MoveShowRequest,
  OfflineScan,
  RedeemAnswer,
  RedeemRequest,
  SaleMethod,
  ScanVerdict,
  ScannedTicket,
  ScansAnswer,
  SeatMoved,
  SeatName,
  SellAnswer,
  SellRequest,
  Shift,
  ShowCancellation,
  ShowMove,
  ShowMovePlan,
  SignedDoorList,
  StaffRefundAnswer,
  StaffRefundRequest,
  UndoAnswer,
  WrongScan
} from './generated/api';

/** Everything staff may be allowed. */
export type Duty = Action;
