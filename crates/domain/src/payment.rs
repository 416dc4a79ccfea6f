//! The states of one payment attempt and of a refund.
//!
//! A payment never becomes anything else silently: every transition consumes the state and an illegal one names both
//! ends. What the gateway is and how it is called is not here.

use serde::{Deserialize, Serialize};

/// Where a payment attempt stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Recorded here; the gateway may or may not know of it yet.
    Created,
    /// The payer has to act (3-D Secure).
    RequiresAction,
    /// The gateway holds the money for us.
    Authorized,
    /// The money is ours.
    Captured,
    /// Part of it went back.
    PartlyRefunded,
    /// All of it went back.
    Refunded,
    /// The bank said no.
    Declined,
    /// Given up before capture; nothing was charged.
    Voided,
}

/// A transition that the rules do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payment cannot go from {from:?} to {to:?}")]
pub struct IllegalPayment {
    pub from: PaymentStatus,
    pub to: PaymentStatus,
}

impl PaymentStatus {
    /// The next status, if the rules allow the step. Repeating the present status is not a step.
    pub fn advance(self, to: Self) -> Result<Self, IllegalPayment> {
        use PaymentStatus::{
            Authorized, Captured, Created, Declined, PartlyRefunded, Refunded, RequiresAction,
            Voided,
        };
        match (self, to) {
            (Created, RequiresAction | Authorized | Captured | Declined | Voided)
            | (RequiresAction, Authorized | Captured | Declined | Voided)
            | (Authorized, Captured | Declined | Voided)
            | (Captured, PartlyRefunded | Refunded)
            | (PartlyRefunded, Refunded) => Ok(to),
            (from, to) => Err(IllegalPayment { from, to }),
        }
    }
    /// Money that came although nobody reckoned with it: the payment was closed here, or its booking is over. It is
    /// taken into the books, and all of it goes back.
    pub fn capture_late(self) -> Result<Self, IllegalPayment> {
        if self.is_paid() {
            return Err(IllegalPayment {
                from: self,
                to: Self::Captured,
            });
        }
        Ok(Self::Captured)
    }
    /// A refund that was taken came to nothing: whether other refunds went back of it is what is left of its history.
    pub fn refund_came_back(self, others_went: bool) -> Result<Self, IllegalPayment> {
        let to = if others_went {
            Self::PartlyRefunded
        } else {
            Self::Captured
        };
        match self {
            Self::PartlyRefunded | Self::Refunded => Ok(to),
            from => Err(IllegalPayment { from, to }),
        }
    }
    /// Live: money may still move towards us, so no second payment may start for the booking.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Created | Self::RequiresAction | Self::Authorized
        )
    }
    /// Money has been taken.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Captured | Self::PartlyRefunded | Self::Refunded)
    }
    /// The text a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::RequiresAction => "requires_action",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
            Self::Declined => "declined",
            Self::Voided => "voided",
        }
    }
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::RequiresAction,
        Self::Authorized,
        Self::Captured,
        Self::PartlyRefunded,
        Self::Refunded,
        Self::Declined,
        Self::Voided,
    ];
}

/// Where a refund stands. It is never a state of the booking.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Recorded; being asked of the gateway until it is certain.
    Pending,
    /// The gateway has it.
    Succeeded,
    /// The gateway refused it for good; somebody has to look.
    Failed,
}

impl RefundStatus {
    /// The text a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_the_one_the_architecture_draws() {
        use PaymentStatus as P;
        let legal = [
            (P::Created, P::RequiresAction),
            (P::Created, P::Authorized),
            (P::Created, P::Captured),
            (P::Created, P::Declined),
            (P::Created, P::Voided),
            (P::RequiresAction, P::Authorized),
            (P::RequiresAction, P::Captured),
            (P::RequiresAction, P::Declined),
            (P::RequiresAction, P::Voided),
            (P::Authorized, P::Captured),
            (P::Authorized, P::Declined),
            (P::Authorized, P::Voided),
            (P::Captured, P::PartlyRefunded),
            (P::Captured, P::Refunded),
            (P::PartlyRefunded, P::Refunded),
        ];
        for from in P::ALL {
            for to in P::ALL {
                assert_eq!(
                    from.advance(to).is_ok(),
                    legal.contains(&(from, to)),
                    "{from:?} → {to:?}"
                );
            }
        }
    }

    #[test]
    fn late_money_is_taken_into_the_books_once() {
        use PaymentStatus as P;
        for from in P::ALL {
            let taken = matches!(from, P::Captured | P::PartlyRefunded | P::Refunded);
            assert_eq!(from.capture_late().is_err(), taken, "{from:?}");
        }
    }

    #[test]
    fn only_what_went_back_can_come_back() {
        use PaymentStatus as P;
        for from in P::ALL {
            let went = matches!(from, P::PartlyRefunded | P::Refunded);
            assert_eq!(from.refund_came_back(true).is_ok(), went, "{from:?}");
        }
        assert_eq!(P::Refunded.refund_came_back(true), Ok(P::PartlyRefunded));
        assert_eq!(P::Refunded.refund_came_back(false), Ok(P::Captured));
    }

    #[test]
    fn texts_come_back() {
        for status in PaymentStatus::ALL {
            assert_eq!(PaymentStatus::parse(status.as_str()), Some(status));
        }
        use RefundStatus as R;
        for (status, text) in [
            (R::Pending, "pending"),
            (R::Succeeded, "succeeded"),
            (R::Failed, "failed"),
        ] {
            assert_eq!(status.as_str(), text);
            assert_eq!(R::parse(text), Some(status));
        }
        assert_eq!(R::parse("paid"), None);
    }

    #[test]
    fn a_payment_lives_until_money_was_taken_or_never_will_be() {
        use PaymentStatus as P;
        for status in P::ALL {
            let live = matches!(status, P::Created | P::RequiresAction | P::Authorized);
            assert_eq!(status.is_live(), live, "{status:?}");
        }
    }
}
