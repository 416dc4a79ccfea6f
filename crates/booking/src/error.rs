//! Why a use case did not do what was asked. Each says which part of the request is at fault or what state stood in
//! the way; words for people are made where it is answered.

use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::IllegalBooking, payment::IllegalPayment, price::PriceError, seat_map::SeatId,
};
use matinee_store::StoreError;

use crate::ports::GatewayError;

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub enum SaleError {
    #[error("no such show")]
    NoShow,
    #[error("no such booking")]
    NoBooking,
    #[error("the show has started")]
    ShowStarted,
    /// Whatever was paid goes back by itself.
    #[error("the theater cancelled the show")]
    ShowCancelled,
    /// Its seats are others now.
    #[error("the show moved to another screen")]
    ShowMoved,
    #[error("no seats were chosen")]
    NoSeats,
    #[error("at most {max} seats")]
    TooManySeats { max: u16 },
    #[error("seat {seat} is not in this show")]
    UnknownSeat { index: usize, seat: SeatId },
    #[error("seat {seat} was named twice")]
    DuplicateSeat { index: usize, seat: SeatId },
    #[error("no ticket type {code}")]
    UnknownTicketType { seat: String, code: String },
    #[error("a ticket type for seat {seat}, which was not chosen")]
    TicketTypeWithoutSeat { seat: String },
    #[error("the promo code is not valid")]
    PromoInvalid,
    #[error("the customer uses the promo code as often as one may")]
    PromoUsedByCustomer,
    #[error("the gift card is not valid")]
    GiftInvalid,
    /// It covers so much now.
    #[error("the gift card covers {0:?}")]
    GiftChanged(matinee_domain::money::Money),
    /// What would be charged is less than the gateway takes.
    #[error("nothing below {least} can be charged")]
    TooSmallToCharge { least: matinee_domain::money::Money },
    #[error("only {free} seats are free")]
    NotEnoughSeats { free: usize },
    #[error("seats are taken")]
    SeatsTaken {
        taken: Vec<SeatId>,
        alternatives: Vec<Vec<SeatId>>,
    },
    #[error("the choice strands a single seat")]
    SingleSeatGap {
        words: String,
        suggestion: Vec<SeatId>,
    },
    #[error("too many unpaid seats")]
    TooManyUnpaid { held: u16 },
    #[error("too many holds ran out")]
    CoolDown {
        until: DateTime<Utc>,
        /// From now.
        wait: TimeDelta,
    },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("the booking is not a hold")]
    NotHeld,
    #[error("the hold has run out")]
    HoldExpired,
    /// The hold had run out and its seats were gone when the money came: all of it goes back.
    #[error("the payment came too late and goes back")]
    ChargedTooLate,
    #[error("the hold cannot be extended further")]
    NoMoreExtensions,
    #[error("the booking was changed in the meantime")]
    VersionMismatch,
    #[error("payments are not set up")]
    NoGateway,
    /// Only the gateway it was paid at, with a key of the same mode, can do this.
    #[error("it was paid at another gateway ({gateway}), which is not at work here")]
    AnotherGateway { gateway: String },
    #[error("an e-mail address is needed")]
    EmailRequired,
    #[error("the e-mail address is not valid")]
    EmailInvalid,
    #[error("the price is {0:?}")]
    PriceChanged(matinee_domain::money::Money),
    #[error("less than {0:?} was handed over")]
    TooLittleTendered(matinee_domain::money::Money),
    #[error("the shift is closed")]
    ShiftClosed,
    #[error("a payment is already running")]
    PaymentInProgress,
    #[error("the booking is already paid")]
    AlreadyPaid,
    #[error("too many payment attempts")]
    TooManyAttempts,
    #[error("the payment is not waiting for an action")]
    NotAwaitingAction,
    #[error("the booking cannot be cancelled: {words}")]
    NotCancellable { words: String },
    #[error("no more than {left} can go back")]
    RefundAmount { left: matinee_domain::money::Money },
    #[error("the booking is not confirmed")]
    NotConfirmed,
    #[error(transparent)]
    Price(#[from] PriceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The books and the gateway together ask for a step that the rules do not know.
    #[error(transparent)]
    IllegalPayment(#[from] IllegalPayment),
    #[error(transparent)]
    IllegalBooking(#[from] IllegalBooking),
    #[error("more than {most} charges: compare a shorter time")]
    TooMuchToCompare { most: usize },
    /// The booking changed under us more often than is plausible.
    #[error("too much is changing at once")]
    Contended,
}
