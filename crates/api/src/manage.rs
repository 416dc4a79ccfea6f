//! Calls of staff, under `/manage`: who works in a theater, and what was changed by whom.
//!
//! What they make and change of the programme is in [`programme`], letting people in in [`door`], selling to them in
//! [`counter`], what they do when things go wrong in [`bad_days`], shows that go elsewhere in [`moves`], what a day
//! brought in [`days`], what setting a theater up needs in [`setting_up`].

mod bad_days;
mod counter;
mod days;
mod door;
mod moves;
mod programme;
mod setting_up;

pub use bad_days::*;
pub use counter::*;
pub use days::*;
pub use door::*;
pub use moves::*;
pub use programme::*;
pub use setting_up::*;

use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::{TheaterId, UserId},
    seat_map::SeatId,
    staff::{Action, StaffRole},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A theater where the caller works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct MyTheater {
    pub theater_id: TheaterId,
    pub name: String,
    /// Null for the server's administrator, who may do everything everywhere.
    pub role: Option<StaffRole>,
    /// What the caller may do there.
    pub actions: Vec<Action>,
    /// Movies can be taken from The Movie Database: the server has a key for it.
    #[serde(default)]
    pub imports_movies: bool,
}

/// Somebody who works in a theater.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct StaffMember {
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    pub role: StaffRole,
    pub since: DateTime<Utc>,
}

/// `PUT /manage/theaters/{theater_id}/staff`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct StaffRequest {
    /// The e-mail of an account, which was confirmed.
    pub email: String,
    pub role: StaffRole,
}

/// Who changed something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Actor {
    pub user_id: UserId,
    /// Null when the account is gone.
    pub name: Option<String>,
    /// Null when the account is gone.
    pub email: Option<String>,
}

/// A change that staff made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct AuditEntry {
    pub entry_id: String,
    pub at: DateTime<Utc>,
    /// Null when it was made on the server's command line.
    pub actor: Option<Actor>,
    /// What was done, e.g. `show.publish`.
    pub action: String,
    /// The id of what was changed.
    pub object: String,
    /// How it was; null when it was not there.
    #[specta(type = Option<std::collections::BTreeMap<String, String>>)]
    pub before: Option<serde_json::Value>,
    /// How it is; null when it is gone.
    #[specta(type = Option<std::collections::BTreeMap<String, String>>)]
    pub after: Option<serde_json::Value>,
}

/// `POST /manage/shows/{show_id}/seats/block`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BlockRequest {
    /// 1 to 1,000 seats.
    pub seat_ids: Vec<SeatId>,
    /// Why, for the list of changes: 1 to 200 characters.
    pub reason: String,
}

/// `POST /manage/shows/{show_id}/seats/unblock`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct UnblockRequest {
    /// 1 to 1,000 seats.
    pub seat_ids: Vec<SeatId>,
}

/// Seats that were blocked or put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BlockAnswer {
    pub seat_ids: Vec<SeatId>,
}
