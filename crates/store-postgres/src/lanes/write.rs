//! Writing a batch: one list of statements in one round trip, from `BEGIN` to `COMMIT`.
//!
//! The order is the same for every batch of every server: seats, sorted; bookings and what hangs on them; records of
//! answers; the shows' versions last, sorted. So whoever waits for another waits for a whole commit and never in a
//! circle, and a show's row, which everybody wants, is held for the shortest time.

use super::{
    decide::{StepWrite, Writes},
    guard::GaveUp,
    statements as sql,
    world::{ShowOwn, World},
};
use crate::{
    bookings::{
        columns::{NewBookings, Payments, StateColumns, gift_entries, owner_columns},
        rows::ticket_state,
    },
    columns::{Columns as _, micros, text, to_json},
    connect::Connection,
    pipeline::{self, Call},
};
use matinee_planted::planted;
use matinee_store::{StoreError, bookings::RefundTo};
use rustc_hash::FxHashMap;

/// A show's row as a batch left it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counters {
    pub(super) version: u64,
    pub(super) taken: u16,
}

/// Writes everything and commits; what the changed shows count now. `begun` when the transaction was begun to read.
pub(super) async fn write(
    conn: &Connection,
    world: &World,
    mut writes: Writes<'_>,
    begun: bool,
) -> Result<FxHashMap<ShowOwn, Counters>, GaveUp> {
    writes.freed.sort_unstable();
    writes.sold.sort_unstable();
    writes.claimed.sort_unstable_by_key(|(seat, _)| *seat);
    writes.blocked.sort_unstable();
    writes.unblocked.sort_unstable();
    let mut list = List {
        theater: world.theater.as_bytes(),
        calls: Vec::with_capacity(20),
    };
    if !begun {
        list.calls.push(Call::new("BEGIN"));
    }
    list.seats(&writes);
    list.blocks(&writes);
    list.bookings(&writes)?;
    list.uses(&writes);
    list.places(&writes);
    list.gifts(&writes);
    list.payments(&writes);
    list.rest(&writes);
    let versions = list.shows(world);
    // Locked rows of shows need no second look.
    if !begun {
        list.limits(&writes);
    }
    list.calls.push(Call::new("COMMIT"));
    let mut now = FxHashMap::default();
    for (at, rows) in pipeline::run(conn, &list.calls)
        .await?
        .into_iter()
        .enumerate()
    {
        let rows = rows?;
        if Some(at) == versions {
            for row in rows {
                let counters = Counters {
                    version: row.count(1)?,
                    taken: row.small(2)?,
                };
                now.insert(row.bytes(0)?, counters);
            }
        }
    }
    Ok(now)
}

/// The statements so far.
struct List<'w> {
    theater: &'w [u8],
    calls: Vec<Call<'w>>,
}

/// A column of a list of rows.
fn column<'r, R, T>(rows: &'r [R], value: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

impl<'w> List<'w> {
    fn call(&self, sql: &'static str) -> Call<'w> {
        Call::new(sql).with(self.theater)
    }

    fn seats(&mut self, writes: &'w Writes<'_>) {
        for (sql, seats) in [(sql::FREE, &writes.freed), (sql::SELL, &writes.sold)] {
            if seats.is_empty() {
                continue;
            }
            let call = self
                .call(sql)
                .with(column(seats, |seat| &seat.show[..]))
                .with(column(seats, |seat| i32::from(seat.seat.0)))
                .with(column(seats, |seat| &seat.booking[..]))
                .with(seats.len() as i64);
            self.calls.push(call);
        }
        let claimed = &writes.claimed;
        if !claimed.is_empty() {
            let call = self
                .call(if planted!("double_sale_postgres") {
                    sql::CLAIM_OVER
                } else {
                    sql::CLAIM
                })
                .with(column(claimed, |(seat, _)| seat.show.to_vec()))
                .with(column(claimed, |(seat, _)| i32::from(seat.seat.0)))
                .with(column(claimed, |(_, state)| state.code() as i32))
                .with(column(claimed, |(seat, _)| seat.booking.to_vec()))
                .with(claimed.len() as i64);
            self.calls.push(call);
        }
    }

    /// Seats that staff took out of the sale or put back, and what is noted of it.
    fn blocks(&mut self, writes: &'w Writes<'_>) {
        for (sql, seats) in [
            (sql::UNBLOCK, &writes.unblocked),
            (sql::BLOCK, &writes.blocked),
        ] {
            if seats.is_empty() {
                continue;
            }
            let call = self
                .call(sql)
                .with(column(seats, |(show, _)| &show[..]))
                .with(column(seats, |(_, seat)| i32::from(seat.0)))
                .with(seats.len() as i64);
            self.calls.push(call);
        }
        let audits = &writes.audits;
        if audits.is_empty() {
            return;
        }
        let call = self
            .call(sql::AUDITS)
            .with(column(audits, |entry| &entry.entry[..]))
            .with(column(audits, |entry| micros(entry.at)))
            .with(column(audits, |entry| {
                entry.actor.map(|user| user.as_bytes().to_vec())
            }))
            .with(column(audits, |entry| text(&entry.action).into_owned()))
            .with(column(audits, |entry| text(&entry.object).into_owned()))
            .with(column(audits, |entry| entry.before.clone()))
            .with(column(audits, |entry| entry.after.clone()));
        self.calls.push(call);
    }

    fn bookings(&mut self, writes: &'w Writes<'_>) -> Result<(), StoreError> {
        if !writes.bookings.is_empty() {
            let rows = NewBookings::of(&writes.bookings)?;
            let call = rows.onto(self.call(sql::NEW_BOOKINGS));
            self.calls.push(call.with(writes.bookings.len() as i64));
        }
        if !writes.steps.is_empty() {
            self.steps(&writes.steps);
        }
        self.changed_holds(writes)
    }

    fn steps(&mut self, steps: &'w [StepWrite<'_>]) {
        let states = column(steps, |step| StateColumns::of(&step.to));
        let call = self
            .call(if planted!("version_not_checked") {
                sql::STEPS_BLIND
            } else {
                sql::STEPS
            })
            .with(column(steps, |step| step.booking.to_vec()))
            .with(column(steps, |step| step.version as i64))
            .with(column(&states, |state| state.status))
            .with(column(&states, |state| state.held_at))
            .with(column(&states, |state| state.expires_at))
            .with(column(&states, |state| state.extensions))
            .with(column(&states, |state| state.payment_deadline))
            .with(column(steps, |step| step.test))
            .with(column(steps, |step| step.seats.clone()))
            .with(column(steps, |step| {
                step.guest_email.map(|email| text(email).into_owned())
            }))
            .with(steps.len() as i64);
        self.calls.push(call);
    }

    fn changed_holds(&mut self, writes: &'w Writes<'_>) -> Result<(), StoreError> {
        let changed = &writes.changed;
        if changed.is_empty() {
            return Ok(());
        }
        let states = column(changed, |(booking, _)| StateColumns::of(&booking.state));
        let json = |of: &dyn Fn(usize) -> Result<String, StoreError>| {
            (0..changed.len()).map(of).collect::<Result<Vec<_>, _>>()
        };
        let call = self
            .call(sql::CHANGED_HOLDS)
            .with(column(changed, |(booking, _)| {
                booking.booking_id.own().to_vec()
            }))
            .with(column(changed, |(_, version)| *version as i64))
            .with(column(changed, |(booking, _)| {
                owner_columns(&booking.owner).0.map(<[u8]>::to_vec)
            }))
            .with(column(changed, |(booking, _)| {
                owner_columns(&booking.owner).1.map(ToOwned::to_owned)
            }))
            .with(json(&|at| to_json(&changed[at].0.seats))?)
            .with(column(changed, |(booking, _)| booking.seats.len() as i32))
            .with(column(changed, |(booking, _)| booking.total.amount_minor))
            .with(column(changed, |(booking, _)| {
                booking.total.currency.code().to_owned()
            }))
            .with(json(&|at| to_json(&changed[at].0.lines))?)
            .with(json(&|at| to_json(&changed[at].0.advice))?)
            .with(column(&states, |state| state.held_at))
            .with(column(&states, |state| state.expires_at))
            .with(column(&states, |state| state.extensions))
            .with(column(changed, |(booking, _)| {
                booking.promo.as_ref().map(ToString::to_string)
            }))
            .with(changed.len() as i64);
        self.calls.push(call);
        Ok(())
    }

    fn uses(&mut self, writes: &'w Writes<'_>) {
        let promos = &writes.promos;
        if promos.is_empty() {
            return;
        }
        let claimed = promos.iter().filter(|promo| promo.claimed).count();
        let call = self
            .call(sql::USES)
            .with(column(promos, |promo| promo.code.as_str()))
            .with(column(promos, |promo| promo.uses))
            .with(column(promos, |promo| promo.claimed))
            .with(column(promos, |promo| promo.open_at.map(micros)))
            .with(claimed as i64);
        self.calls.push(call);
    }

    /// Which customers the uses count for. What is left comes first, and what was left in this batch is not taken in it.
    fn places(&mut self, writes: &'w Writes<'_>) {
        if !writes.left_places.is_empty() {
            let call = self.call(sql::LEFT_PLACES);
            let bookings = column(&writes.left_places, |booking| &booking[..]);
            self.calls.push(call.with(bookings));
        }
        let places = &writes.places;
        if places.is_empty() {
            return;
        }
        let call = self
            .call(sql::TAKEN_PLACES)
            .with(column(places, |one| one.code.as_str()))
            .with(column(places, |one| one.customer.as_bytes().to_vec()))
            .with(column(places, |one| i32::from(one.place)))
            .with(column(places, |one| i32::from(one.most)))
            .with(column(places, |one| one.booking.to_vec()))
            .with(places.len() as i64);
        self.calls.push(call);
    }

    /// Balances of gift cards, and the entries that say why.
    fn gifts(&mut self, writes: &'w Writes<'_>) {
        let gifts = &writes.gifts;
        if gifts.is_empty() {
            return;
        }
        let call = self
            .call(sql::BALANCES)
            .with(column(gifts, |gift| &gift.card[..]))
            .with(column(gifts, |gift| gift.amount_minor))
            .with(column(gifts, |gift| gift.open_at.map(micros)))
            .with(column(gifts, |gift| gift.good_until.map(micros)))
            .with(gifts.len() as i64);
        self.calls.push(call);
        let entries = &writes.gift_entries;
        let call = gift_entries(self.call(sql::GIFT_ENTRIES), entries);
        self.calls.push(call);
    }

    fn payments(&mut self, writes: &'w Writes<'_>) {
        // A payment that ends makes room for the one that begins.
        for live in [false, true] {
            let some: Vec<_> = writes
                .payments
                .iter()
                .copied()
                .filter(|payment| payment.status.is_live() == live)
                .collect();
            if !some.is_empty() {
                let call = Payments(&some).onto(self.call(sql::PAYMENTS));
                self.calls.push(call);
            }
        }
        let refunds = &writes.refunds;
        if refunds.is_empty() {
            return;
        }
        let bookings = column(refunds, |(refund, _)| refund.booking_id.own().to_vec());
        let call = self
            .call(sql::REFUNDS)
            .with(bookings.clone())
            .with(column(refunds, |(refund, _)| {
                refund.refund_id.as_bytes().to_vec()
            }))
            .with(column(refunds, |(refund, _)| {
                refund.payment_id.own().to_vec()
            }))
            .with(column(refunds, |(refund, _)| refund.status.as_str()))
            .with(column(refunds, |(refund, _)| refund.amount.amount_minor))
            .with(column(refunds, |(refund, _)| {
                refund.amount.currency.code().to_owned()
            }))
            .with(column(refunds, |(refund, _)| {
                text(&refund.reason).into_owned()
            }))
            .with(column(refunds, |(refund, _)| refund.attempts as i32))
            .with(column(refunds, |(refund, _)| micros(refund.created_at)))
            .with(column(refunds, |(_, now)| micros(*now)))
            .with(column(refunds, |(refund, _)| {
                refund.to == RefundTo::GiftCard
            }));
        self.calls.push(call);
        let call = self.call(sql::REFUNDS_WITHIN_CAPTURE).with(bookings);
        self.calls.push(call);
    }

    /// Tickets, messages, expiries, records.
    fn rest(&mut self, writes: &'w Writes<'_>) {
        let tickets = &writes.tickets;
        if !tickets.is_empty() {
            let call = self
                .call(sql::NEW_TICKETS)
                .with(column(tickets, |ticket| ticket.booking_id.own().to_vec()))
                .with(column(tickets, |ticket| i32::from(ticket.seat.0)))
                .with(column(tickets, |ticket| ticket.ticket_id.own().to_vec()))
                .with(column(tickets, |ticket| ticket_state(ticket.state)))
                .with(column(tickets, |ticket| ticket.revision as i32));
            self.calls.push(call);
        }
        let voided = &writes.voided;
        if !voided.is_empty() {
            let call = self
                .call(sql::VOID)
                .with(column(voided, |(booking, _)| booking.to_vec()))
                .with(column(voided, |(_, seat)| i32::from(seat.0)))
                .with(voided.len() as i64);
            self.calls.push(call);
        }
        self.messages(writes);
        let expiries = &writes.expiries;
        if !expiries.is_empty() {
            let call = self
                .call(sql::NEW_EXPIRIES)
                .with(column(expiries, |expiry| expiry.show.to_vec()))
                .with(column(expiries, |expiry| expiry.caller.to_vec()))
                .with(column(expiries, |expiry| micros(expiry.at)))
                .with(column(expiries, |expiry| expiry.booking.to_vec()));
            self.calls.push(call);
        }
        let records = &writes.records;
        if !records.is_empty() {
            let call = Call::new(sql::NEW_RECORDS)
                .with(column(records, |record| record.key.scope.to_vec()))
                .with(column(records, |record| record.key.body.to_vec()))
                .with(column(records, |record| i32::from(record.answer.status)))
                .with(column(records, |record| record.answer.body.to_vec()))
                .with(column(records, |record| micros(record.keep_until)))
                .with(records.len() as i64);
            self.calls.push(call);
        }
    }

    fn messages(&mut self, writes: &'w Writes<'_>) {
        // Those about a booking lie with it; one about nobody's booking, should a step have such, lies apart.
        for about_booking in [true, false] {
            let some: Vec<_> = writes
                .messages
                .iter()
                .filter(|message| message.booking_id.is_some() == about_booking)
                .collect();
            if some.is_empty() {
                continue;
            }
            let call = if about_booking {
                self.call(sql::MESSAGES)
            } else {
                Call::new(sql::MESSAGES).with(&[][..] as &[u8])
            };
            let call = call
                .with(column(&some, |message| {
                    message
                        .booking_id
                        .map_or_else(Vec::new, |id| id.own().to_vec())
                }))
                .with(column(&some, |message| {
                    message.notification_id.as_bytes().to_vec()
                }))
                .with(column(&some, |message| text(&message.kind).into_owned()))
                .with(column(&some, |message| text(&message.channel).into_owned()))
                .with(column(&some, |message| {
                    text(&message.recipient).into_owned()
                }))
                .with(column(&some, |message| message.payload.clone()))
                .with(column(&some, |message| micros(message.created_at)));
            self.calls.push(call);
        }
    }

    /// Where in the list the shows' versions come, if any changed.
    fn shows(&mut self, world: &'w World) -> Option<usize> {
        let changed: Vec<_> = world
            .shows
            .iter()
            .filter(|(_, now)| !now.changes.is_empty())
            .collect();
        if changed.is_empty() {
            return None;
        }
        let expected =
            |now: &super::world::ShowNow| now.conditional.then_some(now.version_read() as i64);
        let call = self
            .call(sql::SHOW_VERSIONS)
            .with(column(&changed, |(show, _)| show.to_vec()))
            .with(column(&changed, |(_, now)| now.taken))
            .with(column(&changed, |(_, now)| expected(now)))
            .with(column(&changed, |(_, now)| now.sold_from))
            .with(column(&changed, |(_, now)| i64::from(now.only_blocks())))
            .with(column(&changed, |(_, now)| i32::from(now.seating)))
            .with(changed.len() as i64);
        self.calls.push(call);
        Some(self.calls.len() - 1)
    }

    fn limits(&mut self, writes: &'w Writes<'_>) {
        let limits = &writes.limits;
        if limits.is_empty() {
            return;
        }
        let call = self
            .call(sql::UNPAID_WITHIN_LIMIT)
            .with(column(limits, |limit| limit.show.to_vec()))
            .with(column(limits, |limit| limit.caller.to_vec()))
            .with(column(limits, |limit| i32::from(limit.most)));
        self.calls.push(call);
    }
}
