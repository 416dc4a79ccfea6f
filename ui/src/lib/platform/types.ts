/**
 * The names the UI uses for what the server says: the generated types of the HTTP contract, under one roof. Left out
 * on purpose: Session (its tokens never reach the UI) and the bodies that only the implementations send.
 */
export type {
  BestSeats,
  BookRequest,
  BookedSeat,
  Booking,
  CancelAnswer,
  ChangeRequest,
  DeviceSession,
  FieldError,
  GiftBalance,
  Money,
  Movie,
  MovieSummary,
  Page,
  Passkey,
  PaymentRequest,
  Problem,
  Profile,
  Refund,
  SeatChange,
  SeatStatus,
  SecondFactorBegun,
  SecondFactorState,
  Show,
  ShowDetail,
  ShowSeat,
  ShowSeats,
  SignInMethods,
  SimulateOutcome,
  Theater,
  Ticket,
  TicketType,
  Tickets
} from './generated/api';
