//! What the server keeps, as traits: rows, units of work and their outcomes, with no SQL.
//!
//! Every write is one non-interactive unit of work: the caller decides and renders first, the store checks its
//! conditions, writes everything in one transaction (change, idempotency record, outbox rows) and says what happened.
//! So a unit can share a group commit with its neighbours, and the same unit run twice ends the same. Engines live in
//! their own crates and pass the one suite in [`conformance`].

pub mod accounts;
pub mod bookings;
pub mod cancellations;
pub mod catalog;
pub mod conformance;
pub mod counter;
pub mod days;
pub mod door;
pub mod error;
pub mod feed;
pub mod finding;
pub mod gifts;
pub mod idempotency;
pub mod ledger;
pub mod moves;
pub mod moving;
pub mod outbox;
pub mod promos;
pub mod refund_progress;
pub mod sign_in;
pub mod staff;
pub mod subscribers;
pub mod verify;

pub use accounts::AccountStore;
pub use bookings::BookingStore;
pub use cancellations::CancellationStore;
pub use catalog::CatalogStore;
pub use counter::CounterStore;
pub use days::DayStore;
pub use door::DoorStore;
pub use error::StoreError;
pub use feed::{SeatFeed, ShowChange};
pub use finding::FindingStore;
pub use gifts::GiftStore;
pub use ledger::SandboxLedger;
pub use moves::MoveStore;
pub use outbox::OutboxStore;
pub use promos::PromoStore;
pub use sign_in::SignInStore;
pub use staff::StaffStore;
pub use subscribers::SubscriberStore;
pub use verify::Maintenance;

/// Everything a server needs from an engine.
pub trait Store:
    CatalogStore
    + BookingStore
    + CancellationStore
    + MoveStore
    + DayStore
    + FindingStore
    + AccountStore
    + SignInStore
    + StaffStore
    + DoorStore
    + CounterStore
    + OutboxStore
    + PromoStore
    + GiftStore
    + SubscriberStore
    + SandboxLedger
    + Maintenance
{
}
impl<T> Store for T where
    T: CatalogStore
        + BookingStore
        + CancellationStore
        + MoveStore
        + DayStore
        + FindingStore
        + AccountStore
        + SignInStore
        + StaffStore
        + DoorStore
        + CounterStore
        + OutboxStore
        + PromoStore
        + GiftStore
        + SubscriberStore
        + SandboxLedger
        + Maintenance
{
}
