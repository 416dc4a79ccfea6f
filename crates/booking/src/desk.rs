//! What every use case works with.

use crate::{
    notes::JobNotes,
    ports::{Clock, Entropy, PaymentGateway},
    show_file::{ShowFile, Shows},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    ids::{
        self, BookingId, NotificationId, PaymentId, Reference, RefundId, ShowId, TheaterId,
        TicketId,
    },
};
use matinee_store::{
    BookingStore, CancellationStore, GiftStore, MoveStore, PromoStore,
    bookings::{BookingFile, NotificationRow, PaymentRow, SeatsEffect, Step, TicketState},
    outbox::{MessageStatus, NewMessage},
    promos::Customer,
};
use std::sync::{Arc, atomic::AtomicU64};

/// Turns a booking into the bytes of its answer, before it is committed. Made by the server.
pub trait Render: Send + Sync + 'static {
    /// The booking alone.
    fn booking(&self, file: &BookingFile, show: &ShowFile, now: DateTime<Utc>) -> Bytes;
    /// The problem of a declined payment, with the booking.
    fn declined(
        &self,
        file: &BookingFile,
        show: &ShowFile,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Bytes;
    /// The answer of a cancellation; `refunds` so many of the file's last ones are its own.
    fn cancelled(
        &self,
        file: &BookingFile,
        show: &ShowFile,
        refunds: usize,
        now: DateTime<Utc>,
    ) -> Bytes;
    /// Which booking an answer of [`Self::booking`] was about: of a repeated request only its answer is kept.
    fn booking_of(&self, _answer: &[u8]) -> Option<BookingId> {
        None
    }
}

/// The desk where seats are sold: the use cases are its methods, one file per verb.
pub struct Desk {
    pub store: Arc<dyn BookingStore>,
    pub promos: Arc<dyn PromoStore>,
    pub cancellations: Arc<dyn CancellationStore>,
    pub moves: Arc<dyn MoveStore>,
    pub gifts: Arc<dyn GiftStore>,
    pub shows: Arc<dyn Shows>,
    pub gateway: Option<Arc<dyn PaymentGateway>>,
    /// Where sales at the counter are recorded. Never offered to customers.
    pub counter: Option<Arc<dyn PaymentGateway>>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub render: Arc<dyn Render>,
    /// Life of a hold where the theater sets none.
    pub hold_life: TimeDelta,
    /// Per-caller quotas apply.
    pub quotas: bool,
    /// Refunds the gateway refused for good since the start: each is somebody's money that has to go back by hand.
    pub refunds_refused: AtomicU64,
    /// What the jobs remember between their rounds.
    pub notes: JobNotes,
}

impl Desk {
    pub(crate) fn new_booking_id(&self, theater: TheaterId, now: DateTime<Utc>) -> BookingId {
        BookingId::from_parts(
            theater,
            ids::time_ordered(now.timestamp_millis(), self.entropy.bytes()),
        )
    }
    pub(crate) fn new_payment_id(&self, theater: TheaterId, now: DateTime<Utc>) -> PaymentId {
        PaymentId::from_parts(
            theater,
            ids::time_ordered(now.timestamp_millis(), self.entropy.bytes()),
        )
    }
    pub(crate) fn new_ticket_id(&self, theater: TheaterId) -> TicketId {
        TicketId::from_parts(theater, self.entropy.bytes())
    }
    pub(crate) fn new_refund_id(&self) -> RefundId {
        RefundId::from_bytes(self.entropy.bytes())
    }
    pub(crate) fn new_reference(&self) -> Reference {
        Reference::from_random(self.entropy.bytes())
    }
    pub(crate) fn hold_life(&self, show: &ShowFile) -> TimeDelta {
        show.theater.hold_minutes.map_or(self.hold_life, |minutes| {
            TimeDelta::minutes(i64::from(minutes))
        })
    }

    /// An e-mail about a booking. One that has nowhere to go is written all the same: programs are told by it.
    pub(crate) fn message(&self, file: &BookingFile, kind: &str, now: DateTime<Utc>) -> NewMessage {
        // A user's address is looked up at delivery, so that a changed address is used; a guest's stands in the row.
        let recipient = match &file.booking.owner {
            matinee_store::bookings::Owner::User(user) => format!("user:{user}"),
            matinee_store::bookings::Owner::Guest { email } => email.clone().unwrap_or_default(),
        };
        NewMessage {
            notification_id: NotificationId::from_bytes(self.entropy.bytes()),
            booking_id: Some(file.booking.booking_id),
            kind: kind.into(),
            channel: "email".into(),
            recipient,
            payload: "{}".into(),
            created_at: now,
        }
    }
}

/// What a message tells of: these refunds, or none.
pub(crate) fn about_refunds(refunds: &[RefundId]) -> impl Fn(NewMessage) -> NewMessage + use<> {
    let refund = match refunds {
        [] => "null".into(),
        [id] => format!("\"{id}\""),
        [..] => {
            let ids: Vec<_> = refunds.iter().map(|id| format!("\"{id}\"")).collect();
            format!("[{}]", ids.join(","))
        }
    };
    move |message| NewMessage {
        payload: format!("{{\"refund\":{refund}}}"),
        ..message
    }
}

/// A step that changes nothing yet: the caller fills in what it does.
pub(crate) fn step(
    file: &BookingFile,
    to: BookingState,
    seats: SeatsEffect,
    now: DateTime<Utc>,
) -> Step {
    Step {
        booking_id: file.booking.booking_id,
        show_id: file.booking.show_id,
        expected_version: file.booking.version,
        to,
        seats,
        payments: Vec::new(),
        refunds: Vec::new(),
        gifts: Vec::new(),
        tickets: Vec::new(),
        cancel_seats: Vec::new(),
        by_theater: false,
        audit: None,
        messages: Vec::new(),
        idempotency: None,
        guest_email: None,
        customer: Customer::of(&file.booking.owner),
        unpaid_expiry: false,
        test: file.booking.test,
        now,
    }
}

/// The file as it will be once `step` is done: what an answer is rendered from before the commit.
pub(crate) fn after(file: &BookingFile, step: &Step) -> BookingFile {
    let mut file = file.clone();
    file.booking.state = step.to;
    file.booking.version = step.expected_version + 1;
    file.booking.test = step.test;
    if let (Some(email), matinee_store::bookings::Owner::Guest { email: kept }) =
        (&step.guest_email, &mut file.booking.owner)
    {
        *kept = Some(email.clone());
    }
    for payment in &step.payments {
        match file
            .payments
            .iter_mut()
            .find(|p| p.payment_id == payment.payment_id)
        {
            Some(kept) => *kept = payment.clone(),
            None => file.payments.push(payment.clone()),
        }
    }
    for refund in &step.refunds {
        match file
            .refunds
            .iter_mut()
            .find(|r| r.refund_id == refund.refund_id)
        {
            Some(kept) => *kept = refund.clone(),
            None => file.refunds.push(refund.clone()),
        }
    }
    file.tickets.extend(step.tickets.iter().cloned());
    for seat in &mut file.booking.seats {
        seat.cancelled |= step.cancel_seats.contains(&seat.seat);
    }
    for ticket in &mut file.tickets {
        // One that was used stays marked as used.
        if step.cancel_seats.contains(&ticket.seat) && ticket.state == TicketState::Valid {
            ticket.state = TicketState::Void;
        }
    }
    file.notifications
        .extend(step.messages.iter().map(|message| NotificationRow {
            notification_id: message.notification_id,
            kind: message.kind.clone(),
            channel: message.channel.clone(),
            status: MessageStatus::Pending,
            created_at: message.created_at,
        }));
    file
}

/// Whether a payment of this booking is this gateway's to finish: begun at one of its name, with money as real as its
/// own. Any other gateway, and a key of the other mode, knows nothing of it.
pub fn is_at(gateway: &dyn PaymentGateway, file: &BookingFile, paid: &PaymentRow) -> bool {
    paid.gateway == gateway.name() && file.booking.test == gateway.is_test()
}

impl Desk {
    /// The gateway at work here that this payment was begun at.
    pub(crate) fn gateway_of(
        &self,
        file: &BookingFile,
        paid: &PaymentRow,
    ) -> Option<Arc<dyn PaymentGateway>> {
        let mut gateways = self.gateway.iter().chain(&self.counter);
        gateways
            .find(|gateway| is_at(&***gateway, file, paid))
            .cloned()
    }
}

/// A booking with its show, as use cases pass them on.
#[derive(Debug, Clone)]
pub struct OnFile {
    pub file: BookingFile,
    pub show: Arc<ShowFile>,
}

impl Desk {
    /// A booking with its show; both are there or neither (shows with bookings are never deleted).
    pub async fn on_file(&self, booking_id: BookingId) -> Result<OnFile, crate::SaleError> {
        let file = self
            .store
            .booking(booking_id)
            .await?
            .ok_or(crate::SaleError::NoBooking)?;
        let mut show = self.show_of(file.booking.show_id).await?;
        if show.is_before(&file.booking) {
            // It moved to another screen, and this server has not heard of it.
            let moved = self.shows.reload(file.booking.show_id).await?;
            show = moved.ok_or(crate::SaleError::NoShow)?;
        }
        Ok(OnFile { file, show })
    }

    pub(crate) async fn show_of(&self, show_id: ShowId) -> Result<Arc<ShowFile>, crate::SaleError> {
        self.shows
            .show(show_id)
            .await?
            .ok_or(crate::SaleError::NoShow)
    }
}
