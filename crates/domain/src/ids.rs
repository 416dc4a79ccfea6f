//! Identifiers as newtypes, so that a show can never be passed where a booking is meant.
//!
//! On the wire an id is an opaque string: one letter for the kind, then base32 (RFC 4648, lower case, no padding).
//! Every id holds 128 random bits. Show, booking, payment and ticket ids carry their theater's id inside, so that a
//! statement about them can always name the theater (the sharding key). Booking, payment and gift card ids also begin with the
//! time they were made (48 bits, milliseconds), so that new rows land at the end of an index.
//! Random bytes and time are passed in; this module makes none.

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// Why a string is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind} id")]
pub struct InvalidId {
    /// The kind that was expected, e.g. `show`.
    pub kind: &'static str,
}

fn encode(prefix: char, parts: &[&[u8]]) -> String {
    let mut text =
        String::with_capacity(1 + parts.iter().map(|p| p.len() * 8 / 5 + 1).sum::<usize>());
    text.push(prefix);
    let mut bytes = [0_u8; 64];
    let mut len = 0;
    for part in parts {
        bytes[len..len + part.len()].copy_from_slice(part);
        len += part.len();
    }
    BASE32_NOPAD.encode_append(&bytes[..len], &mut text);
    text.make_ascii_lowercase();
    text
}

fn decode<const N: usize>(
    prefix: char,
    kind: &'static str,
    text: &str,
) -> Result<[u8; N], InvalidId> {
    let invalid = InvalidId { kind };
    // Checked before allocating: an id arrives in a path and could be of any length.
    if text.len() > 128 {
        return Err(invalid);
    }
    let Some(rest) = text.strip_prefix(prefix) else {
        return Err(invalid);
    };
    if rest.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(invalid);
    }
    let bytes = BASE32_NOPAD
        .decode(rest.to_ascii_uppercase().as_bytes())
        .map_err(|_| invalid.clone())?;
    bytes.try_into().map_err(|_| invalid)
}

macro_rules! wire_traits {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
        impl specta::Type for $name {
            fn definition(types: &mut specta::Types) -> specta::datatype::DataType {
                <String as specta::Type>::definition(types)
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }
    };
}

macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// An id from 128 random bits, or from the bytes a store kept.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
            /// The bytes a store keeps.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode($prefix, &[&self.0]))
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                decode($prefix, $kind, text).map(Self)
            }
        }
        wire_traits!($name);
    };
}

macro_rules! theater_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal, $own:literal, $all:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            theater: TheaterId,
            own: [u8; $own],
        }

        impl $name {
            /// The id made of its theater and its own bytes.
            pub const fn from_parts(theater: TheaterId, own: [u8; $own]) -> Self {
                Self { theater, own }
            }
            /// The theater this belongs to.
            pub const fn theater(&self) -> TheaterId {
                self.theater
            }
            /// The bytes without the theater's, as a store keeps them beside the theater's column.
            pub const fn own(&self) -> &[u8; $own] {
                &self.own
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode($prefix, &[&self.theater.0, &self.own]))
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let bytes: [u8; $all] = decode($prefix, $kind, text)?;
                let mut theater = [0; 16];
                theater.copy_from_slice(&bytes[..16]);
                let mut own = [0; $own];
                own.copy_from_slice(&bytes[16..]);
                Ok(Self { theater: TheaterId(theater), own })
            }
        }
        wire_traits!($name);
    };
}

plain_id!(/// A theater: a building with screens.
    TheaterId, 't', "theater");
plain_id!(/// A screen (auditorium) of a theater.
    ScreenId, 'a', "screen");
plain_id!(/// One version of a seat map.
    SeatMapId, 'g', "seat map");
plain_id!(/// A movie.
    MovieId, 'm', "movie");
plain_id!(/// A person with an account.
    UserId, 'u', "user");
plain_id!(/// A refund.
    RefundId, 'r', "refund");
plain_id!(/// A message to a customer.
    NotificationId, 'n', "notification");
plain_id!(/// A browser or device that gets a user's messages.
    SubscriptionId, 'y', "subscription");
plain_id!(/// An integrator's address that is told of bookings.
    WebhookId, 'w', "webhook");
plain_id!(/// Somebody's time at a window of the counter.
    ShiftId, 'h', "shift");
theater_id!(/// A show: one movie on one screen at one time.
    ShowId, 's', "show", 16, 32);
theater_id!(/// A booking: 1..n seats of one show.
    BookingId, 'b', "booking", 22, 38);
theater_id!(/// One attempt to pay for a booking.
    PaymentId, 'p', "payment", 22, 38);
theater_id!(/// The right to one seat of one show.
    TicketId, 'k', "ticket", 16, 32);
theater_id!(/// A gift card.
    GiftCardId, 'c', "gift card", 22, 38);
theater_id!(/// An entry of a gift card's ledger.
    GiftEntryId, 'e', "gift card entry", 22, 38);

/// The own part of a time-ordered id: 48 bits of milliseconds since 1970, then 128 random bits.
pub fn time_ordered(at_ms: i64, random: [u8; 16]) -> [u8; 22] {
    let mut own = [0; 22];
    own[..6].copy_from_slice(&at_ms.to_be_bytes()[2..]);
    own[6..].copy_from_slice(&random);
    own
}

/// A scan at a door. Doors make them with no network, so it is what every device can make: a UUID of any version, as text
/// in the usual form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScanId([u8; 16]);

impl ScanId {
    /// Where the groups of the text end, in characters.
    const DASHES: [usize; 4] = [8, 13, 18, 23];

    /// An id from the bytes a store kept.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// A random one (version 4).
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0F | 0x40;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        Self(bytes)
    }
    /// The bytes a store keeps.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}
impl fmt::Display for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) {
                "-"
            } else {
                ""
            };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}
impl FromStr for ScanId {
    type Err = InvalidId;
    /// Reads 8-4-4-4-12 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { kind: "scan" };
        let dashed = text.len() == 36 && Self::DASHES.iter().all(|at| text.as_bytes()[*at] == b'-');
        let digits = text.replace('-', "");
        if !dashed || digits.len() != 32 {
            return Err(invalid);
        }
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(invalid)
    }
}
wire_traits!(ScanId);

/// A booking's reference: what a person reads out at the counter. 50 random bits in ten characters of an alphabet
/// without 0/O, 1/I/L and U, shown in two groups of five.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference([u8; 10]);

const REFERENCE_ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ#@";

impl Reference {
    /// Characters in use: the alphabet's 30 letters and digits (`#` and `@` only fill the table and are skipped).
    const LETTERS: usize = 30;

    /// A reference from random bytes; ten characters of 30 are 49 bits.
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut value = u128::from_be_bytes(random);
        let mut text = [0; 10];
        for slot in &mut text {
            *slot = REFERENCE_ALPHABET[(value % Self::LETTERS as u128) as usize];
            value /= Self::LETTERS as u128;
        }
        Self(text)
    }
    /// The ten characters without the group separator, as a store keeps them.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever stored in the array.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        write!(f, "{}-{}", &text[..5], &text[5..])
    }
}
impl FromStr for Reference {
    type Err = InvalidId;
    /// Reads what a person typed: any case, with or without the separator.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { kind: "reference" };
        let mut out = [0; 10];
        let mut len = 0;
        for byte in text.trim().bytes().filter(|b| *b != b'-' && *b != b' ') {
            let upper = byte.to_ascii_uppercase();
            if len == 10 || !REFERENCE_ALPHABET[..Self::LETTERS].contains(&upper) {
                return Err(invalid);
            }
            out[len] = upper;
            len += 1;
        }
        if len == 10 {
            Ok(Self(out))
        } else {
            Err(invalid)
        }
    }
}
wire_traits!(Reference);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_from_their_text() {
        let theater = TheaterId::from_bytes([7; 16]);
        let show = ShowId::from_parts(theater, [9; 16]);
        let booking = BookingId::from_parts(theater, time_ordered(1_700_000_000_000, [3; 16]));
        assert_eq!(theater.to_string().parse(), Ok(theater));
        assert_eq!(show.to_string().parse(), Ok(show));
        assert_eq!(booking.to_string().parse(), Ok(booking));
        assert_eq!(show.theater(), theater);
    }

    #[test]
    fn another_kind_or_case_is_refused() {
        let theater = TheaterId::from_bytes([7; 16]).to_string();
        assert!(theater.parse::<MovieId>().is_err());
        assert!(theater.to_uppercase().parse::<TheaterId>().is_err());
        assert!("t".parse::<TheaterId>().is_err());
        assert!("t".repeat(10_000).parse::<TheaterId>().is_err());
    }

    #[test]
    fn a_scan_has_the_text_of_a_uuid() {
        let scan = ScanId::from_random([0xFF; 16]);
        assert_eq!(scan.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(scan.to_string().to_uppercase().parse(), Ok(scan));
        assert_eq!(ScanId::from_bytes(*scan.as_bytes()), scan);
        assert_eq!(scan.as_bytes()[..7], [255, 255, 255, 255, 255, 255, 0x4F]);
        for wrong in [
            "",
            "ffffffffffff4fffbfffffffffffffff",
            "ffffffff-ffff-4fff-bfff-fffffffffff",
            "ffffffff-ffff-4fff-bfff-fffffffffffg",
            "fffffffff-fff-4fff-bfff-ffffffffffff",
            "ffffffff-ffff-4fff-bfff-ffffffff-fff",
            "äääääääääääääääääää",
        ] {
            assert!(wrong.parse::<ScanId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn newer_bookings_sort_later() {
        assert!(time_ordered(5, [255; 16]) < time_ordered(6, [0; 16]));
    }

    #[test]
    fn a_reference_survives_being_read_out() {
        let reference = Reference::from_random([0xA5; 16]);
        let typed = reference.to_string().to_lowercase().replace('-', " ");
        assert_eq!(typed.parse(), Ok(reference));
        assert!("SHORT".parse::<Reference>().is_err());
        assert!("0OIL1-UUUUU".parse::<Reference>().is_err());
        // What was said on the phone yesterday is found today.
        let random = std::array::from_fn(|at| at as u8 + 1);
        assert_eq!(Reference::from_random(random).as_str(), "JTRSVR9DPF");
    }
}
