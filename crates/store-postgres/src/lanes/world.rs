//! What a batch knows: the rows it read, and on top of them what its units decided so far.
//!
//! A seat that a unit frees stays taken for the rest of its batch, and a booking is touched by one unit of a batch at
//! most: so no unit builds on another's writes, and all are written at once.

use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::{BookingId, ShowId, TheaterId},
    seat_map::SeatNo,
};
use matinee_planted::planted;
use matinee_store::{
    bookings::{BookingRow, TicketState},
    feed::SeatState,
    idempotency::{IdempotencyRecord, Lookup, Recorded},
    promos::Customer,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// A booking's own part.
pub(super) type Own = [u8; 22];
/// A show's own part.
pub(super) type ShowOwn = [u8; 16];
pub(super) type Caller = [u8; 16];

/// A show as it was read, and what the batch does to it.
pub(super) struct ShowNow {
    version: u64,
    /// It is on sale.
    pub(super) published: bool,
    /// The theater cancelled it.
    pub(super) cancelled: bool,
    /// Of which of its seatings the numbers of its seats are.
    pub(super) seating: u16,
    /// Somebody relied on that it is on sale.
    pub(super) sold_from: bool,
    /// Somebody relied on the version.
    pub(super) conditional: bool,
    /// Rows of seats made less those removed.
    pub(super) taken: i32,
    pub(super) changes: Vec<(SeatNo, SeatState)>,
    /// How many of the changes block or unblock a seat.
    pub(super) blocks: usize,
}

impl ShowNow {
    pub(super) fn new(version: u64, published: bool, cancelled: bool, seating: u16) -> Self {
        Self {
            version,
            published,
            cancelled,
            seating,
            sold_from: false,
            conditional: false,
            taken: 0,
            changes: Vec::new(),
            blocks: 0,
        }
    }
    /// As it was read.
    pub(super) fn version_read(&self) -> u64 {
        self.version
    }
    /// All that changes is what is blocked.
    pub(super) fn only_blocks(&self) -> bool {
        self.changes.len() == self.blocks
    }
    /// As the batch leaves it, if nobody else changes it meanwhile.
    pub(super) fn version(&self) -> u64 {
        self.version + u64::from(!self.changes.is_empty())
    }
}

/// A seat's row.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeatNow {
    pub(super) state: SeatState,
    pub(super) booking: Option<Own>,
}

/// A caller's last expiries on a show, at most as many as a limit looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiries {
    pub(super) many: u64,
    pub(super) first: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
}

/// A promotion code as it was read, and what is left of it after what the batch decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct PromoNow {
    /// Uses left; `None` is any number.
    pub(super) left: Option<i64>,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: Option<DateTime<Utc>>,
    /// Uses each customer may have; `None` is any number.
    pub(super) uses_per_customer: Option<u8>,
}

/// A place that a customer has taken of those a code has for each.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaceTaken {
    pub(super) place: u8,
    pub(super) booking: Own,
}

/// A gift card as it was read, and its balance after what the batch decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct GiftNow {
    pub(super) balance_minor: i64,
    /// It is not blocked.
    pub(super) active: bool,
    pub(super) ends_at: Option<DateTime<Utc>>,
}

pub(super) struct World {
    pub(super) theater: TheaterId,
    pub(super) shows: FxHashMap<ShowOwn, ShowNow>,
    /// Only seats that have a row.
    pub(super) seats: FxHashMap<(ShowOwn, SeatNo), SeatNow>,
    pub(super) bookings: FxHashMap<Own, BookingRow>,
    pub(super) touched: FxHashSet<Own>,
    /// The live payment of a booking.
    pub(super) live: FxHashMap<Own, [u8; 22]>,
    pub(super) tickets: FxHashMap<(Own, SeatNo), TicketState>,
    /// Unpaid seats of a caller.
    pub(super) unpaid: FxHashMap<(ShowOwn, Caller), u32>,
    /// By unit: the last unpaid expiries of its caller, if there are any.
    pub(super) expiries: FxHashMap<usize, Expiries>,
    pub(super) records: FxHashMap<[u8; 16], ([u8; 16], Recorded)>,
    /// Only codes that somebody may take up.
    pub(super) promos: FxHashMap<String, PromoNow>,
    /// Only of customers who may take one up. One that is left stays taken for the rest of the batch.
    pub(super) places: FxHashMap<(String, Customer), Vec<PlaceTaken>>,
    /// Only cards that somebody claims money of.
    pub(super) gifts: FxHashMap<Own, GiftNow>,
}

impl World {
    pub(super) fn new(theater: TheaterId) -> Self {
        Self {
            theater,
            shows: FxHashMap::default(),
            seats: FxHashMap::default(),
            bookings: FxHashMap::default(),
            touched: FxHashSet::default(),
            live: FxHashMap::default(),
            tickets: FxHashMap::default(),
            unpaid: FxHashMap::default(),
            expiries: FxHashMap::default(),
            records: FxHashMap::default(),
            promos: FxHashMap::default(),
            places: FxHashMap::default(),
            gifts: FxHashMap::default(),
        }
    }

    /// What an earlier request with this record's key found, if there was one.
    pub(super) fn earlier(&self, record: Option<&IdempotencyRecord>) -> Option<Lookup> {
        let key = &record?.key;
        let (body, answer) = self.records.get(&key.scope)?;
        Some(if *body == key.body {
            Lookup::Replay(answer.clone())
        } else {
            Lookup::Reused
        })
    }

    /// A booking, unless another unit of the batch changes it.
    pub(super) fn untouched(&self, booking: BookingId) -> Option<&BookingRow> {
        if self.touched.contains(booking.own()) {
            return None;
        }
        self.bookings.get(booking.own())
    }

    /// Those of the wanted seats that are not free, in the order they were wanted.
    pub(super) fn taken(&self, show: ShowId, wanted: &[SeatNo]) -> Vec<SeatNo> {
        let mut taken: Vec<SeatNo> = Vec::new();
        if planted!("double_sale_postgres") {
            return taken;
        }
        for (at, seat) in wanted.iter().enumerate() {
            let there = self.seats.contains_key(&(*show.own(), *seat));
            if there || wanted[..at].contains(seat) {
                taken.push(*seat);
            }
        }
        taken
    }

    /// The booking's seats among these that have a row in this state, each once.
    pub(super) fn owned(
        &self,
        show: ShowId,
        booking: BookingId,
        seats: &[SeatNo],
        state: Option<SeatState>,
    ) -> Vec<SeatNo> {
        let is_owned = |seat: &&SeatNo| {
            self.seats.get(&(*show.own(), **seat)).is_some_and(|now| {
                now.booking == Some(*booking.own()) && state.is_none_or(|state| state == now.state)
            })
        };
        let mut owned = Vec::with_capacity(seats.len());
        for seat in seats.iter().filter(is_owned) {
            if !owned.contains(seat) {
                owned.push(*seat);
            }
        }
        owned
    }

    /// Notes that a seat of a show that was read will change.
    pub(super) fn change(&mut self, show: ShowId, seat: SeatNo, to: SeatState, taken: i32) {
        if let Some(now) = self.shows.get_mut(show.own()) {
            now.changes.push((seat, to));
            now.taken += taken;
        }
    }
}
