//! Where a booking was made. It changes no price and no rule; totals of a day tell it.

use serde::{Deserialize, Serialize};

/// Where somebody bought.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SaleChannel {
    /// In a browser, or through a program that does not say what it is.
    #[default]
    Web,
    /// In the app.
    App,
    /// From staff at the counter.
    Counter,
}

impl SaleChannel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Web, Self::App, Self::Counter];

    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::App => "app",
            Self::Counter => "counter",
        }
    }

    /// The number a store keeps.
    pub const fn code(self) -> u8 {
        match self {
            Self::Web => 0,
            Self::App => 1,
            Self::Counter => 2,
        }
    }

    /// Reads what [`Self::code`] wrote.
    pub fn from_code(code: i64) -> Option<Self> {
        let is = |channel: &Self| i64::from(channel.code()) == code;
        Self::ALL.into_iter().find(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_comes_back_from_its_code() {
        for channel in SaleChannel::ALL {
            let code = i64::from(channel.code());
            assert_eq!(SaleChannel::from_code(code), Some(channel));
            let text = serde_json::to_value(channel).unwrap();
            assert_eq!(text, serde_json::json!(channel.as_str()));
        }
        assert_eq!(SaleChannel::from_code(3), None);
    }
}
