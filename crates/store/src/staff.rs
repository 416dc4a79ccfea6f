//! Who works in a theater, what they changed, and seats they take out of the sale.
//!
//! Whatever staff change is written with an [`AuditEntry`] in the same transaction: the catalog with
//! [`crate::catalog::CatalogChange::audit`], the rest with the units here. What a role may do is the domain's table; who
//! asks is the server's business.

use crate::{
    error::StoreError,
    idempotency::{IdempotencyRecord, Lookup},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::{ShowId, TheaterId, UserId},
    seat_map::SeatNo,
    staff::StaffRole,
};

/// Somebody who works in a theater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    pub role: StaffRole,
    pub since: DateTime<Utc>,
}

/// An entry's own id: 48 bits of milliseconds, then 128 random bits.
pub type EntryId = [u8; 22];

/// What somebody changed. No secret, no card and no token ever stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub theater_id: TheaterId,
    pub entry: EntryId,
    pub at: DateTime<Utc>,
    /// Who; nobody when it was done on the command line.
    pub actor: Option<UserId>,
    /// What was done, e.g. `show.publish`.
    pub action: String,
    /// The id of what was changed.
    pub object: String,
    /// How it was, as JSON; absent when it was not there.
    pub before: Option<String>,
    /// How it is, as JSON; absent when it is gone.
    pub after: Option<String>,
}

/// Gives somebody a role in a theater, or takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetStaff {
    pub user_id: UserId,
    /// None takes it away.
    pub role: Option<StaffRole>,
    /// Its theater is the theater; how it was is filled in by the store, which alone can know.
    pub audit: AuditEntry,
}

/// What became of [`SetStaff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffOutcome {
    Done,
    /// It was so already; nothing was written.
    Unchanged,
    /// Nobody would be left who answers for the theater.
    LastOwner,
    /// There is no such theater or account, or the role to take away is not there.
    Missing,
}

/// Takes seats of a show out of the sale, or puts them back: all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSeats {
    pub show_id: ShowId,
    pub seats: Vec<SeatNo>,
    /// Of which of the show's seatings the numbers are.
    pub seating: u16,
    /// False puts them back.
    pub blocked: bool,
    /// Written when a seat changed.
    pub audit: AuditEntry,
    pub idempotency: Option<IdempotencyRecord>,
}

/// What became of [`BlockSeats`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockOutcome {
    /// All of them are so now; how many were not so before.
    Done {
        changed: u16,
    },
    /// These are held or sold; nothing was changed.
    Taken(Vec<SeatNo>),
    /// The show moved to another screen since the seats were chosen; nothing was changed.
    ShowMoved,
    NoShow,
    /// An earlier request with this key.
    Repeated(Lookup),
}

/// Staff and what they did.
#[async_trait]
pub trait StaffStore: Send + Sync + 'static {
    /// Who works in a theater: owners first, then by name.
    async fn staff_of(&self, theater_id: TheaterId) -> Result<Vec<StaffRow>, StoreError>;
    /// What somebody is in a theater.
    async fn staff_role(
        &self,
        theater_id: TheaterId,
        user_id: UserId,
    ) -> Result<Option<StaffRole>, StoreError>;
    /// Where somebody works.
    async fn theaters_of(&self, user_id: UserId)
    -> Result<Vec<(TheaterId, StaffRole)>, StoreError>;
    /// Gives a role or takes it away. The last owner stays.
    async fn set_staff(&self, set: SetStaff) -> Result<StaffOutcome, StoreError>;
    /// What was changed in a theater, newest first, from before this entry on; with who it was by name and e-mail, if the
    /// account is still there.
    async fn audit_of(
        &self,
        theater_id: TheaterId,
        before: Option<EntryId>,
        limit: u16,
    ) -> Result<Vec<(AuditEntry, Option<(String, String)>)>, StoreError>;
    /// Takes seats out of the sale or puts them back.
    async fn block_seats(&self, block: BlockSeats) -> Result<BlockOutcome, StoreError>;
}
