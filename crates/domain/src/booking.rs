//! The states of a booking and the steps between them.
//!
//! Each state carries what only it has; a transition consumes the booking and an illegal one names both ends. Prices,
//! seats in the store and payments at the gateway are not here: this decides only whether a step may happen.

use crate::limits;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A booking's state with the data of that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingState {
    /// Seats are held until `expires_at`.
    Held {
        expires_at: DateTime<Utc>,
        held_at: DateTime<Utc>,
        extensions: u8,
    },
    /// A payment is in flight; seats stay until it is certain, at the latest past `payment_deadline`.
    AwaitingPayment {
        expires_at: DateTime<Utc>,
        held_at: DateTime<Utc>,
        extensions: u8,
        payment_deadline: DateTime<Utc>,
    },
    /// Paid, tickets issued.
    Confirmed,
    /// Some tickets were cancelled.
    PartlyCancelled,
    /// Every ticket was cancelled.
    Cancelled,
    /// The hold ran out.
    Expired,
    /// The buyer let the hold go.
    Released,
}

/// The name of a state, as the contract and stores write it.
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
pub enum BookingStatus {
    Held,
    AwaitingPayment,
    Confirmed,
    PartlyCancelled,
    Cancelled,
    Expired,
    Released,
}

impl BookingStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Held,
        Self::AwaitingPayment,
        Self::Confirmed,
        Self::PartlyCancelled,
        Self::Cancelled,
        Self::Expired,
        Self::Released,
    ];
    /// The text a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Confirmed => "confirmed",
            Self::PartlyCancelled => "partly_cancelled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Released => "released",
        }
    }
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
    /// The booking owns its seats.
    pub fn owns_seats(self) -> bool {
        matches!(
            self,
            Self::Held | Self::AwaitingPayment | Self::Confirmed | Self::PartlyCancelled
        )
    }
}

/// Why a step may not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IllegalBooking {
    /// The rules know no such step.
    #[error("a booking cannot go from {from:?} to {to:?}")]
    Step {
        from: BookingStatus,
        to: BookingStatus,
    },
    /// The hold has already run out.
    #[error("the hold has run out")]
    HoldExpired,
    /// Extended as often, or as long, as allowed.
    #[error("the hold cannot be extended any further")]
    NoMoreExtensions,
}

impl BookingState {
    /// A new hold of `life`, bounded by [`limits::HOLD_LIFE`].
    pub fn hold(now: DateTime<Utc>, life: chrono::TimeDelta) -> Self {
        Self::Held {
            expires_at: now + life.min(limits::HOLD_LIFE),
            held_at: now,
            extensions: 0,
        }
    }

    /// The state's name.
    pub const fn status(&self) -> BookingStatus {
        match self {
            Self::Held { .. } => BookingStatus::Held,
            Self::AwaitingPayment { .. } => BookingStatus::AwaitingPayment,
            Self::Confirmed => BookingStatus::Confirmed,
            Self::PartlyCancelled => BookingStatus::PartlyCancelled,
            Self::Cancelled => BookingStatus::Cancelled,
            Self::Expired => BookingStatus::Expired,
            Self::Released => BookingStatus::Released,
        }
    }

    /// When the hold runs out, while there is one.
    pub const fn expires_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Held { expires_at, .. } | Self::AwaitingPayment { expires_at, .. } => {
                Some(*expires_at)
            }
            _ => None,
        }
    }

    fn illegal(self, to: BookingStatus) -> IllegalBooking {
        IllegalBooking::Step {
            from: self.status(),
            to,
        }
    }

    /// Held → Held with a later end: `life` from now, twice at most, 20 minutes in all.
    pub fn extend(
        self,
        now: DateTime<Utc>,
        life: chrono::TimeDelta,
    ) -> Result<Self, IllegalBooking> {
        let Self::Held {
            expires_at,
            held_at,
            extensions,
        } = self
        else {
            return Err(self.illegal(BookingStatus::Held));
        };
        if now >= expires_at {
            return Err(IllegalBooking::HoldExpired);
        }
        let later = (now + life).min(held_at + limits::HOLD_LIFE);
        if extensions >= limits::HOLD_EXTENSIONS || later <= expires_at {
            return Err(IllegalBooking::NoMoreExtensions);
        }
        Ok(Self::Held {
            expires_at: later,
            held_at,
            extensions: extensions + 1,
        })
    }

    /// Held → AwaitingPayment, while the hold lasts.
    pub fn begin_payment(self, now: DateTime<Utc>) -> Result<Self, IllegalBooking> {
        let Self::Held {
            expires_at,
            held_at,
            extensions,
        } = self
        else {
            return Err(self.illegal(BookingStatus::AwaitingPayment));
        };
        if now >= expires_at {
            return Err(IllegalBooking::HoldExpired);
        }
        Ok(Self::AwaitingPayment {
            expires_at,
            held_at,
            extensions,
            payment_deadline: now + limits::PAYMENT_DEADLINE,
        })
    }

    /// AwaitingPayment → Confirmed; or Expired → Confirmed by re-claim, which the store only does when every seat is
    /// free again.
    pub fn confirm(self) -> Result<Self, IllegalBooking> {
        match self {
            Self::AwaitingPayment { .. } | Self::Expired => Ok(Self::Confirmed),
            other => Err(other.illegal(BookingStatus::Confirmed)),
        }
    }

    /// AwaitingPayment → Held while the hold lasts, else → Expired.
    pub fn payment_failed(self, now: DateTime<Utc>) -> Result<Self, IllegalBooking> {
        match self {
            Self::AwaitingPayment {
                expires_at,
                held_at,
                extensions,
                ..
            } if now < expires_at => Ok(Self::Held {
                expires_at,
                held_at,
                extensions,
            }),
            Self::AwaitingPayment { .. } => Ok(Self::Expired),
            other => Err(other.illegal(BookingStatus::Held)),
        }
    }

    /// Held → Released.
    pub fn release(self) -> Result<Self, IllegalBooking> {
        match self {
            Self::Held { .. } => Ok(Self::Released),
            other => Err(other.illegal(BookingStatus::Released)),
        }
    }

    /// Held → Expired once the hold has run out; a payment in flight is never expired by this.
    pub fn expire(self, now: DateTime<Utc>) -> Result<Self, IllegalBooking> {
        match self {
            Self::Held { expires_at, .. } if now >= expires_at => Ok(Self::Expired),
            other => Err(other.illegal(BookingStatus::Expired)),
        }
    }

    /// What the end of its show makes of it: a hold is let go; money in flight comes too late, like that of a hold that ran out;
    /// tickets are cancelled.
    pub fn show_cancelled(self) -> Result<Self, IllegalBooking> {
        match self {
            Self::Held { .. } => self.release(),
            Self::AwaitingPayment { .. } => Ok(Self::Expired),
            other => other.cancel(0),
        }
    }

    /// Confirmed or PartlyCancelled → Cancelled when no ticket is left, else PartlyCancelled.
    pub fn cancel(self, tickets_left: usize) -> Result<Self, IllegalBooking> {
        let to = if tickets_left == 0 {
            Self::Cancelled
        } else {
            Self::PartlyCancelled
        };
        match self {
            Self::Confirmed | Self::PartlyCancelled => Ok(to),
            other => Err(other.illegal(to.status())),
        }
    }
}

#[cfg(test)]
mod tests;
