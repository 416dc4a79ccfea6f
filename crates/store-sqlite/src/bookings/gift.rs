//! What a step moves from gift cards and to them.
//!
//! There is one writer, so what is looked at before the first write still holds at the last; the statement that claims
//! has the condition all the same.

use crate::{
    columns::{damaged, micros},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use matinee_domain::ids::{BookingId, PaymentId};
use matinee_store::{StoreError, bookings::Step, gifts::GiftEntry};
use rusqlite::params;

/// Every card pays what the step claims of it.
pub(super) fn are_to_be_had(tx: &Tx<'_>, step: &Step) -> Result<bool, StoreError> {
    for entry in step.gifts.iter().filter(|entry| entry.amount_minor < 0) {
        let (card, theater) = (entry.card_id, entry.card_id.theater());
        let key = params![
            theater.as_bytes(),
            card.own(),
            entry.amount_minor,
            micros(entry.at)
        ];
        if query::first(tx.conn(), TO_BE_HAD, key, |_| Ok(()))?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) const TO_BE_HAD: &str = "SELECT 1 FROM gift_cards WHERE theater = ?1 AND card = ?2 \
     AND balance_minor + ?3 >= 0 AND state = 'active' AND (ends_at IS NULL OR ends_at > ?4)";

/// Moves the money and notes it. What goes back to a card asks nothing of it; only its check bounds it.
pub(super) fn book(tx: &Tx<'_>, entry: &GiftEntry) -> Result<(), StoreError> {
    let card = entry.card_id;
    let booked = tx
        .prepare(
            "UPDATE gift_cards SET balance_minor = balance_minor + ?3, \
                 ends_at = CASE WHEN ends_at < ?5 THEN ?5 ELSE ends_at END \
             WHERE theater = ?1 AND card = ?2 \
               AND (?3 > 0 OR balance_minor + ?3 >= 0 AND state = 'active' AND (ends_at IS NULL OR ends_at > ?4))",
        )?
        .execute(params![
            card.theater().as_bytes(),
            card.own(),
            entry.amount_minor,
            micros(entry.at),
            entry.kind.good_until(entry.at).map(micros),
        ])
        .db()?;
    if booked != 1 {
        return Err(damaged("a gift card vanished"));
    }
    insert(tx, entry)
}

/// Appends an entry.
pub(crate) fn insert(tx: &Tx<'_>, entry: &GiftEntry) -> Result<(), StoreError> {
    let payment = entry.payment.as_ref();
    tx.prepare(
        "INSERT INTO gift_entries (theater, card, entry, kind, amount_minor, booking, payment, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        entry.card_id.theater().as_bytes(),
        entry.card_id.own(),
        entry.entry_id.own(),
        entry.kind.as_str(),
        entry.amount_minor,
        payment.map(|(booking, _): &(BookingId, PaymentId)| *booking.own()),
        payment.map(|(_, payment)| *payment.own()),
        micros(entry.at),
    ])
    .db()?;
    Ok(())
}
