//! What setting a theater up needs beside the programme: who takes its payments, where it can be reached, and a whole week of
//! shows at once.

use super::{ManagedShow, ShowSpec};
use chrono::{DateTime, NaiveDate, Utc};
use matinee_domain::ids::ShowId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Who can take payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatewayName {
    /// A bank that is played, with test cards: no real money.
    Sandbox,
    Stripe,
    /// Staff at the counter, in cash or with a terminal of their own.
    Counter,
}

/// How it goes with a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatewayState {
    /// This server was not started with it.
    Off,
    /// It takes payments.
    Ready,
    /// The last call of it met trouble.
    Trouble,
}

/// What the last call of a gateway met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatewayTrouble {
    /// The secret key is unknown, expired or revoked.
    KeyRefused,
    /// The secret key may not do what is needed.
    RightsMissing,
    /// It asks for fewer calls.
    Limited,
    /// It answers with errors of its own.
    Outage,
    /// It cannot be reached.
    Silence,
    /// Its answers do not fit what was asked.
    Nonsense,
    /// It takes our calls for malformed.
    BadRequest,
}

/// Whether a gateway's own messages arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct GatewayWebhook {
    /// The address to name at the gateway.
    pub url: String,
    /// When the last genuine one came to this server since it started; null while none did.
    pub heard_at: Option<DateTime<Utc>>,
    /// Refused in a row since then: a wrong signing secret, another mode, a clock that is off.
    pub refused: u32,
}

/// A gateway as the theater's owner sees it. Secrets are in none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct GatewayHere {
    pub name: GatewayName,
    pub state: GatewayState,
    /// What it takes is no real money, and tickets say TEST.
    pub test: bool,
    pub trouble: Option<GatewayTrouble>,
    /// Whose account it takes money for, once the gateway said so: its key works.
    pub account: Option<String>,
    /// Null where a gateway tells nothing by itself.
    pub webhook: Option<GatewayWebhook>,
}

/// Who can reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// This machine alone.
    ThisMachine,
    /// Whoever is on the local network.
    LocalNetwork,
    /// Whoever its address or its public name leads to.
    Public,
}

/// An address to open, with a code of it for a phone's camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct NetworkAddress {
    pub url: String,
    /// The address as a QR code, SVG.
    pub qr_svg: String,
}

/// An authority that each device has to trust once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct NetworkAuthority {
    /// Its certificate.
    pub certificate_url: String,
    /// SHA-256 of it, to compare on the device.
    pub fingerprint: String,
    /// The first day it is no longer good for.
    pub ends: NaiveDate,
}

/// Where a server can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct NetworkHere {
    pub reach: Reach,
    /// The likeliest to work first.
    pub addresses: Vec<NetworkAddress>,
    /// Null when the server was given a certificate, or speaks no TLS itself.
    pub authority: Option<NetworkAuthority>,
}

/// `POST /manage/theaters/{theater_id}/shows/batch`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowBatchSpec {
    /// 1 to 200.
    pub shows: Vec<ShowSpec>,
    /// Only say what stands in the way; nothing is made.
    #[serde(default)]
    pub dry_run: bool,
}

/// Why a show cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShowObstacleKind {
    /// Another show is on its screen then, or the screen is not clean yet.
    Clash,
    /// The same, of two shows that were asked for.
    ClashWithin,
    /// Its start is over.
    Past,
    /// Something in it is wrong, as the detail says.
    Invalid,
}

/// What stands in a show's way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowObstacle {
    /// Its place in the list that was asked for.
    pub index: u32,
    pub kind: ShowObstacleKind,
    pub detail: String,
    /// The show on its screen.
    pub other_show_id: Option<ShowId>,
    /// The place of the other one that was asked for.
    pub other_index: Option<u32>,
}

/// What was made, or what stands in the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowBatchAnswer {
    /// All that were asked for, or none.
    pub shows: Vec<ManagedShow>,
    /// Only under `dry_run`.
    pub obstacles: Vec<ShowObstacle>,
}
