//! Why money goes back when staff decide it. What the rules give back by themselves has reasons of its own in the store.

use serde::{Deserialize, Serialize};

/// Why staff give money back.
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
pub enum RefundReason {
    /// The buyer asked, within the policy.
    CustomerRequest,
    /// The picture, the sound, the air, the seat.
    TechnicalProblem,
    Illness,
    /// The wrong show, the wrong seats, twice the same.
    BookingMistake,
    Complaint,
    Other,
}

impl RefundReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::CustomerRequest,
        Self::TechnicalProblem,
        Self::Illness,
        Self::BookingMistake,
        Self::Complaint,
        Self::Other,
    ];

    /// The text on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerRequest => "customer_request",
            Self::TechnicalProblem => "technical_problem",
            Self::Illness => "illness",
            Self::BookingMistake => "booking_mistake",
            Self::Complaint => "complaint",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_same_on_the_wire_and_in_a_store() {
        for reason in RefundReason::ALL {
            let text = serde_json::to_value(reason).unwrap();
            assert_eq!(text, serde_json::json!(reason.as_str()));
        }
    }
}
