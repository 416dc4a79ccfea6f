//! Gift cards, apart from what steps move.

use crate::{
    SqliteStore,
    bookings::gift,
    columns::{damaged, micros, money, optional_time, time},
    failure::OrStoreError,
    query::{self, text},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    gift::{GiftCard, GiftEntryKind, GiftState},
    ids::{BookingId, GiftCardId, GiftEntryId, PaymentId, TheaterId},
};
use matinee_store::{
    GiftStore, StoreError,
    gifts::{CodeDigest, GiftEntry, GiftRow, NewGift},
};
use rusqlite::{Row, params};

/// The columns [`card`] reads, in order.
macro_rules! card_columns {
    () => {
        "SELECT theater, card, last4, currency, initial_minor, balance_minor, state, ends_at, created_at FROM gift_cards "
    };
}

pub(crate) const BY_CODE: &str = concat!(card_columns!(), "WHERE theater = ?1 AND digest = ?2");

fn card(row: &Row<'_>) -> Result<GiftRow, StoreError> {
    let theater = TheaterId::from_bytes(row.get(0).db()?);
    let currency = text(row, 3)?;
    Ok(GiftRow {
        card: GiftCard {
            card_id: GiftCardId::from_parts(theater, row.get(1).db()?),
            last4: text(row, 2)?.to_owned(),
            initial: money(row.get(4).db()?, currency)?,
            balance: money(row.get(5).db()?, currency)?,
            state: GiftState::parse(text(row, 6)?).ok_or_else(|| damaged("a gift card's state"))?,
            ends_at: optional_time(row.get(7).db()?)?,
        },
        created_at: time(row.get(8).db()?)?,
    })
}

/// The columns [`entry`] reads, in order.
macro_rules! entry_columns {
    () => {
        "SELECT theater, card, entry, kind, amount_minor, booking, payment, at FROM gift_entries "
    };
}

pub(crate) const ENTRIES_OF: &str = concat!(
    entry_columns!(),
    "INDEXED BY gift_entries_of_payment WHERE theater = ?1 AND payment = ?2 ORDER BY entry"
);

fn entry(row: &Row<'_>) -> Result<GiftEntry, StoreError> {
    let theater = TheaterId::from_bytes(row.get(0).db()?);
    let booking: Option<[u8; 22]> = row.get(5).db()?;
    let payment: Option<[u8; 22]> = row.get(6).db()?;
    Ok(GiftEntry {
        card_id: GiftCardId::from_parts(theater, row.get(1).db()?),
        entry_id: GiftEntryId::from_parts(theater, row.get(2).db()?),
        kind: GiftEntryKind::parse(text(row, 3)?)
            .ok_or_else(|| damaged("a gift card entry's kind"))?,
        amount_minor: row.get(4).db()?,
        payment: booking.zip(payment).map(|(booking, payment)| {
            (
                BookingId::from_parts(theater, booking),
                PaymentId::from_parts(theater, payment),
            )
        }),
        at: time(row.get(7).db()?)?,
    })
}

#[async_trait]
impl GiftStore for SqliteStore {
    async fn gift_by_code(
        &self,
        theater_id: TheaterId,
        digest: CodeDigest,
    ) -> Result<Option<GiftRow>, StoreError> {
        let key = (*theater_id.as_bytes(), digest);
        self.read_here(|conn| query::first(conn, BY_CODE, key, card))
            .await
    }

    async fn gift(&self, card_id: GiftCardId) -> Result<Option<GiftRow>, StoreError> {
        const SQL: &str = concat!(card_columns!(), "WHERE theater = ?1 AND card = ?2");
        let key = (*card_id.theater().as_bytes(), *card_id.own());
        self.read_here(|conn| query::first(conn, SQL, key, card))
            .await
    }

    async fn gifts(
        &self,
        theater_id: TheaterId,
        after: Option<GiftCardId>,
        limit: u16,
    ) -> Result<Vec<GiftRow>, StoreError> {
        const SQL: &str = concat!(
            card_columns!(),
            "WHERE theater = ?1 AND card > ?2 ORDER BY card LIMIT ?3"
        );
        let after = after.map_or([0; 22], |card| *card.own());
        self.read(move |conn| {
            let key = params![theater_id.as_bytes(), after, limit];
            query::all(conn, SQL, key, card)
        })
        .await
    }

    async fn issue_gifts(&self, cards: Vec<NewGift>, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(move |tx| {
            for NewGift {
                card,
                digest,
                entry_id,
            } in &cards
            {
                tx.prepare(
                    "INSERT INTO gift_cards (theater, card, digest, last4, currency, initial_minor, balance_minor, \
                         state, ends_at, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9)",
                )?
                .execute(params![
                    card.card_id.theater().as_bytes(),
                    card.card_id.own(),
                    digest,
                    card.last4,
                    card.initial.currency.code(),
                    card.initial.amount_minor,
                    card.state.as_str(),
                    card.ends_at.map(micros),
                    micros(now),
                ])
                .db()?;
                let first = GiftEntry {
                    entry_id: *entry_id,
                    card_id: card.card_id,
                    kind: GiftEntryKind::Issue,
                    amount_minor: card.initial.amount_minor,
                    payment: None,
                    at: now,
                };
                gift::insert(tx, &first)?;
            }
            Ok(())
        })
        .await
    }

    async fn set_gift_state(
        &self,
        card_id: GiftCardId,
        state: GiftState,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let set = tx
                .prepare("UPDATE gift_cards SET state = ?3 WHERE theater = ?1 AND card = ?2")?
                .execute(params![
                    card_id.theater().as_bytes(),
                    card_id.own(),
                    state.as_str()
                ])
                .db()?;
            Ok(set > 0)
        })
        .await
    }

    async fn gift_entries(
        &self,
        card_id: GiftCardId,
        after: Option<GiftEntryId>,
        limit: u16,
    ) -> Result<Vec<GiftEntry>, StoreError> {
        const SQL: &str = concat!(
            entry_columns!(),
            "WHERE theater = ?1 AND card = ?2 AND entry > ?3 ORDER BY entry LIMIT ?4"
        );
        let after = after.map_or([0; 22], |entry| *entry.own());
        let theater = card_id.theater();
        self.read(move |conn| {
            let key = params![theater.as_bytes(), card_id.own(), after, limit];
            query::all(conn, SQL, key, entry)
        })
        .await
    }

    async fn gift_entries_of(&self, payment_id: PaymentId) -> Result<Vec<GiftEntry>, StoreError> {
        let key = (*payment_id.theater().as_bytes(), *payment_id.own());
        self.read_here(|conn| query::all(conn, ENTRIES_OF, key, entry))
            .await
    }
}
