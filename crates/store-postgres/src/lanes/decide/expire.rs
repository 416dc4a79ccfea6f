//! Freeing holds that ran out. Nothing else frees them, and a payment in flight is never touched.

use super::{ExpiryWrite, StepWrite, Writes, free, numbers, promo};
use crate::lanes::{unit::Expire, world::World};
use matinee_domain::booking::BookingState;

/// Expires those of the bookings that are still held and due; how many that were.
pub(super) fn expire(world: &mut World, writes: &mut Writes<'_>, expire: &Expire) -> usize {
    let mut freed = 0;
    for booking in &expire.due {
        let Some(current) = world.untouched(*booking) else {
            continue;
        };
        let due = match current.state {
            BookingState::Held { expires_at, .. } => expires_at <= expire.now,
            _ => false,
        };
        if !due || current.show_id != expire.show {
            continue;
        }
        let (version, caller, seats) = (current.version, current.caller, numbers(&current.seats));
        let code = current.promo.clone();
        free(world, writes, (expire.show, *booking), &seats);
        if let Some(code) = &code {
            promo::give_back(world, writes, (*booking.own(), code));
        }
        world.touched.insert(*booking.own());
        writes.steps.push(StepWrite {
            booking: *booking.own(),
            version,
            to: BookingState::Expired,
            test: false,
            seats: None,
            guest_email: None,
        });
        writes.expiries.push(ExpiryWrite {
            show: *expire.show.own(),
            caller,
            at: expire.now,
            booking: *booking.own(),
        });
        freed += 1;
    }
    freed
}
