//! The catalog at size: what a question costs must follow its answer, not the number of shows. That no statement scans
//! is tested with the statements; here it is measured.

use chrono::TimeDelta;
use matinee_domain::{catalog::Show, ids::ShowId};
use matinee_store::{
    CatalogStore, Maintenance,
    catalog::{AskedIds, CatalogChange, ShowQuery},
    conformance::fixtures::{
        apply, bytes, catalog, movie, movie_id, screen_id, show, start, theater, theater_id,
    },
    feed::NoFeed,
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const THEATERS: u32 = 100;

fn shows(theater: u32, each: u32) -> Vec<Show> {
    (0..each)
        .map(|number| {
            let screen = 1 + number % 2;
            let mut show = show(
                theater,
                1000 + number,
                screen,
                i64::from(number / 2) * 2,
                1,
                40,
            );
            show.movie_id = movie_id(1 + number % 20);
            show.screen_id = screen_id(theater, screen);
            show.show_id = ShowId::from_parts(
                theater_id(theater),
                // Scattered, as random ids are.
                bytes((number % 251) as u8, number.wrapping_mul(2_654_435_761)),
            );
            show
        })
        .collect()
}

async fn filled(folder: &std::path::Path, total: u32) -> (SqliteStore, Duration) {
    let store = SqliteStore::open(OpenOptions {
        path: folder.join(format!("{total}.db")),
        feed: Arc::new(NoFeed),
    })
    .unwrap();
    let base = CatalogChange {
        seat_maps: catalog().seat_maps,
        theaters: (1..=THEATERS)
            .map(|number| theater(number, 1, 40))
            .collect(),
        movies: (1..=20).map(movie).collect(),
        ..CatalogChange::default()
    };
    apply(&store, base).await;
    let began = Instant::now();
    for number in 1..=THEATERS {
        let change = CatalogChange {
            shows: shows(number, total / THEATERS),
            ..CatalogChange::default()
        };
        apply(&store, change).await;
    }
    (store, began.elapsed())
}

/// The questions a server asks, each for the same small answer at every size.
async fn ask(store: &SqliteStore) -> Vec<(&'static str, Duration)> {
    let day = |query: ShowQuery| ShowQuery {
        from: Some(start()),
        until: Some(start() + TimeDelta::hours(6)),
        limit: 100,
        ..query
    };
    let first = shows(7, 1).remove(0);
    let asked = AskedIds {
        shows: vec![first.external_id.clone()],
        ..AskedIds::default()
    };
    let mut times = Vec::new();
    macro_rules! time {
        ($name:literal, $question:expr) => {
            let mut best = Duration::MAX;
            for _ in 0..20 {
                let began = Instant::now();
                $question.await.unwrap();
                best = best.min(began.elapsed());
            }
            times.push(($name, best));
        };
    }
    time!(
        "shows of a theater",
        store.shows(day(ShowQuery {
            theater_id: Some(theater_id(7)),
            ..ShowQuery::default()
        }))
    );
    time!(
        "shows of a movie",
        store.shows(day(ShowQuery {
            movie_id: Some(movie_id(2)),
            ..ShowQuery::default()
        }))
    );
    time!("shows by start", store.shows(day(ShowQuery::default())));
    time!("one show", store.show(first.show_id));
    time!(
        "movies on",
        store.movies_on(start(), start() + TimeDelta::hours(6))
    );
    time!("known ids", store.known_ids(&asked));
    time!("changes", store.changes(200, 100));
    time!("sync head", store.sync_head());
    let mut best = Duration::MAX;
    for number in 0..20 {
        let mut change = first.clone();
        change.language = if number % 2 == 0 {
            "fi".into()
        } else {
            "en".into()
        };
        let began = Instant::now();
        let shows = vec![change];
        apply(
            store,
            CatalogChange {
                shows,
                ..CatalogChange::default()
            },
        )
        .await;
        best = best.min(began.elapsed());
    }
    times.push(("one changed show", best));
    times
}

/// Prints a comparison of a small catalog with a large one. A few hundred shows in the ordinary run; by hand
/// `MATINEE_TEST_SHOWS=1000000 cargo test --release -p matinee-store-sqlite --test catalog_size -- --nocapture`.
#[tokio::test]
async fn a_large_catalog_is_asked_and_verified_like_a_small_one() {
    let folder = tempfile::tempdir().unwrap();
    let total = std::env::var("MATINEE_TEST_SHOWS").map_or(500, |text| text.parse().unwrap());
    let (small, _) = filled(folder.path(), (total / 100).max(50)).await;
    let (large, took) = filled(folder.path(), total).await;
    println!("{total} shows put in place in {took:?}");
    let few = ask(&small).await;
    let many = ask(&large).await;
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        println!(
            "{name:20} {few:>10.1?} {many:>10.1?} {:5.2}",
            many.as_secs_f64() / few.as_secs_f64()
        );
    }
    let began = Instant::now();
    let report = large.verify(start()).await.unwrap();
    println!("verified in {:?}", began.elapsed());
    assert_eq!(report.violations, vec![]);
}
