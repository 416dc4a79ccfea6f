//! The words and rules of selling cinema seats, as plain values and pure decisions.
//!
//! Everything here is deterministic: time and randomness are passed in, nothing is read or written. There is no
//! async, no I/O, no clock, no SQL and no HTTP in this crate, so every rule can be tested without a database.

pub mod best_seats;
pub mod booking;
pub mod catalog;
pub mod channel;
pub mod counter;
pub mod day;
pub mod door;
pub mod email;
pub mod gap;
pub mod gift;
pub mod ids;
pub mod limits;
pub mod money;
pub mod payment;
pub mod policy;
pub mod price;
pub mod promo;
pub mod refund;
pub mod reminder;
pub mod reseat;
pub mod seat_map;
pub mod settlement;
pub mod staff;
