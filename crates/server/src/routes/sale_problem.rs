//! What a refused sale looks like to the caller: what happened, what is safe, what to do.

use crate::http::ApiError;
use matinee_api::ProblemCode as Code;
use matinee_booking::SaleError;

impl From<SaleError> for ApiError {
    fn from(error: SaleError) -> Self {
        match error {
            SaleError::NoShow => Self::not_found("show"),
            SaleError::NoBooking => Self::not_found("booking"),
            SaleError::Store(error) => error.into(),
            SaleError::Gateway(error) => error.into(),
            SaleError::IllegalPayment(_) | SaleError::IllegalBooking(_) => {
                matinee_store::StoreError::Damaged(error.to_string()).into()
            }
            error => problem(error),
        }
    }
}

fn problem(error: SaleError) -> ApiError {
    match error {
        SaleError::SeatsTaken { taken, alternatives } => ApiError::new(
            Code::SeatsUnavailable,
            "Somebody was faster: some of these seats are no longer free. Nothing was booked; choose others.",
        )
        .with(|p| {
            p.unavailable_seat_ids = Some(taken);
            p.alternatives = Some(alternatives);
        }),
        SaleError::NotEnoughSeats { free } => ApiError::new(
            Code::SeatsUnavailable,
            format!("Only {free} seats are free in this show. Nothing was booked; choose fewer or another show."),
        )
        .with(|p| {
            p.unavailable_seat_ids = Some(vec![]);
            p.alternatives = Some(vec![]);
        }),
        SaleError::GiftChanged(covers) => ApiError::new(
            Code::GiftCardChanged,
            if covers.amount_minor == 0 {
                "This gift card pays nothing of this booking: nothing is left on it, or so little would be left to pay that it \
                 cannot be charged. Nothing was charged; go on without it, or with another one."
                    .into()
            } else {
                format!("The gift card pays {covers} of this booking now. Nothing was charged; look at the rest again.")
            },
        )
        .with(|p| p.gift_amount = Some(covers)),
        SaleError::TooSmallToCharge { least } => ApiError::new(
            Code::AmountTooSmall,
            format!(
                "Less than {least} cannot be charged online. Nothing was charged, and your seats are still held: choose more \
                 seats or another type of ticket, pay all of it with a gift card, or buy at the box office."
            ),
        ),
        SaleError::SingleSeatGap { words, suggestion } => {
            ApiError::new(Code::SingleSeatGap, words).with(|p| p.suggested_seat_ids = Some(suggestion))
        }
        SaleError::NoSeats | SaleError::TooManySeats { .. } | SaleError::UnknownSeat { .. }
        | SaleError::DuplicateSeat { .. } | SaleError::UnknownTicketType { .. }
        | SaleError::TicketTypeWithoutSeat { .. } | SaleError::RefundAmount { .. } | SaleError::EmailInvalid | SaleError::Price(_) => invalid(error),
        SaleError::TooLittleTendered(total) => ApiError::invalid(
            "/tendered_minor",
            format!("The total is {total}: less was handed over. Nothing was sold."),
        ),
        SaleError::TooManyUnpaid { .. } | SaleError::CoolDown { .. } | SaleError::TooManyAttempts => too_many(error),
        error => {
            let (code, detail) = conflict(&error);
            let problem = ApiError::new(code, detail);
            match code {
                Code::Overloaded => problem.retry_after(1),
                // An operator has to set payments up first.
                Code::NoGateway => problem.retry_after(3600),
                _ => problem,
            }
        }
    }
}

fn invalid(error: SaleError) -> ApiError {
    match error {
        SaleError::NoSeats => ApiError::invalid("/seat_ids", "Choose at least one seat."),
        SaleError::TooManySeats { max } => ApiError::invalid(
            "/seat_ids",
            format!("This theater sells at most {max} seats in one booking."),
        ),
        SaleError::UnknownSeat { index, seat } => ApiError::invalid(
            format!("/seat_ids/{index}"),
            format!("There is no seat {seat} here."),
        ),
        SaleError::DuplicateSeat { index, seat } => ApiError::invalid(
            format!("/seat_ids/{index}"),
            format!("Seat {seat} is named twice."),
        ),
        SaleError::UnknownTicketType { seat, code } => ApiError::invalid(
            format!("/ticket_types/{}", escape(&seat)),
            format!("This show has no ticket type {code}."),
        ),
        SaleError::TicketTypeWithoutSeat { seat } => ApiError::invalid(
            format!("/ticket_types/{}", escape(&seat)),
            format!("Seat {seat} has a ticket type but is not among the chosen seats."),
        ),
        SaleError::RefundAmount { left } => ApiError::invalid(
            "/amount",
            format!("At most {left} can still go back, in amounts that the currency has."),
        ),
        SaleError::EmailInvalid => {
            ApiError::invalid("/guest_email", "This is not an e-mail address.")
        }
        error => ApiError::invalid(
            "/seat_ids",
            format!("These seats cannot be priced: {error}."),
        ),
    }
}

fn too_many(error: SaleError) -> ApiError {
    match error {
        SaleError::TooManyUnpaid { held } => ApiError::new(
            Code::TooManyUnpaidSeats,
            format!("{held} unpaid seats of this show are already held from here. Pay for them or release them first."),
        )
        .retry_after(60),
        SaleError::CoolDown { wait, .. } => {
            let seconds = u32::try_from(wait.num_milliseconds()).map_or(1, |ms| ms.div_ceil(1000));
            let minutes = seconds.div_ceil(60);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            ApiError::new(
                Code::CoolDown,
                format!(
                    "Several holds of this show ran out unpaid. Please try again in {minutes} {unit}; nothing was charged."
                ),
            )
            .retry_after(seconds)
        }
        _ => ApiError::new(
            Code::TooManyAttempts,
            "This booking has used up its payment attempts. You have not been charged; book again to try anew.",
        )
        .retry_after(60),
    }
}

fn conflict(error: &SaleError) -> (Code, String) {
    let (code, detail) = match error {
        SaleError::ShowStarted => (
            Code::ShowStarted,
            "This show has already started and is no longer sold here.",
        ),
        SaleError::ShowCancelled => (
            Code::ShowCancelled,
            "The theater cancelled this show. Nothing was booked, and whatever was paid for it goes back by itself, all of it.",
        ),
        SaleError::ShowMoved => (
            Code::ShowMoved,
            "The theater moved this show to another screen, which has other seats. Nothing was changed; look at its seats again.",
        ),
        SaleError::PromoInvalid => (
            Code::PromoInvalid,
            "This promo code is not valid for this booking. Nothing was changed.",
        ),
        SaleError::PromoUsedByCustomer => (
            Code::PromoUsed,
            "You use this promo code as often as one customer may. Nothing was changed or charged: go on without the code.",
        ),
        SaleError::GiftInvalid => (
            Code::GiftCardInvalid,
            "This gift card is not valid here. Nothing was charged; look at its code again.",
        ),
        SaleError::KeyReused => (
            Code::IdempotencyKeyReused,
            "This Idempotency-Key was used for another request. Use a new one.",
        ),
        SaleError::ShiftClosed => (
            Code::ShiftClosed,
            "This shift is closed. Nothing was sold or handed out; open another one.",
        ),
        SaleError::NotHeld => (
            Code::NotHeld,
            "This booking is no longer a hold, so it cannot be changed this way.",
        ),
        SaleError::HoldExpired => (
            Code::HoldExpired,
            "The hold has run out and its seats are free again. You have not been charged.",
        ),
        SaleError::ChargedTooLate => (
            Code::HoldExpired,
            "The hold ran out before the payment came through, and its seats are gone. You were charged, and all of it \
             is on its way back to you.",
        ),
        SaleError::NoMoreExtensions => (
            Code::NoMoreExtensions,
            "This hold has had all the time it can get. Pay now, or book again.",
        ),
        SaleError::VersionMismatch => {
            return (
                Code::VersionMismatch,
                crate::http::etag::changed_meanwhile().0.detail,
            );
        }
        SaleError::NoGateway => (
            Code::NoGateway,
            "This theater cannot take payments online yet. Your seats are still held.",
        ),
        SaleError::EmailRequired => (
            Code::EmailRequired,
            "Tell us an e-mail address for the tickets first. You have not been charged.",
        ),
        SaleError::PriceChanged(_) => (
            Code::PriceChanged,
            "The price is not the one you saw. Nothing was charged; look at the booking again.",
        ),
        SaleError::PaymentInProgress => (
            Code::PaymentInProgress,
            "A payment for this booking is already running. Wait for it before you try again.",
        ),
        SaleError::AlreadyPaid => (
            Code::AlreadyPaid,
            "This booking is already paid. Nothing more was charged.",
        ),
        SaleError::AnotherGateway { .. } => (
            Code::NoGateway,
            "This was paid through a payment service that is not at work here. Nothing was changed; ask the theater.",
        ),
        SaleError::NotAwaitingAction => (
            Code::NotAwaitingAction,
            "This payment is not waiting for anything. Look at the booking for its state.",
        ),
        SaleError::NotConfirmed => (
            Code::NotConfirmed,
            "There are no tickets yet: the booking is not confirmed.",
        ),
        SaleError::NotCancellable { words } => {
            return (
                Code::NotCancellable,
                format!("This booking cannot be cancelled. {words}"),
            );
        }
        _ => (
            Code::Overloaded,
            "Too much is changing at once. Nothing was changed; try again in a moment.",
        ),
    };
    (code, detail.to_owned())
}

/// A member name in a JSON pointer (RFC 6901).
fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, Utc};

    #[test]
    fn a_pause_says_how_long_it_still_is() {
        for (wait, seconds, words) in [
            (TimeDelta::minutes(30), 1800, "in 30 minutes"),
            (TimeDelta::milliseconds(61_001), 62, "in 2 minutes"),
            (TimeDelta::milliseconds(200), 1, "in 1 minute;"),
        ] {
            let until = Utc::now() + wait;
            let problem = ApiError::from(SaleError::CoolDown { until, wait }).0;
            assert_eq!(problem.retry_after, Some(seconds));
            assert!(problem.detail.contains(words), "{}", problem.detail);
        }
    }

    #[test]
    fn who_was_charged_too_late_does_not_hear_that_nothing_was_charged() {
        let late = ApiError::from(SaleError::ChargedTooLate).0;
        assert_eq!(late.code, Code::HoldExpired);
        assert!(late.detail.contains("You were charged"), "{}", late.detail);
        let expired = ApiError::from(SaleError::HoldExpired).0;
        assert!(expired.detail.contains("not been charged"));
    }
}
