//! The uses of promotion codes: claimed and given back along with a booking's seats.

use super::Writes;
use crate::lanes::world::World;
use chrono::{DateTime, Utc};
use matinee_domain::promo::PromoCode;

/// When a code is taken up.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// Now: it must have begun and not be over.
    Now(DateTime<Utc>),
    /// It was taken up in time.
    Before,
}

/// What a batch does to the uses of one code.
pub(in crate::lanes) struct PromoWrite {
    pub(in crate::lanes) code: PromoCode,
    /// Uses claimed less those given back.
    pub(in crate::lanes) uses: i64,
    /// Somebody takes it up: there must be uses left for all of them.
    pub(in crate::lanes) claimed: bool,
    /// The last moment at which somebody does who must find it open.
    pub(in crate::lanes) open_at: Option<DateTime<Utc>>,
}

/// One more booking may use it, as far as the batch knows.
pub(super) fn is_to_be_had(world: &World, code: &PromoCode, when: When) -> bool {
    world.promos.get(code.as_str()).is_some_and(|promo| {
        let open = match when {
            When::Now(now) => promo.starts_at <= now && promo.ends_at.is_none_or(|end| now < end),
            When::Before => true,
        };
        open && promo.left.is_none_or(|left| left > 0)
    })
}

/// Notes that a use is claimed.
pub(super) fn claim(world: &mut World, writes: &mut Writes<'_>, code: &PromoCode, when: When) {
    let write = count(world, writes, code, 1);
    write.claimed = true;
    if let When::Now(now) = when {
        write.open_at = write.open_at.max(Some(now));
    }
}

/// Notes that a use is given back.
pub(super) fn give_back(world: &mut World, writes: &mut Writes<'_>, code: &PromoCode) {
    count(world, writes, code, -1);
}

fn count<'w>(
    world: &mut World,
    writes: &'w mut Writes<'_>,
    code: &PromoCode,
    uses: i64,
) -> &'w mut PromoWrite {
    if let Some(promo) = world.promos.get_mut(code.as_str()) {
        promo.left = promo.left.map(|left| left - uses);
    }
    let there = writes.promos.iter().position(|write| write.code == *code);
    let at = there.unwrap_or_else(|| {
        writes.promos.push(PromoWrite {
            code: code.clone(),
            uses: 0,
            claimed: false,
            open_at: None,
        });
        writes.promos.len() - 1
    });
    let write = &mut writes.promos[at];
    write.uses += uses;
    write
}
