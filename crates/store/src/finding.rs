//! Finding bookings of people who call or stand at the counter.

use crate::{bookings::BookingRow, error::StoreError};
use async_trait::async_trait;
use matinee_domain::ids::{BookingId, Reference, ShowId, TheaterId};

/// What is known of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownBy {
    /// What a person reads out.
    Reference(Reference),
    /// A user's address, or a guest's, in any case.
    Email(String),
    /// The beginning of a user's name, in any case. Of very many who are called so the first are looked at.
    Name(String),
}

/// Which bookings of a theater. At least one of `by` and `show_id` is there; without `by` only those that were paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindBookings {
    pub theater_id: TheaterId,
    pub by: Option<KnownBy>,
    pub show_id: Option<ShowId>,
    /// Older than this one: the next page.
    pub before: Option<BookingId>,
    /// At most this many, 1..=1,000.
    pub limit: u16,
}

/// A booking with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBooking {
    pub booking: BookingRow,
    /// A user's.
    pub name: Option<String>,
    /// A user's or a guest's.
    pub email: Option<String>,
}

/// Bookings as staff look for them.
#[async_trait]
pub trait FindingStore: Send + Sync + 'static {
    /// Newest first.
    async fn find_bookings(&self, find: FindBookings) -> Result<Vec<FoundBooking>, StoreError>;
}
