//! Taking seats of a show out of the sale and putting them back: all of them or none.

use super::{Writes, record};
use crate::lanes::world::{SeatNow, World};
use matinee_domain::seat_map::SeatNo;
use matinee_store::{
    feed::SeatState,
    staff::{BlockOutcome, BlockSeats},
};

pub(super) fn block<'u>(
    world: &mut World,
    writes: &mut Writes<'u>,
    block: &'u BlockSeats,
) -> BlockOutcome {
    let show = block.show_id;
    if let Some(found) = world.earlier(block.idempotency.as_ref()) {
        return BlockOutcome::Repeated(found);
    }
    match world.shows.get(show.own()) {
        None => return BlockOutcome::NoShow,
        Some(now) if now.seating != block.seating => return BlockOutcome::ShowMoved,
        Some(_) => {}
    }
    let (mut taken, mut to_change): (Vec<SeatNo>, Vec<SeatNo>) = (Vec::new(), Vec::new());
    for seat in &block.seats {
        let now = world.seats.get(&(*show.own(), *seat)).map(|now| now.state);
        match (now, block.blocked) {
            (Some(state), _) if state != SeatState::Blocked => taken.push(*seat),
            (None, true) | (Some(_), false) if !to_change.contains(seat) => to_change.push(*seat),
            _ => {}
        }
    }
    if !taken.is_empty() {
        return BlockOutcome::Taken(taken);
    }
    for seat in &to_change {
        if block.blocked {
            let now = SeatNow {
                state: SeatState::Blocked,
                booking: None,
            };
            world.seats.insert((*show.own(), *seat), now);
            writes.blocked.push((*show.own(), *seat));
            world.change(show, *seat, SeatState::Blocked, 1);
        } else {
            // It stays taken for the rest of the batch, like any seat that is freed.
            writes.unblocked.push((*show.own(), *seat));
            world.change(show, *seat, SeatState::Available, -1);
        }
    }
    if let Some(now) = world.shows.get_mut(show.own()) {
        now.blocks += to_change.len();
    }
    if !to_change.is_empty() {
        writes.audits.push(&block.audit);
    }
    record(world, writes, block.idempotency.as_ref());
    let changed = to_change.len() as u16;
    BlockOutcome::Done { changed }
}
