//! The uses of promotion codes: claimed and given back along with a booking's seats.
//!
//! There is one writer, so what is looked at before the first write still holds at the last; the statement that claims
//! has the condition all the same.

use crate::{
    columns::{damaged, micros},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::{ids::TheaterId, promo::PromoCode};
use matinee_store::StoreError;
use rusqlite::params;

/// When a code is taken up.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// Now: it must have begun and not be over.
    Now(DateTime<Utc>),
    /// It was taken up in time.
    Before,
}

impl When {
    fn column(self) -> Option<i64> {
        match self {
            Self::Now(now) => Some(micros(now)),
            Self::Before => None,
        }
    }
}

/// One more booking may use it.
pub(super) fn is_to_be_had(
    tx: &Tx<'_>,
    theater: TheaterId,
    code: &PromoCode,
    when: When,
) -> Result<bool, StoreError> {
    let key = params![theater.as_bytes(), code.as_str(), when.column()];
    Ok(query::first(tx.conn(), TO_BE_HAD, key, |_| Ok(()))?.is_some())
}

pub(super) const TO_BE_HAD: &str = "SELECT 1 FROM promo_codes WHERE theater = ?1 AND code = ?2 \
     AND (max_uses IS NULL OR used < max_uses) \
     AND (?3 IS NULL OR starts_at <= ?3 AND (ends_at IS NULL OR ends_at > ?3))";

/// Counts a use that [`is_to_be_had`].
pub(super) fn claim(
    tx: &Tx<'_>,
    theater: TheaterId,
    code: &PromoCode,
    when: When,
) -> Result<(), StoreError> {
    let claimed = tx
        .prepare(
            "UPDATE promo_codes SET used = used + 1 WHERE theater = ?1 AND code = ?2 \
             AND (max_uses IS NULL OR used < max_uses) \
             AND (?3 IS NULL OR starts_at <= ?3 AND (ends_at IS NULL OR ends_at > ?3))",
        )?
        .execute(params![theater.as_bytes(), code.as_str(), when.column()])
        .db()?;
    if claimed == 1 {
        Ok(())
    } else {
        Err(damaged("a promotion code vanished"))
    }
}

/// Gives a use back. A count that is off is damage for `verify` to report; freeing seats must not stop for it.
pub(super) fn give_back(
    tx: &Tx<'_>,
    theater: TheaterId,
    code: &PromoCode,
) -> Result<(), StoreError> {
    tx.prepare(
        "UPDATE promo_codes SET used = used - 1 WHERE theater = ?1 AND code = ?2 AND used > 0",
    )?
    .execute(params![theater.as_bytes(), code.as_str()])
    .db()?;
    Ok(())
}
