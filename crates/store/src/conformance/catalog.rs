//! What every engine's catalog does: exact reports, refusals that change nothing, lists in order, a sync log without
//! holes.

use super::fixtures::{
    apply, catalog, movie, movie_id, screen_id, seat_map, seat_map_id, show, show_id, start,
    theater, theater_id,
};
use crate::{
    Store,
    catalog::{AskedIds, CatalogChange, CatalogRefusal, CatalogReport, ShowQuery},
};
use chrono::TimeDelta;
use matinee_domain::ids::ShowId;

/// What was put in place comes back, equal in every field.
pub async fn a_catalog_comes_back(store: &(impl Store + ?Sized)) {
    assert!(store.is_empty().await.unwrap());
    let given = catalog();
    let report = apply(store, given.clone()).await;
    assert_eq!(
        report,
        CatalogReport {
            added: 9,
            ..CatalogReport::default()
        }
    );
    assert!(!store.is_empty().await.unwrap());

    let theaters = store.theaters().await.unwrap();
    assert_eq!(
        theaters.iter().map(|t| (**t).clone()).collect::<Vec<_>>(),
        given.theaters
    );
    assert_eq!(
        *store.theater(theater_id(2)).await.unwrap().unwrap(),
        given.theaters[1]
    );
    let movies = store.movies().await.unwrap();
    assert_eq!(
        movies.iter().map(|m| (**m).clone()).collect::<Vec<_>>(),
        given.movies
    );
    assert_eq!(
        *store.movie(movie_id(1)).await.unwrap().unwrap(),
        given.movies[0]
    );
    assert_eq!(
        *store.seat_map(seat_map_id(1)).await.unwrap().unwrap(),
        given.seat_maps[0].1
    );
    let listed = store.show(show_id(2, 1)).await.unwrap().unwrap();
    assert_eq!(
        (listed.show, listed.taken, listed.version),
        (given.shows[2].clone(), 0, 1)
    );

    assert!(store.theater(theater_id(9)).await.unwrap().is_none());
    assert!(store.movie(movie_id(9)).await.unwrap().is_none());
    assert!(store.seat_map(seat_map_id(9)).await.unwrap().is_none());
    assert!(store.show(show_id(1, 9)).await.unwrap().is_none());
    assert!(store.show(show_id(9, 1)).await.unwrap().is_none());
}

/// The same catalog again is no change at all, and the counter stands still; one changed row is one change.
pub async fn a_second_run_changes_nothing(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let before = store.sync_head().await.unwrap();
    let report = apply(store, catalog()).await;
    assert_eq!(
        report,
        CatalogReport {
            unchanged: 9,
            ..CatalogReport::default()
        }
    );
    assert_eq!(store.sync_head().await.unwrap(), before);

    let mut change = catalog();
    change.movies[1].name = "Another name".into();
    change.theaters[0].screens[1].name = "The big one".into();
    change.shows[3].language = "sv".into();
    let report = apply(store, change.clone()).await;
    assert_eq!(
        report,
        CatalogReport {
            changed: 3,
            unchanged: 6,
            ..CatalogReport::default()
        }
    );
    assert_eq!(
        store.sync_head().await.unwrap().position,
        before.position + 3
    );
    assert_eq!(
        *store.theater(theater_id(1)).await.unwrap().unwrap(),
        change.theaters[0]
    );
    assert_eq!(
        store.show(show_id(2, 2)).await.unwrap().unwrap().show,
        change.shows[3]
    );
    let known = store.known_ids(&asked()).await.unwrap();
    assert_eq!(known.shows.len(), 1, "{known:?}");
}

fn asked() -> AskedIds {
    AskedIds {
        seat_maps: vec!["map-1".into(), "nowhere".into()],
        theaters: vec!["theater-2".into(), "nowhere".into()],
        movies: vec!["movie-1".into(), "nowhere".into()],
        shows: vec!["show-1-2".into(), "nowhere".into()],
    }
}

/// Known external ids are answered, unknown ones left out.
pub async fn external_ids_are_looked_up(store: &(impl Store + ?Sized)) {
    let given = catalog();
    apply(store, given.clone()).await;
    let known = store.known_ids(&asked()).await.unwrap();
    assert_eq!(
        known.seat_maps,
        vec![("map-1".into(), given.seat_maps[0].1.clone())]
    );
    assert_eq!(known.theaters, vec![given.theaters[1].clone()]);
    assert_eq!(known.movies, vec![("movie-1".into(), movie_id(1))]);
    assert_eq!(known.shows, vec![("show-1-2".into(), show_id(1, 2), false)]);
}

/// A changed plan is a new version; the old one stays for the shows that pin it; an equal plan under a new id is the
/// version that is there.
pub async fn seat_maps_are_immutable_versions(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let mut same = catalog();
    same.seat_maps[0].1.seat_map_id = seat_map_id(7);
    same.theaters[0] = theater(1, 7, 40);
    same.shows[0] = show(1, 1, 1, 3, 7, 40);
    let report = apply(store, same).await;
    assert_eq!(
        report,
        CatalogReport {
            unchanged: 9,
            ..CatalogReport::default()
        }
    );
    assert!(store.seat_map(seat_map_id(7)).await.unwrap().is_none());

    let next = CatalogChange {
        seat_maps: vec![("map-1".into(), seat_map(2, 5))],
        theaters: vec![theater(1, 2, 50)],
        shows: vec![show(1, 1, 1, 3, 2, 50)],
        ..CatalogChange::default()
    };
    let report = apply(store, next).await;
    assert_eq!(
        report,
        CatalogReport {
            added: 1,
            changed: 2,
            ..CatalogReport::default()
        }
    );
    let known = store.known_ids(&asked()).await.unwrap();
    assert_eq!(known.seat_maps[0].1, seat_map(2, 5));
    assert_eq!(
        store
            .show(show_id(1, 1))
            .await
            .unwrap()
            .unwrap()
            .show
            .seats_total,
        50
    );
    let other = store.show(show_id(1, 2)).await.unwrap().unwrap().show;
    assert_eq!((other.seat_map_id, other.seats_total), (seat_map_id(1), 40));
    assert_eq!(
        *store.seat_map(seat_map_id(1)).await.unwrap().unwrap(),
        seat_map(1, 4)
    );

    let forged = CatalogChange {
        seat_maps: vec![("map-1".into(), seat_map(1, 6))],
        ..CatalogChange::default()
    };
    refused(
        store,
        forged,
        &CatalogRefusal::SeatMapChanged(seat_map_id(1)),
    )
    .await;
}

async fn refused(store: &(impl Store + ?Sized), change: CatalogChange, why: &CatalogRefusal) {
    let before = store.sync_head().await.unwrap();
    let outcome = store.apply(change, start()).await.unwrap();
    assert_eq!(outcome.as_ref(), Err(why));
    assert_eq!(store.sync_head().await.unwrap(), before);
}

/// A change that cannot stand is refused whole: what came before the offending row is not there either.
pub async fn a_refused_change_changes_nothing(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    // It overlaps show 1 by a minute, after a movie that would be fine.
    let mut late = show(1, 5, 1, 4, 1, 40);
    late.start_time = start() + TimeDelta::hours(3) + TimeDelta::minutes(99);
    let clash = CatalogChange {
        movies: vec![movie(5)],
        shows: vec![late.clone()],
        ..CatalogChange::default()
    };
    refused(
        store,
        clash,
        &CatalogRefusal::ScreenClash(show_id(1, 5), show_id(1, 1)),
    )
    .await;
    assert!(store.movie(movie_id(5)).await.unwrap().is_none());
    assert!(store.show(show_id(1, 5)).await.unwrap().is_none());

    // The screen has to be cleaned: fifteen minutes, before and after.
    late.start_time = start() + TimeDelta::minutes(3 * 60 + 114);
    let mut early = show(1, 6, 2, 3, 1, 40);
    early.end_time = start() + TimeDelta::minutes(5 * 60 - 14);
    for (show, other) in [(&late, show_id(1, 1)), (&early, show_id(1, 2))] {
        let clash = CatalogChange {
            shows: vec![show.clone()],
            ..CatalogChange::default()
        };
        let why = CatalogRefusal::ScreenClash(show.show_id, other);
        refused(store, clash, &why).await;
    }

    // As soon as it is clean, and the same time on the other screen, are fine.
    late.start_time = start() + TimeDelta::minutes(3 * 60 + 115);
    let mut beside = show(1, 6, 2, 3, 1, 40);
    beside.end_time = start() + TimeDelta::minutes(5 * 60 - 15);
    let fits = CatalogChange {
        shows: vec![late, beside],
        ..CatalogChange::default()
    };
    assert_eq!(apply(store, fits).await.added, 2);

    let mut stolen = movie(7);
    stolen.external_id = "movie-1".into();
    let change = CatalogChange {
        movies: vec![stolen],
        ..CatalogChange::default()
    };
    refused(
        store,
        change,
        &CatalogRefusal::ExternalIdTaken("movie-1".into()),
    )
    .await;

    let mut theater = theater(1, 1, 40);
    theater.screens.pop();
    let change = CatalogChange {
        theaters: vec![theater],
        ..CatalogChange::default()
    };
    refused(
        store,
        change,
        &CatalogRefusal::ScreenHasShows(screen_id(1, 2)),
    )
    .await;

    let mut nowhere = show(1, 8, 1, 50, 1, 40);
    nowhere.movie_id = movie_id(77);
    let change = CatalogChange {
        shows: vec![nowhere],
        ..CatalogChange::default()
    };
    let outcome = store.apply(change, start()).await.unwrap();
    assert!(
        matches!(outcome, Err(CatalogRefusal::Missing(_))),
        "{outcome:?}"
    );
}

/// Shows can trade places in one change: only the end counts.
pub async fn shows_trade_places(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let swap = CatalogChange {
        shows: vec![show(1, 1, 2, 5, 1, 40), show(1, 2, 1, 3, 1, 40)],
        ..CatalogChange::default()
    };
    assert_eq!(apply(store, swap).await.changed, 2);
}

/// Lists of shows are by start, then id, in pages, whatever they are asked by.
pub async fn shows_are_listed_in_order(store: &(impl Store + ?Sized)) {
    let mut change = catalog();
    change.shows.clear();
    for number in 0..30_u32 {
        for theater in [1, 2] {
            let screen = 1 + number % 2;
            let mut show = show(theater, number, screen, i64::from(number / 2) * 2, 1, 40);
            show.movie_id = movie_id(1 + number % 3 / 2);
            change.shows.push(show);
        }
    }
    let mut all = change.shows.clone();
    all.sort_by_key(|show| (show.start_time, show.show_id));
    apply(store, change).await;

    let hour = |hours: i64| Some(start() + TimeDelta::hours(hours));
    let queries = [
        ShowQuery::default(),
        ShowQuery {
            theater_id: Some(theater_id(2)),
            ..ShowQuery::default()
        },
        ShowQuery {
            movie_id: Some(movie_id(2)),
            from: hour(4),
            ..ShowQuery::default()
        },
        ShowQuery {
            theater_id: Some(theater_id(1)),
            movie_id: Some(movie_id(1)),
            from: hour(2),
            until: hour(20),
            ..ShowQuery::default()
        },
        ShowQuery {
            from: hour(6),
            until: hour(8),
            ..ShowQuery::default()
        },
        ShowQuery {
            theater_id: Some(theater_id(9)),
            ..ShowQuery::default()
        },
    ];
    for query in queries {
        let wanted: Vec<ShowId> = all
            .iter()
            .filter(|show| {
                query
                    .theater_id
                    .is_none_or(|id| show.show_id.theater() == id)
                    && query.movie_id.is_none_or(|id| show.movie_id == id)
                    && query.from.is_none_or(|from| show.start_time >= from)
                    && query.until.is_none_or(|until| show.start_time < until)
            })
            .map(|show| show.show_id)
            .collect();
        for limit in [1_u16, 7, 1000] {
            assert_eq!(
                walk(store, query, limit).await,
                wanted,
                "{query:?} by {limit}"
            );
        }
    }
    let on = store
        .movies_on(start(), start() + TimeDelta::hours(1))
        .await
        .unwrap();
    let wanted = [1, 2].map(|theater| (theater_id(theater), movie_id(1)));
    assert_eq!(on, wanted);
}

async fn walk(store: &(impl Store + ?Sized), query: ShowQuery, limit: u16) -> Vec<ShowId> {
    let mut found = Vec::new();
    let mut query = ShowQuery { limit, ..query };
    loop {
        let page = store.shows(query).await.unwrap();
        assert!(page.len() <= usize::from(limit));
        let Some(last) = page.last() else {
            return found;
        };
        query.after = Some((last.show.start_time, last.show.show_id));
        found.extend(page.iter().map(|listed| listed.show.show_id));
    }
}

/// A client that follows the log in pages of any size ends with the catalog, and hears of deletions.
pub async fn the_sync_log_tells_every_change_once(store: &(impl Store + ?Sized)) {
    let head = store.sync_head().await.unwrap();
    assert_eq!((head.position, head.oldest), (0, 0));
    let nothing = store.changes(0, 10).await.unwrap();
    assert_eq!((nothing.position, nothing.more), (0, false));

    apply(store, catalog()).await;
    for limit in [1, 3, 1000] {
        let (mut position, mut seen) = (0, (0, 0, 0));
        loop {
            let page = store.changes(position, limit).await.unwrap();
            let rows = page.theaters.len() + page.movies.len() + page.shows.len();
            assert!(rows <= usize::from(limit));
            assert!(page.position > position);
            position = page.position;
            seen.0 += page.theaters.len();
            seen.1 += page.movies.len();
            seen.2 += page.shows.len();
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, (2, 2, 4));
        assert_eq!(position, store.sync_head().await.unwrap().position);
    }

    let before = store.sync_head().await.unwrap().position;
    let mut renamed = movie(2);
    renamed.name = "Renamed".into();
    let change = CatalogChange {
        movies: vec![renamed.clone()],
        deleted_shows: vec![show_id(1, 2), show_id(1, 77)],
        ..CatalogChange::default()
    };
    let report = apply(store, change).await;
    assert_eq!((report.changed, report.deleted), (1, 1));
    let page = store.changes(before, 100).await.unwrap();
    assert_eq!(page.movies, vec![renamed]);
    assert_eq!(page.deleted_shows, vec![show_id(1, 2)]);
    assert!(page.shows.is_empty() && page.theaters.is_empty() && !page.more);
    assert!(store.show(show_id(1, 2)).await.unwrap().is_none());
    let idle = store.changes(page.position, 100).await.unwrap();
    assert_eq!(idle.position, page.position);
    assert!(idle.movies.is_empty() && idle.deleted_shows.is_empty());

    // A deleted show may come back.
    let again = CatalogChange {
        shows: vec![show(1, 2, 2, 5, 1, 40)],
        ..CatalogChange::default()
    };
    assert_eq!(apply(store, again).await.added, 1);
    let back = store.changes(page.position, 100).await.unwrap();
    assert_eq!(back.shows.len(), 1);
    assert!(back.deleted_shows.is_empty());
}
