//! The cached profile of the signed-in person.

use super::{Cache, CacheError, dated, seen, to_body};
use chrono::{DateTime, Utc};
use matinee_api::{Profile, UserId};
use rusqlite::params;

const TABLE: &str = "profile";

impl Cache {
    pub(crate) async fn keep_profile(
        &self,
        user: UserId,
        profile: Profile,
        etag: Option<String>,
    ) -> Result<(), CacheError> {
        let as_of = Utc::now();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT OR REPLACE INTO profile (user_id, as_of, body) VALUES (?1, ?2, ?3)",
                params![user.to_string(), as_of, to_body(&profile, TABLE)?],
            )?;
            seen::write_profile(&transaction, user, etag.as_deref())?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn profile(
        &self,
        user: UserId,
    ) -> Result<Option<(Profile, DateTime<Utc>)>, CacheError> {
        self.run(move |connection| {
            let sql = "SELECT body, as_of FROM profile WHERE user_id = ?1";
            dated(connection, sql, &user.to_string(), TABLE)
        })
        .await
    }
}
