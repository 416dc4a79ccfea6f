//! A page of the sync, written to the three catalog tables with its cursor in one transaction.

use super::{Cache, CacheError, listed, meta, shows};
use matinee_api::SyncPage;
use rusqlite::Transaction;
use std::sync::Arc;

impl Cache {
    /// Writes a page and moves the cursor with it; the last page also removes what an older generation left.
    pub(crate) async fn apply(&self, page: Arc<SyncPage>) -> Result<(), CacheError> {
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let generation = meta::generation(&transaction)?;
            listed::write(&transaction, &page.theaters, generation)?;
            listed::write(&transaction, &page.movies, generation)?;
            shows::write(&transaction, &page.shows, generation)?;
            delete(
                &transaction,
                "theaters",
                "theater_id",
                &page.deleted_theaters,
            )?;
            delete(&transaction, "movies", "movie_id", &page.deleted_movies)?;
            delete(&transaction, "shows", "show_id", &page.deleted_shows)?;
            meta::advance(&transaction, &page.cursor)?;
            if !page.more {
                for table in ["theaters", "movies", "shows"] {
                    transaction.execute(
                        &format!("DELETE FROM {table} WHERE generation < ?1"),
                        [generation],
                    )?;
                }
            }
            transaction.commit()?;
            Ok(())
        })
        .await
    }
}

fn delete<I: ToString>(
    transaction: &Transaction<'_>,
    table: &'static str,
    key: &'static str,
    ids: &[I],
) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?;
    for id in ids {
        statement.execute([id.to_string()])?;
    }
    Ok(())
}
