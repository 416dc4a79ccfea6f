//! The bounds of selling, in one place: every number is from the HTTP contract (docs/limits.md lists them for people).
//!
//! What a single theater may set differently stands in its row; these are the defaults and the hard ends.

use chrono::TimeDelta;

/// Seats in one booking unless the theater says otherwise.
pub const SEATS_PER_BOOKING: u16 = 10;
/// The most a theater may allow in one booking.
pub const SEATS_PER_BOOKING_MAX: u16 = 50;
/// Unpaid seats of one show that one caller (or all anonymous callers of one address) may hold.
pub const UNPAID_SEATS_PER_CALLER: u16 = 20;
/// Extensions of one hold.
pub const HOLD_EXTENSIONS: u8 = 2;
/// Longest life of a hold, extensions included.
pub const HOLD_LIFE: TimeDelta = TimeDelta::minutes(20);
/// Life of a hold when nothing else is configured.
pub const HOLD_DEFAULT: TimeDelta = TimeDelta::minutes(8);
/// A payment in flight extends its hold to at most this long after it began.
pub const PAYMENT_DEADLINE: TimeDelta = TimeDelta::minutes(15);
/// Payment attempts per booking.
pub const PAYMENT_ATTEMPTS: u8 = 5;
/// Unpaid expiries of one caller on one show after which it has to pause.
pub const UNPAID_EXPIRIES: u8 = 3;
/// Expiries this close together count: as many holds, each extended to its end and then waiting for its payment, taken
/// one after the other, still do.
pub const UNPAID_EXPIRIES_WITHIN: TimeDelta = TimeDelta::hours(2);
/// The pause, from the last of them on.
pub const COOL_DOWN: TimeDelta = TimeDelta::minutes(30);
/// A message that went out or was given up is kept this long: its booking shows it, and an operator may look.
pub const MESSAGES_KEPT: TimeDelta = TimeDelta::days(90);
/// Browsers and devices of one account that get its messages; of more the oldest go.
pub const SUBSCRIPTIONS: u16 = 20;
/// An idempotency record is kept this long past the booking's end.
pub const IDEMPOTENCY_KEPT: TimeDelta = TimeDelta::hours(24);
/// A gift card that money of a cancelled ticket goes back to is good for at least this long from then on.
pub const GIFT_PROLONGED: TimeDelta = TimeDelta::days(90);
/// Gift cards made at once.
pub const GIFTS_AT_ONCE: u16 = 1_000;
