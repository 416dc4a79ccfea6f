//! Gift cards, apart from what steps move.

use crate::{
    PostgresStore,
    bookings::columns::gift_entries,
    columns::{Columns as _, damaged, micros, money, optional_time, text},
    pipeline::{self, Call},
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
use tokio_postgres::Row;

/// The columns [`card`] reads, in order.
macro_rules! card_columns {
    () => {
        "SELECT theater, card, last4, currency, initial_minor, balance_minor, state, ends_at, created_at FROM gift_cards "
    };
}

fn card(row: &Row) -> Result<GiftRow, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    let currency = row.text(3)?;
    Ok(GiftRow {
        card: GiftCard {
            card_id: GiftCardId::from_parts(theater, row.bytes(1)?),
            last4: row.value(2)?,
            initial: money(row.value(4)?, currency)?,
            balance: money(row.value(5)?, currency)?,
            state: GiftState::parse(row.text(6)?).ok_or_else(|| damaged("a gift card's state"))?,
            ends_at: optional_time(row.value(7)?)?,
        },
        created_at: row.time(8)?,
    })
}

/// The columns [`entry`] reads, in order.
macro_rules! entry_columns {
    () => {
        "SELECT theater, card, entry, kind, amount_minor, booking, payment, at FROM gift_entries "
    };
}

fn entry(row: &Row) -> Result<GiftEntry, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    let about = row.optional_bytes(5)?.zip(row.optional_bytes(6)?);
    Ok(GiftEntry {
        card_id: GiftCardId::from_parts(theater, row.bytes(1)?),
        entry_id: GiftEntryId::from_parts(theater, row.bytes(2)?),
        kind: GiftEntryKind::parse(row.text(3)?)
            .ok_or_else(|| damaged("a gift card entry's kind"))?,
        amount_minor: row.value(4)?,
        payment: about.map(|(booking, payment)| {
            (
                BookingId::from_parts(theater, booking),
                PaymentId::from_parts(theater, payment),
            )
        }),
        at: row.time(7)?,
    })
}

const NEW_CARDS: &str = "INSERT INTO gift_cards (theater, card, digest, last4, currency, initial_minor, balance_minor, \
         state, ends_at, created_at) \
     SELECT $1, w.card, w.digest, w.last4, w.currency, w.amount, w.amount, w.state, w.ends_at, $2 \
     FROM unnest($3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[]) \
       AS w (card, digest, last4, currency, amount, state, ends_at)";

/// The calls that make these cards, of one theater.
fn issue(theater: Vec<u8>, cards: &[NewGift], now: DateTime<Utc>) -> [Call<'_>; 2] {
    fn column<T>(cards: &[NewGift], value: impl Fn(&NewGift) -> T) -> Vec<T> {
        cards.iter().map(value).collect()
    }
    let first = |new: &NewGift| GiftEntry {
        entry_id: new.entry_id,
        card_id: new.card.card_id,
        kind: GiftEntryKind::Issue,
        amount_minor: new.card.initial.amount_minor,
        payment: None,
        at: now,
    };
    let entries = column(cards, first);
    let entries: Vec<&GiftEntry> = entries.iter().collect();
    let made = Call::new(NEW_CARDS)
        .with(theater.clone())
        .with(micros(now))
        .with(column(cards, |new| new.card.card_id.own().to_vec()))
        .with(column(cards, |new| new.digest.to_vec()))
        .with(column(cards, |new| text(&new.card.last4).into_owned()))
        .with(column(cards, |new| {
            new.card.initial.currency.code().to_owned()
        }))
        .with(column(cards, |new| new.card.initial.amount_minor))
        .with(column(cards, |new| new.card.state.as_str()))
        .with(column(cards, |new| new.card.ends_at.map(micros)));
    let noted = Call::new(crate::lanes::GIFT_ENTRIES).with(theater);
    [made, gift_entries(noted, &entries)]
}

#[async_trait]
impl GiftStore for PostgresStore {
    async fn gift_by_code(
        &self,
        theater_id: TheaterId,
        digest: CodeDigest,
    ) -> Result<Option<GiftRow>, StoreError> {
        const SQL: &str = concat!(card_columns!(), "WHERE theater = $1 AND digest = $2");
        let call = Call::new(SQL)
            .with(theater_id.as_bytes().to_vec())
            .with(digest.to_vec());
        let rows = self.rows_of(call).await?;
        rows.first().map(card).transpose()
    }

    async fn gift(&self, card_id: GiftCardId) -> Result<Option<GiftRow>, StoreError> {
        const SQL: &str = concat!(card_columns!(), "WHERE theater = $1 AND card = $2");
        let call = Call::new(SQL)
            .with(card_id.theater().as_bytes().to_vec())
            .with(card_id.own().to_vec());
        let rows = self.rows_of(call).await?;
        rows.first().map(card).transpose()
    }

    async fn gifts(
        &self,
        theater_id: TheaterId,
        after: Option<GiftCardId>,
        limit: u16,
    ) -> Result<Vec<GiftRow>, StoreError> {
        const SQL: &str = concat!(
            card_columns!(),
            "WHERE theater = $1 AND card > $2 ORDER BY card LIMIT $3"
        );
        let call = Call::new(SQL)
            .with(theater_id.as_bytes().to_vec())
            .with(after.map_or_else(Vec::new, |card| card.own().to_vec()))
            .with(i64::from(limit));
        self.rows_of(call).await?.iter().map(card).collect()
    }

    async fn issue_gifts(&self, cards: Vec<NewGift>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(first) = cards.first() else {
            return Ok(());
        };
        let theater = first.card.card_id.theater().as_bytes().to_vec();
        let (cards, theater) = (&cards, &theater);
        self.write(|conn| async move {
            pipeline::read(&conn, &issue(theater.clone(), cards, now)).await?;
            Ok(())
        })
        .await
    }

    async fn set_gift_state(
        &self,
        card_id: GiftCardId,
        state: GiftState,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE gift_cards SET state = $3 WHERE theater = $1 AND card = $2 RETURNING 1";
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(card_id.theater().as_bytes().to_vec())
                .with(card_id.own().to_vec())
                .with(state.as_str());
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
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
            "WHERE theater = $1 AND card = $2 AND entry > $3 ORDER BY entry LIMIT $4"
        );
        let call = Call::new(SQL)
            .with(card_id.theater().as_bytes().to_vec())
            .with(card_id.own().to_vec())
            .with(after.map_or_else(Vec::new, |entry| entry.own().to_vec()))
            .with(i64::from(limit));
        self.rows_of(call).await?.iter().map(entry).collect()
    }

    async fn gift_entries_of(&self, payment_id: PaymentId) -> Result<Vec<GiftEntry>, StoreError> {
        const SQL: &str = concat!(
            entry_columns!(),
            "WHERE theater = $1 AND payment = $2 ORDER BY entry"
        );
        let call = Call::new(SQL)
            .with(payment_id.theater().as_bytes().to_vec())
            .with(payment_id.own().to_vec());
        self.rows_of(call).await?.iter().map(entry).collect()
    }
}
