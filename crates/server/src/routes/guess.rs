//! Promotion codes and gift cards that are tried: only those refused count as guesses.
//!
//! A try is counted before it is known what it is, so that no number of them at once goes past the limit, and taken back
//! when the code turned out to be good, or not to matter.

use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, Limit},
};
use matinee_booking::SaleError;

/// Does what was asked with this code, if one was typed.
pub(super) async fn counted<T>(
    app: &App,
    caller: &Caller,
    (limit, code): (Limit, Option<&str>),
    work: impl Future<Output = Result<T, SaleError>>,
) -> Result<Result<T, SaleError>, ApiError> {
    if code.is_none_or(|code| code.trim().is_empty()) {
        return Ok(work.await);
    }
    let key = caller.digest();
    app.limits.check(limit, key, app.clock.now())?;
    let done = work.await;
    let guessed = matches!(
        (&done, limit),
        (
            // The second tells whether somebody's address was used with the code.
            Err(SaleError::PromoInvalid | SaleError::PromoUsedByCustomer),
            Limit::PromoGuess
        ) | (Err(SaleError::GiftInvalid), Limit::GiftGuess)
    );
    if !guessed {
        app.limits.take_back(limit, key);
    }
    Ok(done)
}
