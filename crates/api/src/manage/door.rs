//! Letting people in: one code at a time, or with no network by a list that was signed and scans that are told later.

use chrono::{DateTime, NaiveDate, Utc};
use matinee_domain::{
    door::ScanVerdict,
    ids::{Reference, ScanId, ShowId, TheaterId, TicketId},
    seat_map::SeatId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// `POST /manage/tickets/redeem`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RedeemRequest {
    /// The theater whose door it is, whatever the code says.
    pub theater_id: TheaterId,
    /// What was scanned or typed: the text of a ticket's QR code (`MT1:…`); a booking's reference; a reference, a slash and a
    /// seat (`ABCDE-FGHJK/C-3`); or a ticket's id, along with `show_id`.
    pub code: String,
    /// The show that this door is for; every show of the theater when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_id: Option<ShowId>,
    /// The door's name: 1 to 40 characters.
    pub door: String,
    /// When it was scanned, if that was not just now: at most a day ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned_at: Option<DateTime<Utc>>,
    /// With a reference: which of its tickets to let in, 1 to 100; all of them when it is empty. Absent: one ticket is let in,
    /// of several the answer is `choose` and nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_ids: Option<Vec<TicketId>>,
}

/// The scan by which somebody was let in with a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct FirstScan {
    pub scan_id: ScanId,
    pub scanned_at: DateTime<Utc>,
    pub door: String,
}

/// A ticket at a door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ScannedTicket {
    pub ticket_id: TicketId,
    pub seat_id: SeatId,
    pub row: String,
    pub number: String,
    pub area: String,
    pub ticket_type: String,
    /// What to look at, e.g. a student card.
    pub proof_needed: Option<String>,
    /// Of this ticket. Under `choose`: what letting it in would say.
    pub verdict: ScanVerdict,
    /// Who is in with it: this scan when it was admitted, the earlier one when it was `already`.
    pub first_scan: Option<FirstScan>,
    /// Until when that can be undone, if it can.
    pub undo_until: Option<DateTime<Utc>>,
}

/// The show a ticket is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ScannedShow {
    pub show_id: ShowId,
    pub movie_name: String,
    pub screen_name: String,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub doors_open_at: DateTime<Utc>,
    /// People who are in.
    pub admitted: u32,
    /// Tickets that open the door or have.
    pub tickets: u32,
}

/// What a door is told: always 200, the verdict says the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RedeemAnswer {
    pub verdict: ScanVerdict,
    /// The same in words, e.g. "Already in since 19:42, door North".
    pub words: String,
    /// Null when the code says nothing of ours.
    pub show: Option<ScannedShow>,
    pub reference: Option<Reference>,
    /// Of the account that booked, if one did.
    pub name: Option<String>,
    /// Those that were scanned or chosen; all of the booking under `choose`.
    pub tickets: Vec<ScannedTicket>,
}

/// `POST /manage/tickets/redeem/undo`: within ten minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct UndoRequest {
    /// The theater whose door it is.
    pub theater_id: TheaterId,
    /// The `scan_id` of what shall be undone.
    pub scan_id: ScanId,
}

/// What is undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct UndoAnswer {
    pub scan_id: ScanId,
    pub ticket_id: TicketId,
    /// Somebody else is in with the same ticket, by this scan; null when the ticket opens the door again.
    pub first_scan: Option<FirstScan>,
}

/// `GET /manage/theaters/{theater_id}/door-list`: what a door needs with no network.
///
/// `payload` is the JSON text of a [`DoorList`]; `signature` is Ed25519 over its UTF-8 bytes, by the key that signs tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SignedDoorList {
    pub payload: String,
    /// 64 bytes, base64url without padding.
    pub signature: String,
    /// 32 bytes, base64url without padding.
    pub public_key: String,
    pub key_id: String,
}

/// The tickets of a theater's day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DoorList {
    pub theater_id: TheaterId,
    /// The theater's local day on which the shows start.
    pub date: NaiveDate,
    /// Grows with what changes: of two lists of one day the one with the smaller serial is older.
    #[specta(type = u32)]
    pub serial: u64,
    /// Not to be used before and after.
    pub valid_from: DateTime<Utc>,
    pub valid_until: DateTime<Utc>,
    /// Test tickets open doors here: the server takes test payments.
    pub test_mode: bool,
    pub shows: Vec<DoorShow>,
}

/// A show of a day with its tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DoorShow {
    pub show_id: ShowId,
    pub movie_name: String,
    pub screen_name: String,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub doors_open_at: DateTime<Utc>,
    /// Those that open the door, and those that have. A ticket that is not here was given back, or was sold later.
    pub tickets: Vec<DoorTicket>,
}

/// A ticket on a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DoorTicket {
    pub ticket_id: TicketId,
    /// The code on an older one was revoked.
    pub revision: u32,
    pub seat_id: SeatId,
    pub row: String,
    pub number: String,
    pub ticket_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_needed: Option<String>,
    /// The booking's, to be typed by hand.
    pub reference: Reference,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Who is in with it; absent while nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_scan: Option<FirstScan>,
    /// The first 16 bytes of SHA-256 of its code's text, base64url without padding: where Ed25519 cannot be computed, a code
    /// with this digest is this ticket's.
    pub digest: String,
}

/// A scan that a door made with no network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct OfflineScan {
    /// Made by the door, a UUID: the same scan told twice counts once.
    pub scan_id: ScanId,
    pub ticket_id: TicketId,
    pub show_id: ShowId,
    /// 1 to 40 characters.
    pub door: String,
    pub scanned_at: DateTime<Utc>,
    /// What the door decided. Only with `admitted` somebody went in.
    pub verdict: ScanVerdict,
}

/// `POST /manage/theaters/{theater_id}/scans`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ScansRequest {
    /// 1 to 1,000.
    pub scans: Vec<OfflineScan>,
}

/// A ticket with which more than one was let in. The first scan counts: of two the earlier, of two at one time that with
/// the smaller id, whoever told first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DoubleScan {
    pub ticket_id: TicketId,
    pub show_id: ShowId,
    /// The one that counts first.
    pub scans: Vec<FirstScan>,
}

/// A scan by which somebody was let in who should not have been.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct WrongScan {
    pub scan_id: ScanId,
    pub ticket_id: TicketId,
    /// `cancelled`, `unknown` or `wrong_theater`.
    pub verdict: ScanVerdict,
}

/// What became of the scans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ScansAnswer {
    /// Taken now.
    pub taken: u32,
    /// Told before.
    pub known: u32,
    /// Of the tickets in this request.
    pub doubles: Vec<DoubleScan>,
    pub wrong: Vec<WrongScan>,
}
