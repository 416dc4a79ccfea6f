//! The demo: real films, plausible theaters, and shows for a rolling fortnight, so that a demo started on any day is
//! alive.
//!
//! An empty database is filled; one that was filled by this is topped up with the days that have come since; any
//! other is left alone. Nobody is simulated: every seat is free until a person takes it.

use crate::importing;
use chrono::{DateTime, Days, NaiveDate, Utc};
use matinee_booking::{Clock, Entropy};
use matinee_domain::policy::CancellationTier;
use matinee_import::{CatalogImport, Programme, demo_shows, parse_catalog, parse_programme};
use matinee_store::{Store, StoreError, catalog::AskedIds};

static CATALOG: &[u8] = include_bytes!("../../../demo/catalog.json");
static PROGRAMME: &[u8] = include_bytes!("../../../demo/programme.json");

/// Days of shows from today on.
const DAYS: u16 = 15;
/// The note that marks a database as the demo's: the first day without shows.
const NOTE: &str = "demo_shows_until";
/// What the note says until the demo is in: a fill that was cut short is taken up again.
const FILLING: &str = "filling";

/// Why the demo could not be filled in.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demo data is damaged: {0}")]
    Data(String),
    #[error(transparent)]
    Import(#[from] importing::ImportingError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fills an empty database, or adds the missing days to one that holds the demo. Returns how many shows are new.
pub async fn fill(
    store: &dyn Store,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<u64, DemoError> {
    let now = clock.now();
    let noted = store.note(NOTE).await?;
    let until = noted.as_deref().map(str::parse::<NaiveDate>);
    let (from, whole) = match (noted.as_deref(), until) {
        (Some(FILLING), _) => (first_day(now), true),
        (_, Some(Ok(until))) => (until, false),
        (None, _) if store.is_empty().await? => {
            // Written first, so that what comes after it can be cut short anywhere.
            store.set_note(NOTE, FILLING).await?;
            (first_day(now), true)
        }
        _ => return Ok(0),
    };
    let until = first_day(now) + Days::new(u64::from(DAYS) + 1);
    let from = from.max(first_day(now));
    if from >= until {
        return Ok(0);
    }
    let days = (until - from).num_days().clamp(0, i64::from(DAYS) + 1) as u16;
    // Parsing and laying out some thousand shows takes a moment of pure computing.
    let catalog = tokio::task::spawn_blocking(move || demo_catalog(from, days, whole))
        .await
        .map_err(|panic| DemoError::Data(panic.to_string()))??;
    if whole && is_anothers(store, &catalog).await? {
        return Ok(0);
    }
    let report = importing::put(store, catalog, now, entropy).await?;
    store.set_note(NOTE, &until.to_string()).await?;
    Ok(report.added)
}

/// The database came to hold something else before the demo was in: that is left alone. The demo comes in one
/// transaction, so either all of its theaters are there or none is.
async fn is_anothers(store: &dyn Store, demo: &CatalogImport) -> Result<bool, StoreError> {
    if store.is_empty().await? {
        return Ok(false);
    }
    let asked = AskedIds {
        theaters: demo
            .theaters
            .iter()
            .map(|theater| theater.external_id.clone())
            .collect(),
        ..AskedIds::default()
    };
    Ok(store.known_ids(&asked).await?.theaters.is_empty())
}

/// Yesterday in UTC: today has begun somewhere on earth, or has not ended.
fn first_day(now: DateTime<Utc>) -> NaiveDate {
    now.date_naive() - Days::new(1)
}

fn demo_catalog(from: NaiveDate, days: u16, whole: bool) -> Result<CatalogImport, DemoError> {
    let damaged = |errors: Vec<matinee_import::ImportError>| {
        DemoError::Data(
            errors
                .first()
                .map(|e| format!("{}: {}", e.pointer, e.detail))
                .unwrap_or_default(),
        )
    };
    let mut catalog = parse_catalog(CATALOG).map_err(damaged)?;
    let programme: Programme = parse_programme(PROGRAMME).map_err(damaged)?;
    catalog.shows = demo_shows(&catalog, &programme, from, days);
    if whole {
        for theater in &mut catalog.theaters {
            until_the_start(&mut theater.cancellation_policy.tiers);
        }
    } else {
        catalog.seat_maps.clear();
        catalog.theaters.clear();
        catalog.movies.clear();
    }
    Ok(catalog)
}

/// Whoever tries the demo must be able to cancel what they booked, also for a show in ten minutes.
fn until_the_start(tiers: &mut Vec<CancellationTier>) {
    if tiers.iter().all(|tier| tier.minutes_before > 0) {
        tiers.push(CancellationTier {
            minutes_before: 0,
            refund_basis_points: 5000,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{SystemClock, SystemEntropy};
    use matinee_store::{CatalogStore as _, Maintenance as _, conformance::fixtures, feed::NoFeed};
    use matinee_store_sqlite::{OpenOptions, SqliteStore};
    use std::sync::Arc;

    #[test]
    fn the_demo_is_as_large_as_promised() {
        let from = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let catalog = demo_catalog(from, DAYS, true).unwrap();
        let countries: std::collections::HashSet<_> = catalog
            .theaters
            .iter()
            .map(|t| &t.location.country)
            .collect();
        let currencies: std::collections::HashSet<_> =
            catalog.theaters.iter().map(|t| t.currency).collect();
        let zones: std::collections::HashSet<_> =
            catalog.theaters.iter().map(|t| t.time_zone).collect();
        let halls: Vec<usize> = catalog
            .seat_maps
            .iter()
            .map(|map| map.map.seats.len())
            .collect();
        assert!(catalog.movies.len() >= 300 && catalog.theaters.len() >= 12);
        assert!(countries.len() >= 5 && currencies.len() >= 5 && zones.len() >= 5);
        assert!(
            halls.contains(&2000) && halls.iter().filter(|n| (40..=600).contains(*n)).count() >= 6,
            "{halls:?}"
        );
        for theater in &catalog.theaters {
            assert!(
                theater
                    .cancellation_policy
                    .tiers
                    .iter()
                    .any(|tier| tier.minutes_before == 0)
            );
            let shows = catalog
                .shows
                .iter()
                .filter(|show| show.theater == theater.external_id)
                .count();
            assert!(shows >= 14, "{} has {shows} shows", theater.name);
        }
    }

    fn open(folder: &tempfile::TempDir) -> SqliteStore {
        SqliteStore::open(OpenOptions {
            path: folder.path().join("m.db"),
            feed: Arc::new(NoFeed),
        })
        .unwrap()
    }

    /// A start that dies between the data and the note, as early as it can.
    #[tokio::test]
    async fn a_fill_that_was_cut_short_is_taken_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let data_is_there = async {
            while store.is_empty().await.unwrap() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = data_is_there => {}
            done = fill(&store, &SystemClock, &SystemEntropy) => panic!("it was not cut short: {done:?}"),
        }
        // Nothing new, but from now on it is known as the demo and topped up.
        assert_eq!(fill(&store, &SystemClock, &SystemEntropy).await.unwrap(), 0);
        let note = store.note(NOTE).await.unwrap().unwrap();
        assert!(note.parse::<NaiveDate>().is_ok(), "{note}");
    }

    #[tokio::test]
    async fn what_came_instead_of_the_demo_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        store.set_note(NOTE, FILLING).await.unwrap();
        fixtures::apply(&store, fixtures::catalog()).await;
        assert_eq!(fill(&store, &SystemClock, &SystemEntropy).await.unwrap(), 0);
        assert_eq!(store.theaters().await.unwrap().len(), 2);
    }

    #[test]
    fn the_next_days_add_only_shows() {
        let catalog =
            demo_catalog(NaiveDate::from_ymd_opt(2026, 12, 7).unwrap(), 1, false).unwrap();
        assert!(
            !catalog.shows.is_empty() && catalog.theaters.is_empty() && catalog.movies.is_empty()
        );
    }
}
