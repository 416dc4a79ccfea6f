//! The catalog on PostgreSQL: theaters, screens, seat maps, movies, shows, and the log that clients sync by.
//!
//! Reading stands in [`read`] and [`changes`], writing in [`apply`]. Nothing is cached: the server keeps encoded
//! answers above the store. A change of the catalog is one transaction that begins by locking the sync counter, so
//! changes of several servers come one after the other.

mod apply;
mod cancel;
mod changes;
mod going_back;
mod read;
mod relocate;
mod rows;
mod screens;
mod shows;

use crate::PostgresStore;
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
use std::sync::Arc;

/// Why a change of the catalog was rolled back.
enum Undone {
    Refused(CatalogRefusal),
    /// It was only to be tried.
    Rehearsed(CatalogReport),
}

#[async_trait]
impl CatalogStore for PostgresStore {
    async fn theaters(&self) -> Result<Vec<Arc<Theater>>, StoreError> {
        self.snapshot(|conn| async move { read::theaters(&conn, read::Which::All).await })
            .await
    }

    async fn theater(&self, theater_id: TheaterId) -> Result<Option<Arc<Theater>>, StoreError> {
        let ids = &[theater_id.as_bytes().to_vec()];
        let found = self
            .snapshot(|conn| async move { read::theaters(&conn, read::Which::Ids(ids)).await })
            .await?;
        Ok(found.into_iter().next())
    }

    async fn movies(&self) -> Result<Vec<Arc<Movie>>, StoreError> {
        read::movies(&self.connection().await?, read::Which::All).await
    }

    async fn movie(&self, movie_id: MovieId) -> Result<Option<Arc<Movie>>, StoreError> {
        let ids = [movie_id.as_bytes().to_vec()];
        let conn = self.connection().await?;
        let found = read::movies(&conn, read::Which::Ids(&ids)).await?;
        Ok(found.into_iter().next())
    }

    async fn version_of(&self, object: CatalogObject) -> Result<u64, StoreError> {
        changes::version_of(&self.connection().await?, object).await
    }

    async fn shows(&self, query: ShowQuery) -> Result<Vec<ListedShow>, StoreError> {
        read::shows(&self.connection().await?, &query).await
    }

    async fn show(&self, show_id: ShowId) -> Result<Option<ListedShow>, StoreError> {
        // Whoever reads a show counts its seats along with the feed from there on.
        self.told().begin_to_look(show_id);
        let conn = self.connection().await?;
        let found = read::shows_by_id(&conn, &[show_id]).await?;
        let found = found.into_iter().next();
        if let Some(listed) = &found {
            self.told().looked(show_id, listed.version);
        }
        Ok(found)
    }

    async fn seat_map(&self, seat_map_id: SeatMapId) -> Result<Option<Arc<SeatMap>>, StoreError> {
        read::seat_map(&self.connection().await?, seat_map_id).await
    }

    async fn movies_on(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(TheaterId, MovieId)>, StoreError> {
        read::movies_on(&self.connection().await?, from, until).await
    }

    async fn known_ids(&self, asked: &AskedIds) -> Result<KnownIds, StoreError> {
        self.snapshot(|conn| async move { read::known_ids(&conn, asked).await })
            .await
    }

    async fn apply(
        &self,
        change: CatalogChange,
        now: DateTime<Utc>,
    ) -> Result<Result<CatalogReport, CatalogRefusal>, StoreError> {
        let change = &change;
        let rehearse = self.rehearses();
        let done = self
            .write_if(|conn| async move {
                Ok(match apply::apply(&conn, change, now).await? {
                    Ok(report) if rehearse => Err(Undone::Rehearsed(report)),
                    Ok(report) => Ok(report),
                    Err(refusal) => Err(Undone::Refused(refusal)),
                })
            })
            .await?;
        Ok(match done {
            Ok(report) | Err(Undone::Rehearsed(report)) => Ok(report),
            Err(Undone::Refused(refusal)) => Err(refusal),
        })
    }

    async fn changes(&self, position: u64, limit: u16) -> Result<Changes, StoreError> {
        self.snapshot(|conn| async move { changes::changes(&conn, position, limit).await })
            .await
    }

    async fn sync_head(&self) -> Result<SyncHead, StoreError> {
        changes::sync_head(&self.connection().await?).await
    }
}
