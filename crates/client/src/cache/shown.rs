//! The messages this device showed, so that one that is told again is not shown again. Only their ids: what they said is
//! kept nowhere.

use super::{Cache, CacheError};
use chrono::{DateTime, Utc};
use matinee_api::NotificationId;
use rusqlite::params;

/// Ids remembered; the oldest go first. A server tells at most a hundred that it was not told of.
const MOST: u32 = 500;

impl Cache {
    pub(crate) async fn was_shown(&self, id: NotificationId) -> Result<bool, CacheError> {
        self.run(move |connection| {
            Ok(connection
                .prepare_cached("SELECT 1 FROM shown WHERE message_id = ?1")?
                .exists([id.to_string()])?)
        })
        .await
    }

    pub(crate) async fn note_shown(
        &self,
        id: NotificationId,
        at: DateTime<Utc>,
    ) -> Result<(), CacheError> {
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT OR REPLACE INTO shown (message_id, shown_at) VALUES (?1, ?2)",
                params![id.to_string(), at.timestamp_millis()],
            )?;
            transaction.execute(
                "DELETE FROM shown WHERE message_id IN
                 (SELECT message_id FROM shown ORDER BY shown_at DESC LIMIT -1 OFFSET ?1)",
                [MOST],
            )?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> NotificationId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        NotificationId::from_bytes(bytes)
    }

    #[tokio::test]
    async fn what_was_shown_is_known_and_the_oldest_go() {
        let cache = Cache::in_memory("https://a.example").expect("memory");
        let at = |second| DateTime::from_timestamp(second, 0).expect("a time");
        assert!(!cache.was_shown(id(0)).await.expect("it reads"));
        for number in 0..=MOST {
            let shown = cache.note_shown(id(number), at(i64::from(number)));
            shown.await.expect("it writes");
        }
        assert!(!cache.was_shown(id(0)).await.expect("it reads"));
        assert!(cache.was_shown(id(1)).await.expect("it reads"));
        assert!(cache.was_shown(id(MOST)).await.expect("it reads"));
    }
}
