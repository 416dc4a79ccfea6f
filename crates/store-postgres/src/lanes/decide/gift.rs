//! What steps move from gift cards and to them.

use super::Writes;
use crate::lanes::world::{Own, World};
use chrono::{DateTime, Utc};
use matinee_store::{bookings::Step, gifts::GiftEntry};

/// What a batch does to one card.
pub(in crate::lanes) struct GiftWrite {
    pub(in crate::lanes) card: Own,
    /// What comes less what is claimed.
    pub(in crate::lanes) amount_minor: i64,
    /// The last moment at which somebody claims, who must find it open.
    pub(in crate::lanes) open_at: Option<DateTime<Utc>>,
    /// Until when it must be good, if it ends.
    pub(in crate::lanes) good_until: Option<DateTime<Utc>>,
}

/// Every card pays what the step claims of it, as far as the batch knows.
pub(super) fn are_to_be_had(world: &World, step: &Step) -> bool {
    let mut claims = step.gifts.iter().filter(|entry| entry.amount_minor < 0);
    claims.all(|entry| {
        let card = world.gifts.get(entry.card_id.own());
        card.is_some_and(|card| {
            card.active
                && card.balance_minor + entry.amount_minor >= 0
                && card.ends_at.is_none_or(|end| entry.at < end)
        })
    })
}

/// Notes what the step moves.
pub(super) fn book<'u>(world: &mut World, writes: &mut Writes<'u>, step: &'u Step) {
    for entry in &step.gifts {
        if let Some(card) = world.gifts.get_mut(entry.card_id.own()) {
            card.balance_minor += entry.amount_minor;
        }
        let write = of_card(writes, entry);
        write.amount_minor += entry.amount_minor;
        if entry.amount_minor < 0 {
            write.open_at = write.open_at.max(Some(entry.at));
        }
        write.good_until = write.good_until.max(entry.kind.good_until(entry.at));
        writes.gift_entries.push(entry);
    }
}

fn of_card<'w>(writes: &'w mut Writes<'_>, entry: &GiftEntry) -> &'w mut GiftWrite {
    let card = *entry.card_id.own();
    let there = writes.gifts.iter().position(|write| write.card == card);
    let at = there.unwrap_or_else(|| {
        writes.gifts.push(GiftWrite {
            card,
            amount_minor: 0,
            open_at: None,
            good_until: None,
        });
        writes.gifts.len() - 1
    });
    &mut writes.gifts[at]
}
