//! Bookings, their seats, payments, refunds and tickets.
//!
//! The writes are the steps of the use cases in `booking`, one transaction each. A seat has a row only while it is
//! held, sold or blocked; its primary key (theater, show, seat) is what makes selling twice impossible.

use crate::{
    error::StoreError,
    feed::SeatState,
    gifts::{BY_GIFT_CARD, GiftEntry},
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup},
    outbox::NewMessage,
    promos::Customer,
    staff::AuditEntry,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    channel::SaleChannel,
    gift::GiftPart,
    ids::{BookingId, PaymentId, Reference, RefundId, ShowId, TicketId, UserId},
    money::Money,
    payment::{PaymentStatus, RefundStatus},
    price::Line,
    promo::PromoCode,
    seat_map::SeatNo,
};
use serde::{Deserialize, Serialize};

/// Whose a booking is. A guest is known by the digest of the guest token's key material or, for limits, the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    User(UserId),
    /// `email` is due at payment.
    Guest {
        email: Option<String>,
    },
}

/// A seat of a booking with what was agreed about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedSeat {
    pub seat: SeatNo,
    /// Ticket type code.
    pub ticket_type: String,
    /// All-in, minor units of the booking's currency.
    pub price_minor: i64,
    /// Set when this seat's ticket was cancelled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Of which of its show's seatings the number is: how often the show had moved to another screen by then.
    #[serde(default, skip_serializing_if = "is_first")]
    pub seating: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_first(seating: &u16) -> bool {
    *seating == 0
}

/// A booking as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingRow {
    pub booking_id: BookingId,
    pub reference: Reference,
    pub show_id: ShowId,
    pub owner: Owner,
    /// For limits: digest of the user, or of the guest's address (/64 for IPv6).
    pub caller: [u8; 16],
    pub state: BookingState,
    pub seats: Vec<BookedSeat>,
    /// What the seats cost together.
    pub total: Money,
    pub lines: Vec<Line>,
    pub advice: Vec<String>,
    /// The promotion code its prices were made with. It counts as used while the booking owns its seats.
    pub promo: Option<PromoCode>,
    /// Where it was made.
    pub channel: SaleChannel,
    pub created_at: DateTime<Utc>,
    /// Grows with every change of the booking; the ETag of PATCH.
    pub version: u64,
    /// Paid in a sandbox.
    pub test: bool,
}

impl BookingRow {
    /// Its seats are numbers of this of its show's seatings.
    pub fn is_of_seating(&self, seating: u16) -> bool {
        let mut open = self.seats.iter().filter(|seat| !seat.cancelled);
        open.all(|seat| seat.seating == seating)
    }
}

/// A payment attempt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    pub payment_id: PaymentId,
    pub booking_id: BookingId,
    pub status: PaymentStatus,
    /// What the gateway is asked for: the booking's total without what a gift card pays of it.
    pub amount: Money,
    pub gateway: String,
    /// The token the payer chose, as given; never card data.
    pub method_token: String,
    /// What people read, e.g. "Visa •••• 4242"; empty until the gateway said so.
    pub method_label: String,
    /// The gateway's own id, once known.
    pub gateway_ref: Option<String>,
    pub created_at: DateTime<Utc>,
    pub decline_reason: Option<String>,
    pub captured_minor: i64,
    pub refunded_minor: i64,
    /// The idempotency key of the request that began it, so that a repeated request finds its payment.
    pub idempotency: Option<IdempotencyKey>,
    /// What a gift card pays of it: claimed while the payment is live or took money, back on the card when it came to nothing.
    pub gift: Option<GiftPart>,
}

impl PaymentRow {
    /// What it was paid with, charge and gift card together.
    pub fn paid_minor(&self) -> i64 {
        let by_card = self.gift.as_ref().map_or(0, |part| part.amount_minor);
        self.captured_minor + if self.status.is_paid() { by_card } else { 0 }
    }

    /// What went back of it, or is on its way.
    pub fn back_minor(&self) -> i64 {
        let to_card = self.gift.as_ref().map_or(0, |part| part.returned_minor);
        self.refunded_minor + if self.status.is_paid() { to_card } else { 0 }
    }

    /// A card paid all of it: no gateway knows of it.
    pub fn is_by_card_alone(&self) -> bool {
        self.gateway == BY_GIFT_CARD
    }
}

/// Why money goes back: tickets were cancelled by their owner.
pub const CANCELLED_BY_CUSTOMER: &str = "cancelled_by_customer";
/// Why money goes back: it came when the booking could not be confirmed with it any more. Such a payment pays nothing.
pub const CAME_TOO_LATE: &str = "seats_gone";

/// Why money goes back: the theater cancelled the show.
pub const SHOW_CANCELLED: &str = "show_cancelled";
/// Why money goes back: the show moved, and there is no room for the booking.
pub const SHOW_MOVED: &str = "show_moved";
/// Why money goes back though the tickets stay good: staff gave it.
pub const GOODWILL: &str = "goodwill";
/// Where money goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundTo {
    /// The way it came, by the gateway.
    Payer,
    /// The gift card that paid: done in the transaction that records it.
    GiftCard,
}

/// A refund as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    pub refund_id: RefundId,
    pub payment_id: PaymentId,
    pub booking_id: BookingId,
    pub amount: Money,
    pub status: RefundStatus,
    pub to: RefundTo,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub attempts: u32,
}

/// Whether a ticket opens the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    Valid,
    Redeemed,
    Void,
}

/// A ticket as it is kept. Its signature is made when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRow {
    pub ticket_id: TicketId,
    pub booking_id: BookingId,
    pub seat: SeatNo,
    pub state: TicketState,
    /// Grows with a reissue, which revokes the old one.
    pub revision: u32,
}

/// A message about a booking, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    pub notification_id: matinee_domain::ids::NotificationId,
    pub kind: String,
    pub channel: String,
    pub status: crate::outbox::MessageStatus,
    pub created_at: DateTime<Utc>,
}

/// A booking with all that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingFile {
    pub booking: BookingRow,
    /// Oldest first.
    pub payments: Vec<PaymentRow>,
    /// Oldest first.
    pub refunds: Vec<RefundRow>,
    pub tickets: Vec<TicketRow>,
    /// Oldest first.
    pub notifications: Vec<NotificationRow>,
}

/// Limits checked inside the transaction of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldLimits {
    /// Unpaid seats the caller may have of this show, this hold included; `None` when switched off.
    pub unpaid_seats: Option<u16>,
    /// When the caller let too many holds of this show run out; `None` when switched off.
    pub expiries: Option<ExpiryLimit>,
}

/// Once the last `most` unpaid expiries of a caller on a show lie `within` this time of each other, it gets no more
/// seats of that show until `pause` after the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryLimit {
    pub most: u8,
    pub within: TimeDelta,
    pub pause: TimeDelta,
}

/// `POST /book`.
#[derive(Debug, Clone)]
pub struct HoldSeats {
    pub booking: BookingRow,
    pub limits: HoldLimits,
    /// With a key: the record to write, its answer already rendered.
    pub idempotency: Option<IdempotencyRecord>,
    /// Only if the show still has this version (an enforced single-seat-gap rule decided by it).
    pub only_if_version: Option<u64>,
    pub now: DateTime<Utc>,
}

/// What became of a hold, or of a change of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldOutcome {
    Held {
        show_version: u64,
    },
    /// These of the wanted seats are not free; nothing was changed.
    SeatsTaken(Vec<SeatNo>),
    /// The show moved on; decide again.
    ShowChanged {
        show_version: u64,
    },
    /// The show moved to another screen since the seats were chosen: their numbers are those of other seats now.
    ShowMoved,
    /// The caller has too many unpaid seats of this show.
    TooManyUnpaid {
        held: u16,
    },
    /// The caller let too many holds run out.
    CoolDown {
        until: DateTime<Utc>,
    },
    /// The booking's promotion code cannot be taken up: it is used up, over, not begun or not there.
    PromoGone,
    /// The booking's customer uses its promotion code as often as one customer may.
    PromoUsedByCustomer,
    /// The show is not there (any more).
    NoShow,
    /// The theater cancelled the show.
    ShowCancelled,
    Repeated(Lookup),
    /// (Change only) the booking is not there, not a hold, or at another version.
    Stale(Option<Box<BookingRow>>),
}

/// `PATCH /bookings/{id}`: the whole new content of a hold. Seats in both the old and the new list stay held.
#[derive(Debug, Clone)]
pub struct ChangeHold {
    /// The booking as it shall be; same id, show and state (Held).
    pub booking: BookingRow,
    /// The version it had when the change was decided.
    pub expected_version: u64,
    /// They hold for seats that are added: a change of anything else is never refused by them.
    pub limits: HoldLimits,
    pub only_if_version: Option<u64>,
    pub now: DateTime<Utc>,
}

/// A conditional step of one booking: applied only while its version is `expected_version`.
#[derive(Debug, Clone)]
pub struct Step {
    pub booking_id: BookingId,
    pub show_id: ShowId,
    pub expected_version: u64,
    /// The state after the step.
    pub to: BookingState,
    /// What happens to the booking's (uncancelled) seats.
    pub seats: SeatsEffect,
    /// Payment rows to insert or replace (by id).
    pub payments: Vec<PaymentRow>,
    /// Refund rows to insert or replace (by id).
    pub refunds: Vec<RefundRow>,
    /// What moves from gift cards or to them.
    pub gifts: Vec<GiftEntry>,
    /// Tickets to issue.
    pub tickets: Vec<TicketRow>,
    /// Seats whose tickets are cancelled by this step: tickets voided, seat rows removed, booking seats marked.
    pub cancel_seats: Vec<SeatNo>,
    /// It is the theater that cancels them: tickets that were used end like the others (and stay marked as used), and it does
    /// not matter that the show is cancelled.
    pub by_theater: bool,
    /// What staff did, when it was they.
    pub audit: Option<AuditEntry>,
    pub messages: Vec<NewMessage>,
    pub idempotency: Option<IdempotencyRecord>,
    /// A guest's e-mail, when it came with this step.
    pub guest_email: Option<String>,
    /// Who the booking's use of its promotion code counts for once this is done, where that is known. Looked at when the
    /// use is claimed again, and when an e-mail came.
    pub customer: Option<Customer>,
    /// Count this as an unpaid expiry of the booking's caller.
    pub unpaid_expiry: bool,
    pub test: bool,
    pub now: DateTime<Utc>,
}

impl Step {
    /// Whether it matters to this step that its show is cancelled: nobody begins to pay for such a show, and nobody cancels
    /// tickets of it by the policy, which may give back less than all.
    pub fn needs_its_show(&self) -> bool {
        let begins = matches!(self.to, BookingState::AwaitingPayment { .. })
            && self.payments.iter().any(|payment| {
                payment.status == PaymentStatus::Created && payment.gateway_ref.is_none()
            });
        // A gift card that pays all of it begins and ends in one step.
        let by_card = self.seats == SeatsEffect::Sell
            && self.payments.iter().any(PaymentRow::is_by_card_alone);
        begins || by_card || (!self.cancel_seats.is_empty() && !self.by_theater)
    }
}

/// What a step does to the booking's seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatsEffect {
    /// Nothing.
    Keep,
    /// Held rows become sold; every seat must still be this booking's, otherwise nothing is done.
    Sell,
    /// Seats of an expired booking are claimed anew and sold, and so is the use of its promotion code, whenever that ends;
    /// every seat must be free and the use to be had, otherwise nothing is done.
    Reclaim,
    /// The booking's rows are removed.
    Free,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    Done {
        version: u64,
    },
    /// The booking has moved on: read it again and decide again.
    Stale,
    /// (Sell and Reclaim) some seats are not to be had; nothing was changed.
    SeatsGone(Vec<SeatNo>),
    /// The booking's promotion code has been used up since, by others or by its customer; nothing was changed.
    PromoGone,
    /// A gift card does not pay what the step claims of it: it has less, ended or was blocked; nothing was changed.
    GiftGone,
    /// A live payment already exists for this booking; nothing was changed.
    PaymentInProgress,
    /// The theater cancelled the show, so that nobody begins to pay for it, or cancels tickets by the policy; nothing was
    /// changed.
    ShowCancelled,
    Repeated(Lookup),
}

/// The seats of a show now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatSnapshot {
    pub version: u64,
    /// Seats with a row; all others are free.
    pub seats: Vec<(SeatNo, SeatState)>,
}

/// Bookings, seats, payments, refunds, tickets.
#[async_trait]
pub trait BookingStore: Send + Sync + 'static {
    /// Holds seats: all or none.
    async fn hold_seats(&self, hold: HoldSeats) -> Result<HoldOutcome, StoreError>;
    /// Changes a hold in one step; on any outcome but `Held` the old seats stay held.
    async fn change_hold(&self, change: ChangeHold) -> Result<HoldOutcome, StoreError>;
    /// Takes one conditional step.
    async fn step(&self, step: Step) -> Result<StepOutcome, StoreError>;
    /// Looks a key up without an effect.
    async fn lookup(&self, key: IdempotencyKey) -> Result<Lookup, StoreError>;

    /// A booking with its payments, refunds, tickets and notifications.
    async fn booking(&self, booking_id: BookingId) -> Result<Option<BookingFile>, StoreError>;
    /// A booking by what a person reads out.
    async fn booking_by_reference(
        &self,
        reference: Reference,
    ) -> Result<Option<BookingFile>, StoreError>;
    /// A payment's booking, by payment id.
    async fn booking_of_payment(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<BookingFile>, StoreError>;
    /// A user's bookings, newest first; `before` is the last id of the page before. `limit` ≤ 100.
    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError>;
    /// Who has what in a show.
    async fn seats(&self, show_id: ShowId) -> Result<Option<SeatSnapshot>, StoreError>;

    /// Holds that ran out by `now`, oldest first, at most `limit`.
    async fn expired_holds(
        &self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingRow>, StoreError>;
    /// Frees a hold that ran out: Held → Expired in one transaction, counted as an unpaid expiry. Many at once share a
    /// commit. Returns how many were still due.
    async fn expire_holds(
        &self,
        due: Vec<BookingId>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError>;
    /// Bookings with a live payment that began before `before`, oldest first: work for recovery. Payments whose payer may
    /// still act (they require action and began less than [`PAYMENT_DEADLINE`] before it) are not among them: however many
    /// people are at their banks, what a crash left behind is found.
    ///
    /// [`PAYMENT_DEADLINE`]: matinee_domain::limits::PAYMENT_DEADLINE
    async fn unsettled(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError>;
    /// Bookings whose payer may still act and whose turn it is, oldest first, at most `limit`: each has a turn whenever
    /// another `every` has passed since its payment began, and what is asked for are the turns after `since` up to `now`.
    async fn waiting(
        &self,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
        every: TimeDelta,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError>;
    /// Refunds still pending that were not tried since `before`, oldest first. From the second attempt on a refund waits
    /// longer than that: twenty seconds, and twice as long after each further one, up to an hour.
    async fn pending_refunds(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<RefundRow>, StoreError>;
    /// A theater's payments, settled or not, whose ids lie after `after` and before `before`, in the order of their ids,
    /// which is that of their beginning. At most `limit`.
    async fn payments_of(
        &self,
        after: PaymentId,
        before: PaymentId,
        limit: u16,
    ) -> Result<Vec<PaymentRow>, StoreError>;
    /// Forgets idempotency records past their time, at most `limit`; returns how many.
    async fn forget_records(&self, now: DateTime<Utc>, limit: u16) -> Result<usize, StoreError>;
}
