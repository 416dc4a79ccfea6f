//! Bookings with everything that hangs on them, and the answers that the use cases keep for repeated requests.

use super::catalog::show_with;
use crate::live::LiveSeats;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use matinee_api as api;
use matinee_booking::{
    HOSTED, Render, ShowFile, Ways, cancellable_until, is_cancellable, refund_of,
};
use matinee_domain::{
    booking::{BookingState, BookingStatus},
    gift::GiftPart,
    ids::BookingId,
    limits,
    money::Money,
    payment::PaymentStatus,
};
use matinee_store::{
    bookings::{BookedSeat, BookingFile, Owner, PaymentRow, RefundRow, RefundTo},
    outbox::{FOR_PROGRAMS, MessageStatus},
};
use std::{collections::BTreeMap, sync::Arc};

/// Stands where a guest's token goes: the token is derived when it is sent and never kept with the answer.
pub const fn guest_token_slot() -> &'static str {
    "mg_@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"
}

tokio::task_local! {
    /// The request being answered: a problem that is kept for repetitions names the request that met it.
    static REQUEST_ID: String;
}

/// Runs a use case whose kept answer may be a problem.
pub async fn for_request<F: Future>(request_id: impl std::fmt::Display, use_case: F) -> F::Output {
    REQUEST_ID.scope(request_id.to_string(), use_case).await
}

/// As a method: the sandbox's test cards.
const TEST_CARDS: &str = "test_cards";

/// What stands in a booking's answer and is no part of the booking.
pub struct Around {
    pub live: Arc<LiveSeats>,
    /// How people can pay here.
    pub ways: Ways,
    /// What links begin with; no slash at its end.
    pub base_url: String,
}

/// Renders what the use cases commit with their effect.
pub struct BookingRender {
    pub around: Arc<Around>,
}

impl Render for BookingRender {
    fn booking(&self, file: &BookingFile, show: &ShowFile, now: DateTime<Utc>) -> Bytes {
        let mut answer = booking(file, show, &self.around, now);
        // Only the answer that makes the booking carries the token.
        if file.booking.version == 1 && matches!(file.booking.owner, Owner::Guest { .. }) {
            answer.guest_token = Some(guest_token_slot().into());
        }
        json(&answer)
    }

    fn declined(
        &self,
        file: &BookingFile,
        show: &ShowFile,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Bytes {
        let held = matches!(file.booking.state, BookingState::Held { .. });
        let rest = if held {
            "You have not been charged and your seats are still held: try again or use another card."
        } else {
            "You have not been charged, but the hold has run out: choose your seats again."
        };
        let mut problem = api::Problem::new(
            api::ProblemCode::PaymentDeclined,
            format!("{} {rest}", reason.trim_end()),
        );
        // Settled by recovery after a crash there is no request; then the payment is what support can look for.
        problem.request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_else(|_| {
            let last = file.payments.last();
            last.map(|payment| payment.payment_id.to_string())
                .unwrap_or_default()
        });
        problem.booking = Some(Box::new(booking(file, show, &self.around, now)));
        json(&problem)
    }

    fn cancelled(
        &self,
        file: &BookingFile,
        show: &ShowFile,
        refunds: usize,
        now: DateTime<Utc>,
    ) -> Bytes {
        let booking = booking(file, show, &self.around, now);
        let before = booking.refunds.len().saturating_sub(refunds);
        let mut refunds = booking.refunds.iter().skip(before).cloned();
        let (refund, gift_refund) = (refunds.next(), refunds.next());
        json(&api::CancelAnswer {
            booking,
            refund,
            gift_refund,
        })
    }

    fn booking_of(&self, answer: &[u8]) -> Option<BookingId> {
        #[derive(serde::Deserialize)]
        struct Named {
            booking_id: BookingId,
        }
        let named: Option<Named> = serde_json::from_slice(answer).ok();
        named.map(|named| named.booking_id)
    }
}

fn json<T: serde::Serialize>(value: &T) -> Bytes {
    // The contract's types are plain data: writing them to memory cannot fail.
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// A booking as its owner reads it.
pub fn booking(
    file: &BookingFile,
    show: &ShowFile,
    around: &Around,
    now: DateTime<Utc>,
) -> api::Booking {
    let row = &file.booking;
    let status = row.state.status();
    let waiting = file
        .payments
        .iter()
        .find(|p| p.status == PaymentStatus::RequiresAction);
    api::Booking {
        booking_id: row.booking_id,
        reference: row.reference,
        status,
        show: api::Show {
            cancelled: show.cancelled,
            ..show_with(&show.show, &show.theater, around.live.free_seats(show))
        },
        movie_name: show.movie.name.clone(),
        theater_name: show.theater.name.clone(),
        time_zone: show.theater.time_zone.name().into(),
        seats: row
            .seats
            .iter()
            .map(|seat| booked_seat(seat, show, row.total))
            .collect(),
        total_amount: row.total,
        breakdown: row
            .lines
            .iter()
            .map(|line| api::BreakdownLine {
                label: line.label.clone(),
                amount: line.amount,
                kind: line.kind,
            })
            .collect(),
        promo_code: row.promo.as_ref().map(ToString::to_string),
        hold_expires_at: row.state.expires_at(),
        extensions_left: extensions_left(&row.state),
        payments: file
            .payments
            .iter()
            .map(|row| payment(row, &file.refunds))
            .collect(),
        refunds: file
            .refunds
            .iter()
            .map(|r| refund(r, &file.payments))
            .collect(),
        notifications: notifications(file),
        cancellation_policy: terms(file, show, now),
        advice: row.advice.clone(),
        version: row.version,
        created_at: row.created_at,
        guest_email: match &row.owner {
            Owner::Guest { email } => email.clone(),
            Owner::User(_) => None,
        },
        guest_token: None,
        payment_id: waiting.map(|p| p.payment_id),
        next_action: waiting.map(|payment| next_action(payment, around)),
        payment_methods: payment_methods(&row.state, around.ways),
        minimum_charge: matches!(row.state, BookingState::Held { .. })
            .then(|| around.ways.minimum(row.total.currency))
            .flatten(),
        test: row.test,
    }
}

/// The way to the payer's bank leads through this server, which asks the gateway where it is: such an address is long,
/// holds for a while only and may be known to the payer alone, so that it is kept nowhere.
fn next_action(payment: &PaymentRow, around: &Around) -> api::NextAction {
    let simulated = around.ways.simulated;
    api::NextAction {
        kind: if simulated { "simulate" } else { "redirect" }.into(),
        url: (!simulated).then(|| {
            let (base, path, id) = (&around.base_url, api::BASE_PATH, payment.payment_id);
            format!("{base}{path}/payments/{id}/page")
        }),
    }
}

/// How a hold can be paid; nothing once it is none any more.
fn payment_methods(state: &BookingState, ways: Ways) -> Vec<String> {
    let offered = [(ways.hosted, HOSTED), (ways.simulated, TEST_CARDS)];
    let held = matches!(state, BookingState::Held { .. });
    let methods = offered.into_iter().filter(|(offered, _)| held && *offered);
    methods.map(|(_, name)| name.to_owned()).collect()
}

fn booked_seat(
    seat: &matinee_store::bookings::BookedSeat,
    show: &ShowFile,
    total: Money,
) -> api::BookedSeat {
    let place = show.place(seat);
    api::BookedSeat {
        seat_id: show.place_id(seat),
        row: place.map(|p| p.row.clone()).unwrap_or_default(),
        number: place.map(|p| p.number.clone()).unwrap_or_default(),
        ticket_type: seat.ticket_type.clone(),
        price: Money::new(seat.price_minor, total.currency),
        cancelled: seat.cancelled,
    }
}

const fn extensions_left(state: &BookingState) -> u8 {
    match state {
        BookingState::Held { extensions, .. } => {
            limits::HOLD_EXTENSIONS.saturating_sub(*extensions)
        }
        _ => 0,
    }
}

/// A payment with a card's part of it. Of one that took money late, when its card had the part back already, it is none.
fn payment(row: &PaymentRow, refunds: &[RefundRow]) -> api::Payment {
    let part = row.gift.as_ref().filter(|part| {
        let own = |refund: &&RefundRow| {
            refund.payment_id == row.payment_id && refund.to == RefundTo::GiftCard
        };
        let told: i64 = refunds
            .iter()
            .filter(own)
            .map(|refund| refund.amount.amount_minor)
            .sum();
        !row.status.is_paid() || part.returned_minor == told
    });
    let by_card = part.map_or(0, |part| part.amount_minor);
    let by_card = Money::new(by_card, row.amount.currency);
    api::Payment {
        payment_id: row.payment_id,
        status: row.status,
        amount: row.amount.checked_add(by_card).unwrap_or(row.amount),
        gift_amount: part.map(|_| by_card),
        gift_card: part.map(|part| part.last4.clone()),
        gateway: row.gateway.clone(),
        method: row.method_label.clone(),
        created_at: row.created_at,
        decline_reason: row.decline_reason.clone(),
    }
}

fn refund(row: &RefundRow, payments: &[PaymentRow]) -> api::Refund {
    let paid = payments
        .iter()
        .find(|payment| payment.payment_id == row.payment_id);
    let card = paid
        .and_then(|paid| paid.gift.as_ref())
        .filter(|_| row.to == RefundTo::GiftCard);
    api::Refund {
        refund_id: row.refund_id,
        amount: row.amount,
        method: card.map_or_else(
            || paid.map(|p| p.method_label.clone()).unwrap_or_default(),
            GiftPart::label,
        ),
        gift_card: card.map(|part| part.last4.clone()),
        status: row.status,
        created_at: row.created_at,
    }
}

/// What the booking's owner gets; what programs are told is not theirs to see.
fn notifications(file: &BookingFile) -> Vec<api::Notification> {
    let own = file
        .notifications
        .iter()
        .filter(|row| !FOR_PROGRAMS.contains(&row.channel.as_str()));
    own.map(notification).collect()
}

fn notification(row: &matinee_store::bookings::NotificationRow) -> api::Notification {
    api::Notification {
        notification_id: row.notification_id,
        kind: row.kind.clone(),
        channel: row.channel.clone(),
        status: match row.status {
            MessageStatus::Pending => api::NotificationStatus::Pending,
            MessageStatus::Sent => api::NotificationStatus::Sent,
            MessageStatus::Failed => api::NotificationStatus::Failed,
        },
        created_at: row.created_at,
    }
}

fn terms(file: &BookingFile, show: &ShowFile, now: DateTime<Utc>) -> api::CancellationTerms {
    let policy = &show.theater.cancellation_policy;
    let booked_at = file.booking.created_at;
    let status = file.booking.state.status();
    let paid = matches!(
        status,
        BookingStatus::Confirmed | BookingStatus::PartlyCancelled
    ) && file.payments.iter().any(|p| p.status.is_paid());
    let open: Vec<_> = file
        .booking
        .seats
        .iter()
        .filter(|seat| !seat.cancelled)
        .collect();
    let back = |seats: &[&BookedSeat]| refund_of(show, &file.booking, seats.iter().copied(), now);
    let amounts: BTreeMap<String, Money> = open
        .iter()
        .map(|seat| (show.place_id(seat).0, back(&[*seat])))
        .collect();
    api::CancellationTerms {
        text: policy.in_words(),
        cancellable: paid && is_cancellable(show, booked_at, now),
        cancellable_until: cancellable_until(show, booked_at, now),
        refund_now: back(&open),
        refund_now_by_seat: amounts,
    }
}
