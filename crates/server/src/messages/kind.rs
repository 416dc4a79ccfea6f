//! Which messages there are.

use std::{fmt, str::FromStr};

/// What a message is about. Its text is what the outbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Confirmation,
    Cancellation,
    Refund,
    PaymentFailed,
    Reminder,
    /// The theater moved the show.
    Change,
    /// The theater cancelled the show.
    ShowCancelled,
    /// The theater moved the show to a screen without room for the booking.
    NoRoom,
    Recovery,
    PasswordReset,
    EmailVerification,
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::Confirmation,
        Self::Cancellation,
        Self::ShowCancelled,
        Self::NoRoom,
        Self::Refund,
        Self::PaymentFailed,
        Self::Reminder,
        Self::Change,
        Self::Recovery,
        Self::PasswordReset,
        Self::EmailVerification,
    ];

    /// As the outbox keeps it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Cancellation => "cancellation",
            Self::Refund => "refund",
            Self::PaymentFailed => "payment_failed",
            Self::Reminder => "reminder",
            Self::Change => "change",
            Self::ShowCancelled => "show_cancelled",
            Self::NoRoom => "no_room",
            Self::Recovery => "recovery",
            Self::PasswordReset => "password_reset",
            Self::EmailVerification => "email_verification",
        }
    }

    /// It carries a link that is forgotten once it went out: it can be asked for anew, but not sent again.
    pub const fn holds_a_secret(self) -> bool {
        matches!(
            self,
            Self::Recovery | Self::PasswordReset | Self::EmailVerification
        )
    }

    /// It is about the account and not about a booking.
    pub const fn is_about_an_account(self) -> bool {
        matches!(self, Self::PasswordReset | Self::EmailVerification)
    }

    /// What integrators know it as; not everything is theirs.
    pub const fn event(self) -> Option<&'static str> {
        match self {
            Self::Confirmation => Some("booking.confirmed"),
            Self::Cancellation => Some("booking.cancelled"),
            Self::Refund => Some("booking.refunded"),
            Self::PaymentFailed => Some("booking.payment_failed"),
            Self::Change => Some("booking.changed"),
            Self::ShowCancelled => Some("booking.show_cancelled"),
            Self::NoRoom => Some("booking.no_room"),
            _ => None,
        }
    }

    /// Which comes first of what was written at the same moment.
    pub fn rank(self) -> usize {
        let at = Self::ALL.iter().position(|kind| *kind == self);
        at.unwrap_or_default()
    }

    /// It is told by e-mail whatever was chosen: money that did not arrive, an evening that begins at another time or not at all.
    pub const fn is_told_in_any_case(self) -> bool {
        matches!(
            self,
            Self::PaymentFailed | Self::Change | Self::ShowCancelled | Self::NoRoom
        ) || self.holds_a_secret()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Nobody knows this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a kind is one of confirmation, cancellation, refund, payment_failed, reminder, change, \
     show_cancelled, no_room, recovery, password_reset, email_verification"
)]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_api::EventType;

    #[test]
    fn a_kind_is_its_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert!(UnknownKind.to_string().contains(kind.name()));
        }
        // Every event is described, and nothing else is.
        let events = Kind::ALL.into_iter().filter_map(Kind::event);
        let events: Vec<_> = events
            .map(|name| EventType::named(name).unwrap().name)
            .collect();
        assert_eq!(events.len(), matinee_api::EVENT_TYPES.len());
        assert_eq!("nonsense".parse::<Kind>(), Err(UnknownKind));
    }
}
