//! Trying a password: one of an account that signs in, or one's own before something is changed.
//!
//! A try is counted as a wrong one before it is looked at, and taken back when it was right, or when nobody looked: so no
//! number of guesses sent at once, while the first is still being checked, goes past the pause.

use crate::{
    app::App,
    auth::Address,
    http::{ApiError, Limit, limits::LimitKey},
};
use chrono::{DateTime, Utc};
use matinee_store::accounts::UserRow;

/// Longest password that is looked at, in bytes.
pub(super) const PASSWORD_BYTES_MAX: usize = 4096;

/// The key of an account as it is used from an address.
pub(in crate::routes) fn pair_key(app: &App, address: &Address, email: &str) -> LimitKey {
    app.keys
        .text_digest(&format!("{:?} {}", address.key(), email.to_lowercase()))
}

/// What a password opens, when it fits; tried under the limit of an account at an address.
async fn tried<T>(
    app: &App,
    (pair, now): (LimitKey, DateTime<Utc>),
    work: impl Future<Output = Result<Option<T>, ApiError>>,
) -> Result<Option<T>, ApiError> {
    app.limits.try_password(pair, now)?;
    let opened = work.await;
    if !matches!(opened, Ok(None)) {
        app.limits.take_password_back(pair, now);
    }
    opened
}

/// The account that e-mail and password name together. Guessing is held back tightly for one address, and loosely for all
/// together, but for those that the account is known at: so strangers who guess keep nobody out.
pub(super) async fn account_of(
    app: &App,
    pair: LimitKey,
    (email, password): (&str, String),
    now: DateTime<Utc>,
) -> Result<Option<UserRow>, ApiError> {
    let account = app.keys.text_digest(&email.to_lowercase());
    let known = app.limits.knows(pair, now);
    let look = async {
        if !known {
            app.limits.check(Limit::LoginAccount, account, now)?;
        }
        let found = look_up(app, email, password).await;
        match (&found, known) {
            (Ok(None), true) => app.limits.add(Limit::LoginAccount, account, now),
            (Ok(None), false) | (_, true) => {}
            (_, false) => app.limits.take_back(Limit::LoginAccount, account),
        }
        found
    };
    tried(app, (pair, now), look).await
}

/// Without an account it takes the same time.
async fn look_up(app: &App, email: &str, password: String) -> Result<Option<UserRow>, ApiError> {
    let user = app.store.user_by_email(email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let fits = app.passwords.verify(password, hash).await?;
    Ok(user.filter(|_| fits))
}

/// Whether a password is the signed-in person's own; wrong ones count like those of signing in.
pub(in crate::routes) async fn is_own_password(
    app: &App,
    address: &Address,
    user: &UserRow,
    password: String,
) -> Result<bool, ApiError> {
    let now = app.clock.now();
    let pair = pair_key(app, address, &user.email);
    let look = async {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(None);
        }
        let hash = Some(user.password_hash.clone());
        let fits = app.passwords.verify(password, hash).await?;
        Ok(fits.then_some(()))
    };
    let fits = tried(app, (pair, now), look).await?.is_some();
    if fits {
        app.limits.succeeded(pair, now);
    }
    Ok(fits)
}
