//! Promotion codes that are tried: only those refused count as guesses.
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
    code: Option<String>,
    work: impl Future<Output = Result<T, SaleError>>,
) -> Result<Result<T, SaleError>, ApiError> {
    if code.is_none_or(|code| code.trim().is_empty()) {
        return Ok(work.await);
    }
    let key = caller.digest();
    app.limits.check(Limit::PromoGuess, key, app.clock.now())?;
    let done = work.await;
    if !matches!(done, Err(SaleError::PromoInvalid)) {
        app.limits.take_back(Limit::PromoGuess, key);
    }
    Ok(done)
}
