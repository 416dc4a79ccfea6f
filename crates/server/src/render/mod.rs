//! Rows and domain values as the contract's JSON. Pure: what is not in the arguments is not in the answer.

mod booking;
mod catalog;
mod seats;

pub use booking::{Around, BookingRender, booking, for_request, guest_token_slot};
pub use catalog::{movie, movie_summary, show, show_detail, sync_show, theater, ticket_types};
pub use seats::show_seats;
