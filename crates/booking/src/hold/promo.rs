//! From what a caller typed to a promotion code that may be used. Whether one more booking may use it is the store's to
//! say, with the seats.
//!
//! Unknown, over, not begun, not for this show, used up: all are the same refusal, so that guessing tells nothing. Only who
//! uses a good code as often as one may hears that.

use crate::{desk::Desk, error::SaleError, show_file::ShowFile};
use chrono::{DateTime, Datelike as _, Utc};
use matinee_domain::promo::{Promo, PromoCode, PromoShow};
use matinee_store::bookings::BookingFile;

/// What was typed, unless it is blank.
pub(crate) fn typed(code: Option<&str>) -> Option<&str> {
    code.filter(|code| !code.trim().is_empty())
}

impl Desk {
    /// The code that a caller typed, if it may be taken up for this show now.
    pub(crate) async fn open_promo(
        &self,
        show: &ShowFile,
        typed: &str,
        now: DateTime<Utc>,
    ) -> Result<Promo, SaleError> {
        let code = typed.parse().map_err(|_| SaleError::PromoInvalid)?;
        let promo = self.promo(show, &code).await?;
        if promo.is_open(now) && promo.is_for(of(show)) {
            Ok(promo)
        } else {
            Err(SaleError::PromoInvalid)
        }
    }

    /// The code a hold has once it is changed: the one it has stays, also when it is over meanwhile.
    pub(crate) async fn promo_after(
        &self,
        file: &BookingFile,
        show: &ShowFile,
        asked: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<Promo>, SaleError> {
        let kept = file.booking.promo.as_ref();
        let wanted = match asked {
            None => None,
            Some(blank) if typed(Some(blank)).is_none() => return Ok(None),
            Some(code) => Some(code),
        };
        match (wanted, kept) {
            (None, None) => Ok(None),
            (None, Some(kept)) => self.promo(show, kept).await.map(Some),
            (Some(code), Some(kept)) if code.parse::<PromoCode>().as_ref() == Ok(kept) => {
                self.promo(show, kept).await.map(Some)
            }
            (Some(code), _) => self.open_promo(show, code, now).await.map(Some),
        }
    }

    async fn promo(&self, show: &ShowFile, code: &PromoCode) -> Result<Promo, SaleError> {
        let found = self.promos.promo(show.theater.theater_id, code).await?;
        found.map(|row| row.promo).ok_or(SaleError::PromoInvalid)
    }
}

/// What of the show a code may depend on.
fn of(show: &ShowFile) -> PromoShow {
    let start = show.show.start_time;
    let local = start.with_timezone(&show.theater.time_zone);
    PromoShow {
        show: show.show.show_id,
        movie: show.show.movie_id,
        weekday: local.weekday().number_from_monday() as u8,
    }
}
