//! Scans at doors, and by which of them a ticket's holder is in.
//!
//! A ticket is redeemed by one scan, named in its own row: of all by which somebody was let in and that were not undone
//! the one that [`in_order`] puts first. A scan is told once; told again it changes nothing. What a door may let in is
//! the domain's to say, and found out before a unit comes here.
//!
//! [`in_order`]: matinee_domain::door::in_order

use crate::{
    bookings::TicketRow,
    error::StoreError,
    idempotency::{IdempotencyRecord, Lookup},
    staff::AuditEntry,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    door::{Entry, ScanVerdict},
    ids::{BookingId, Reference, ScanId, ShowId, TheaterId, TicketId, UserId},
    seat_map::SeatNo,
};

/// The ticket that a scan is of, as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedTicket {
    pub ticket_id: TicketId,
    pub show_id: ShowId,
    pub booking_id: BookingId,
    pub seat: SeatNo,
    /// Letting it in relies on this one still being the newest.
    pub revision: u32,
}

/// A scan to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScan {
    pub scan_id: ScanId,
    /// None when the code was none of ours.
    pub ticket: Option<ScannedTicket>,
    pub door: String,
    pub verdict: ScanVerdict,
    pub scanned_at: DateTime<Utc>,
}

/// Scans of one code, decided just now: all are kept and everybody is let in who is to be, or nothing happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepScans {
    pub theater_id: TheaterId,
    pub scans: Vec<NewScan>,
    pub actor: UserId,
    pub now: DateTime<Utc>,
    pub idempotency: Option<IdempotencyRecord>,
}

/// What became of [`KeepScans`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepOutcome {
    Done,
    /// A ticket that was to be let in is not valid any more, or was issued anew: look again and decide again.
    Moved,
    /// An earlier request with this key.
    Repeated(Lookup),
}

/// Takes back that somebody was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoScan {
    pub scan_id: ScanId,
    /// Told before this it stays.
    pub not_before: DateTime<Utc>,
    /// Its theater is the theater, its actor who undoes it.
    pub audit: AuditEntry,
}

/// What became of [`UndoScan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoOutcome {
    /// Now, or before. Who is in with the ticket all the same, by another scan.
    Done {
        ticket_id: TicketId,
        entry: Option<Entry>,
    },
    TooLate,
    /// By no such scan was anybody let in.
    Missing,
}

/// A scan that was made with no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineScan {
    pub scan_id: ScanId,
    pub ticket_id: TicketId,
    pub show_id: ShowId,
    pub door: String,
    pub scanned_at: DateTime<Utc>,
    pub verdict: ScanVerdict,
}

/// Scans that doors made with no network, at most [`SCANS_AT_ONCE`]. Tickets and shows are of the entry's theater.
///
/// [`SCANS_AT_ONCE`]: matinee_domain::door::SCANS_AT_ONCE
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeScans {
    pub scans: Vec<OfflineScan>,
    /// Written when a scan was taken.
    pub audit: AuditEntry,
}

/// What the merge found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// Scans taken now; the others were told before.
    pub taken: u32,
    /// Of each ticket in the request, in the order of their ids: who is in with it, the one that counts first. At most
    /// [`ENTRIES`] of one ticket.
    pub entries: Vec<(TicketId, ShowId, Vec<Entry>)>,
    /// Scans of the request by which somebody was let in with a ticket that was given back ([`ScanVerdict::Cancelled`]) or
    /// is not there ([`ScanVerdict::Unknown`]).
    pub wrong: Vec<(ScanId, ScanVerdict)>,
}

/// People in with one ticket that are told of.
pub const ENTRIES: u16 = 50;

/// A ticket of a show as a door lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTicket {
    pub ticket: TicketRow,
    pub reference: Reference,
    pub test: bool,
    /// Ticket type code.
    pub ticket_type: String,
    /// Who is in with it.
    pub entry: Option<Entry>,
}

/// How many of a show's tickets open the door or have, how many have, and how often anything was said at its doors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtTheDoor {
    pub tickets: u32,
    pub admitted: u32,
    /// Scans, and those that were undone: it only grows.
    pub told: u64,
}

/// Doors.
#[async_trait]
pub trait DoorStore: Send + Sync + 'static {
    /// The booking of a show that has this ticket, while it owns seats.
    async fn booking_of_ticket(
        &self,
        ticket_id: TicketId,
        show_id: ShowId,
    ) -> Result<Option<BookingId>, StoreError>;
    /// Who is in with which ticket of a booking.
    async fn entries_of(&self, booking_id: BookingId)
    -> Result<Vec<(TicketId, Entry)>, StoreError>;
    /// The tickets of a show that open the door or have, by seat.
    async fn tickets_of_show(&self, show_id: ShowId) -> Result<Vec<ListedTicket>, StoreError>;
    async fn at_the_door(&self, show_id: ShowId) -> Result<AtTheDoor, StoreError>;
    /// Keeps scans and lets people in by them.
    async fn keep_scans(&self, keep: KeepScans) -> Result<KeepOutcome, StoreError>;
    /// Takes back that somebody was let in. Undoing what is undone is done.
    async fn undo_scan(&self, undo: UndoScan) -> Result<UndoOutcome, StoreError>;
    /// Takes scans that were made with no network. In whatever order and parts they are told: in the end the same scan of
    /// each ticket counts.
    async fn merge_scans(&self, merge: MergeScans) -> Result<Merged, StoreError>;
}
