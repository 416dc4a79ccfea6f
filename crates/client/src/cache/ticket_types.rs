//! The ticket types of shows somebody looked at, with their prices: the sync does not tell them, so that the copy has
//! what was last seen.

use super::{Cache, CacheError, dated, to_body};
use chrono::{DateTime, Utc};
use matinee_api::{ShowId, TicketType};
use rusqlite::params;

const TABLE: &str = "ticket_types";

impl Cache {
    pub(crate) async fn keep_ticket_types(
        &self,
        show: ShowId,
        types: Vec<TicketType>,
    ) -> Result<(), CacheError> {
        let as_of = Utc::now();
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO ticket_types (show_id, as_of, body) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![show.to_string(), as_of, to_body(&types, TABLE)?])?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn ticket_types(
        &self,
        show: ShowId,
    ) -> Result<Option<(Vec<TicketType>, DateTime<Utc>)>, CacheError> {
        self.run(move |connection| {
            let sql = "SELECT body, as_of FROM ticket_types WHERE show_id = ?1";
            dated(connection, sql, &show.to_string(), TABLE)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::MIGRATIONS;
    use matinee_api::{TheaterId, UserId};
    use rusqlite::Connection;

    const ORIGIN: &str = "https://a.example";

    fn show() -> ShowId {
        ShowId::from_parts(TheaterId::from_bytes([1; 16]), [2; 16])
    }

    fn adult() -> Vec<TicketType> {
        vec![TicketType {
            code: "adult".into(),
            label: "Adult".into(),
            prices: Vec::new(),
            proof_needed: None,
        }]
    }

    #[tokio::test]
    async fn they_go_with_their_show() {
        let cache = Cache::in_memory(ORIGIN).expect("a copy");
        cache
            .keep_ticket_types(show(), adult())
            .await
            .expect("kept");
        let kept = cache.ticket_types(show()).await.expect("read");
        assert_eq!(kept.map(|(types, _)| types), Some(adult()));
        // There never was such a show.
        cache.forget_shows_before(Utc::now()).await.expect("done");
        assert_eq!(cache.ticket_types(show()).await.expect("read"), None);
    }

    #[tokio::test]
    async fn a_copy_of_the_version_before_gains_the_table_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("copy.sqlite");
        let (user, profile) = (UserId::from_bytes([3; 16]), r#"{"name":"Ada"}"#);
        let old = Connection::open(&file).expect("a file");
        for migration in &MIGRATIONS[..7] {
            old.execute_batch(migration).expect("the old tables");
        }
        old.pragma_update(None, "user_version", 7).expect("set");
        old.execute("INSERT INTO meta (only, origin) VALUES (1, ?1)", [ORIGIN])
            .expect("written");
        let row = (user.to_string(), Utc::now(), profile);
        old.execute("INSERT INTO profile VALUES (?1, ?2, ?3)", row)
            .expect("written");
        drop(old);
        let cache = Cache::open(&file, ORIGIN).expect("it opens");
        let kept = cache.profile(user).await.expect("read").expect("kept");
        assert_eq!(kept.0.name, "Ada");
        cache
            .keep_ticket_types(show(), adult())
            .await
            .expect("kept");
    }
}
