//! The catalog on SQLite: theaters, screens, seat maps, movies, shows, and the log that clients sync by.
//!
//! Reading stands in [`read`] and [`changes`], writing in [`apply`]; here is only which of them runs on which
//! connection. Nothing is cached: the server keeps encoded answers above the store.

mod apply;
mod cancel;
mod changes;
mod going_back;
mod read;
mod relocate;
pub(crate) mod rows;
mod screens;
mod shows;

use crate::{SqliteStore, failure::OrStoreError as _};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Theater},
    ids::{MovieId, SeatMapId, ShowId, TheaterId},
    seat_map::SeatMap,
};
use matinee_store::{
    CatalogStore, StoreError,
    catalog::{
        AskedIds, CatalogChange, CatalogObject, CatalogRefusal, CatalogReport, Changes, KnownIds,
        ListedShow, ShowQuery, SyncHead,
    },
};
use rusqlite::Connection;
use std::sync::Arc;

/// Runs reads that must agree with each other on one snapshot.
fn snapshot<T>(
    conn: &Connection,
    op: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let transaction = conn.unchecked_transaction().db()?;
    let value = op(&transaction).db()?;
    transaction.commit().db()?;
    Ok(value)
}

#[async_trait]
impl CatalogStore for SqliteStore {
    async fn theaters(&self) -> Result<Vec<Arc<Theater>>, StoreError> {
        self.read(|conn| snapshot(conn, read::theaters)).await
    }

    async fn theater(&self, theater_id: TheaterId) -> Result<Option<Arc<Theater>>, StoreError> {
        let found = self
            .read_here(|conn| snapshot(conn, |conn| read::theater(conn, theater_id)))
            .await?;
        Ok(found.map(Arc::new))
    }

    async fn movies(&self) -> Result<Vec<Arc<Movie>>, StoreError> {
        self.read(|conn| read::movies(conn).db()).await
    }

    async fn movie(&self, movie_id: MovieId) -> Result<Option<Arc<Movie>>, StoreError> {
        let found = self
            .read_here(|conn| read::movie(conn, movie_id).db())
            .await?;
        Ok(found.map(Arc::new))
    }

    async fn version_of(&self, object: CatalogObject) -> Result<u64, StoreError> {
        self.read_here(|conn| changes::version_of(conn, object).db())
            .await
    }

    async fn shows(&self, query: ShowQuery) -> Result<Vec<ListedShow>, StoreError> {
        self.read(move |conn| snapshot(conn, |conn| read::shows(conn, &query)))
            .await
    }

    async fn show(&self, show_id: ShowId) -> Result<Option<ListedShow>, StoreError> {
        self.read_here(|conn| snapshot(conn, |conn| read::show(conn, show_id)))
            .await
    }

    async fn seat_map(&self, seat_map_id: SeatMapId) -> Result<Option<Arc<SeatMap>>, StoreError> {
        let found = self
            .read(move |conn| read::seat_map(conn, seat_map_id).db())
            .await?;
        Ok(found.map(Arc::new))
    }

    async fn movies_on(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(TheaterId, MovieId)>, StoreError> {
        self.read(move |conn| read::movies_on(conn, from, until).db())
            .await
    }

    async fn known_ids(&self, asked: &AskedIds) -> Result<KnownIds, StoreError> {
        let asked = asked.clone();
        self.read(move |conn| snapshot(conn, |conn| read::known_ids(conn, &asked)))
            .await
    }

    async fn apply(
        &self,
        change: CatalogChange,
        now: DateTime<Utc>,
    ) -> Result<Result<CatalogReport, CatalogRefusal>, StoreError> {
        self.write(move |tx| apply::apply(tx, &change, now)).await
    }

    async fn changes(&self, position: u64, limit: u16) -> Result<Changes, StoreError> {
        self.read(move |conn| snapshot(conn, |conn| changes::changes(conn, position, limit)))
            .await
    }

    async fn sync_head(&self) -> Result<SyncHead, StoreError> {
        self.read_here(|conn| changes::sync_head(conn).db()).await
    }
}
