//! The HTTP contract: paths, request and response types, problem codes and the OpenAPI document; and what programs are told
//! of bookings, with its AsyncAPI document.
//!
//! Server, client and the UI's generated types all come from here. No behaviour: nothing in this crate listens, calls
//! or decides.

pub mod account;
pub mod asyncapi;
pub mod auth;
pub mod booking;
pub mod catalog;
pub mod events;
pub mod manage;
pub mod openapi;
pub mod problem;
pub mod profile;
pub mod seats;
pub mod subscriptions;
pub mod sync;

pub use account::*;
pub use auth::*;
pub use booking::*;
pub use catalog::*;
pub use events::*;
pub use manage::*;
pub use problem::*;
pub use profile::*;
pub use seats::*;
pub use subscriptions::*;
pub use sync::*;

pub use matinee_domain::{
    booking::BookingStatus,
    catalog::{GapRule, Location, Rating},
    channel::SaleChannel,
    counter::SaleMethod,
    door::ScanVerdict,
    ids::*,
    money::{Currency, Money},
    payment::{PaymentStatus, RefundStatus},
    price::LineKind,
    refund::RefundReason,
    seat_map::{SeatId, SeatKind},
    staff::{Action, StaffRole},
};

/// Where every call below lives.
pub const BASE_PATH: &str = "/api/v1";
/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Header of a client-made key that makes a POST safe to repeat.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Header of the guest's own 128 random bits, in base32 or hex, needed to replay a guest's call.
pub const GUEST_SECRET: &str = "guest-secret";
