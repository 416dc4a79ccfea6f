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
use matinee_store::{Store, StoreError};

static CATALOG: &[u8] = include_bytes!("../../../demo/catalog.json");
static PROGRAMME: &[u8] = include_bytes!("../../../demo/programme.json");

/// Days of shows from today on.
const DAYS: u16 = 15;
/// The note that marks a database as the demo's: the first day without shows.
const NOTE: &str = "demo_shows_until";

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
    let noted = store
        .note(NOTE)
        .await?
        .and_then(|text| text.parse::<NaiveDate>().ok());
    let (from, whole) = match noted {
        Some(until) => (until, false),
        None if store.is_empty().await? => (first_day(now), true),
        None => return Ok(0),
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
    let report = importing::put(store, catalog, now, entropy).await?;
    store.set_note(NOTE, &until.to_string()).await?;
    Ok(report.added)
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

    #[test]
    fn the_next_days_add_only_shows() {
        let catalog =
            demo_catalog(NaiveDate::from_ymd_opt(2026, 12, 7).unwrap(), 1, false).unwrap();
        assert!(
            !catalog.shows.is_empty() && catalog.theaters.is_empty() && catalog.movies.is_empty()
        );
    }
}
