//! What to do next about a payment, from what the gateway says of it and what our books say.
//!
//! One pure decision, asked again after every step until it says [`Next::Done`]: whoever asks it (the request that pays,
//! the bank's answer, recovery after a crash) brings the same books to the same end. The model of the sagas explores
//! exactly this function. Seats, amounts, messages and how a step is written are not here.

use crate::{booking::BookingStatus, payment::PaymentStatus};

/// Where a charge stands at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AtGateway {
    /// The payer has to act.
    RequiresAction,
    Authorized,
    Captured,
    Declined,
    Voided,
}

impl AtGateway {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::RequiresAction,
        Self::Authorized,
        Self::Captured,
        Self::Declined,
        Self::Voided,
    ];
}

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// Record the payment as this, and bring its booking along.
    Record(PaymentStatus),
    /// Money came for a booking that cannot have it: record it, and send all of it back.
    GiveBack,
    /// Ask the gateway for the authorized money.
    Capture,
    /// Nothing may stay authorized: tell the gateway to give it up.
    Void,
    /// Books and gateway agree, or the payer's bank has the next word.
    Done,
}

/// Decides. `booking` is the payment's booking.
pub fn next(gateway: AtGateway, payment: PaymentStatus, booking: BookingStatus) -> Next {
    use AtGateway as G;
    use BookingStatus as B;
    use PaymentStatus as P;
    match (gateway, payment) {
        // Our books closed this payment, and the gateway agrees.
        (G::Declined | G::Voided, P::Declined | P::Voided) => Next::Done,
        // The gateway may even say less than we recorded as taken: an operator has to look (`verify` names it).
        (_, P::Captured | P::PartlyRefunded | P::Refunded) => Next::Done,
        (G::RequiresAction, P::RequiresAction | P::Authorized) => Next::Done,
        (G::RequiresAction, P::Created) => Next::Record(P::RequiresAction),
        // We gave it up, the gateway did not: nothing may stay authorized or charged.
        (G::RequiresAction | G::Authorized, P::Declined | P::Voided) => Next::Void,
        (G::Captured, P::Declined | P::Voided) => Next::GiveBack,
        (G::Authorized, P::Authorized) if booking == B::Confirmed => Next::Capture,
        (G::Authorized, P::Created | P::RequiresAction | P::Authorized) => match booking {
            B::AwaitingPayment | B::Expired => Next::Record(P::Authorized),
            _ => Next::Void,
        },
        (G::Captured, P::Created | P::RequiresAction | P::Authorized) => match booking {
            B::AwaitingPayment | B::Expired => Next::Record(P::Captured),
            // Its own money, authorized before; anything else pays a second time.
            B::Confirmed if payment == P::Authorized => Next::Record(P::Captured),
            _ => Next::GiveBack,
        },
        (G::Declined, P::Created | P::RequiresAction | P::Authorized) => Next::Record(P::Declined),
        (G::Voided, P::Created | P::RequiresAction | P::Authorized) => Next::Record(P::Voided),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination: what is recorded is a step the payment's rules know, and it is never the present status again
    /// without anything else changing.
    #[test]
    fn every_recorded_step_is_one_the_rules_know() {
        for gateway in AtGateway::ALL {
            for payment in PaymentStatus::ALL {
                for booking in BookingStatus::ALL {
                    if let Next::Record(to) = next(gateway, payment, booking)
                        && to != payment
                    {
                        assert!(
                            payment.advance(to).is_ok(),
                            "{gateway:?} {payment:?} {booking:?}: {to:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn closed_books_leave_no_money_at_the_gateway() {
        for payment in [PaymentStatus::Declined, PaymentStatus::Voided] {
            for booking in BookingStatus::ALL {
                assert_eq!(next(AtGateway::Authorized, payment, booking), Next::Void);
                assert_eq!(next(AtGateway::Captured, payment, booking), Next::GiveBack);
            }
        }
    }

    /// What the gateway holds is taken for the booking it is for, and for no other one.
    #[test]
    fn money_is_taken_only_where_it_buys_seats() {
        use BookingStatus as B;
        use PaymentStatus as P;
        for booking in BookingStatus::ALL {
            for payment in [P::Created, P::RequiresAction, P::Authorized] {
                let ours = payment == P::Authorized && booking == B::Confirmed;
                let waits = matches!(booking, B::AwaitingPayment | B::Expired);
                let authorized = match (ours, waits) {
                    (true, _) => Next::Capture,
                    (_, true) => Next::Record(P::Authorized),
                    _ => Next::Void,
                };
                let captured = if ours || waits {
                    Next::Record(P::Captured)
                } else {
                    Next::GiveBack
                };
                let case = format!("{payment:?} {booking:?}");
                let decided = next(AtGateway::Authorized, payment, booking);
                assert_eq!(decided, authorized, "authorized, {case}");
                let decided = next(AtGateway::Captured, payment, booking);
                assert_eq!(decided, captured, "captured, {case}");
            }
        }
    }
}
