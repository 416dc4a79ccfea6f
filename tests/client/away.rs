//! The server is away: the copy answers, and as the server would.

use crate::{World, until};
use matinee_api::{Movie, NotificationStatus, Page, Show, ShowDetail, Theater};
use matinee_client::{Client, Coordinates, ErrorKind, MovieQuery, ShowQuery, TheaterQuery};
use std::time::{Duration, Instant};

/// Everything a person can look up, asked of one client.
#[derive(PartialEq)]
struct Seen {
    theaters: Page<Theater>,
    near: Vec<String>,
    found: Vec<String>,
    theater: Theater,
    programme: Vec<Movie>,
    day: Vec<Movie>,
    movies: Vec<Movie>,
    movie: Movie,
    shows: Vec<Show>,
    show: ShowDetail,
}

async fn look(client: &Client, offline: bool) -> Seen {
    let all = TheaterQuery {
        limit: Some(100),
        ..TheaterQuery::default()
    };
    let theaters = client.theaters(all).await.unwrap();
    assert_eq!(theaters.offline, offline);
    let id = theaters.value.items[0].theater_id;
    let near = Coordinates {
        latitude: 60.17,
        longitude: 24.94,
    };
    let near = TheaterQuery {
        near: Some(near),
        limit: Some(5),
        ..TheaterQuery::default()
    };
    let near = client.theaters(near).await.unwrap().value.items;
    let city = theaters.value.items[3].location.city.to_uppercase();
    let found = client
        .theaters(TheaterQuery {
            q: Some(city),
            ..TheaterQuery::default()
        })
        .await
        .unwrap();
    let programme = client.theater_movies(id, None).await.unwrap().value.items;
    let zone: chrono_tz::Tz = theaters.value.items[0].time_zone.parse().unwrap();
    let first = &programme[0].shows[0];
    let date = first.start_time.with_timezone(&zone).date_naive();
    let movie_id = programme[0].movie_id;
    let day = client
        .theater_movies(id, Some(date))
        .await
        .unwrap()
        .value
        .items;
    let query = MovieQuery {
        q: Some(programme[0].director.to_lowercase()),
        ..MovieQuery::default()
    };
    let shows = ShowQuery {
        theater_id: Some(id.to_string()),
        date: Some(date),
    };
    Seen {
        near: near.iter().map(|theater| theater.name.clone()).collect(),
        found: found
            .value
            .items
            .iter()
            .map(|theater| theater.name.clone())
            .collect(),
        theater: client.theater(id).await.unwrap().value,
        day,
        movies: client.movies(query).await.unwrap().value.items,
        movie: client.movie(movie_id).await.unwrap().value,
        shows: client
            .movie_shows(movie_id, shows)
            .await
            .unwrap()
            .value
            .items,
        show: client.show(first.show_id).await.unwrap().value,
        theaters: theaters.value,
        programme,
    }
}

#[tokio::test]
async fn with_no_network_the_copy_answers_as_the_server_did() {
    let mut world = World::new().await;
    // A show that starts between the two looks leaves the lists: then the comparison is made once more.
    for last_try in [false, true] {
        let begun = five_minutes();
        let before = look(&world.synced_client().await, false).await;
        assert!(before.theaters.items.len() >= 12);
        assert!(!before.day.is_empty() && !before.shows.is_empty());
        assert!(!before.movie.shows.is_empty());
        assert!(before.theater.movies.len() > 1, "the movies on now");
        assert!(!before.show.ticket_types.is_empty(), "what it costs");
        world.stop_server();
        let after = look(&world.client().await, true).await;
        if begun == five_minutes() || last_try {
            compare(&after, &before);
            return;
        }
        world.start_server().unwrap();
    }
}

/// Shows of the demo start on whole multiples of five minutes.
fn five_minutes() -> i64 {
    chrono::Utc::now().timestamp() / 300
}

#[tokio::test]
async fn a_start_with_no_network_shows_theaters_within_half_a_second() {
    let mut world = World::new().await;
    drop(world.synced_client().await);
    world.stop_server();
    let mut best = Duration::MAX;
    // The best of three: other tests keep the machine busy.
    for _ in 0..3 {
        let begun = Instant::now();
        let client = world.client().await;
        let theaters = client.theaters(TheaterQuery::default()).await.unwrap();
        assert!(theaters.offline && theaters.value.items.len() > 1);
        best = best.min(begun.elapsed());
    }
    assert!(best < Duration::from_millis(500), "{best:?}");
    let client = world.client().await;
    let theaters = client.theaters(TheaterQuery::default()).await.unwrap();
    assert!(!client.status().borrow().online);
    let movies = client
        .theater_movies(theaters.value.items[0].theater_id, None)
        .await
        .unwrap();
    let show = movies.value.items[0].shows[0].show_id;
    assert_eq!(
        client.seats(show).await.unwrap_err().kind,
        ErrorKind::Offline
    );
}

/// Member by member, so that a difference can be read.
fn compare(after: &Seen, before: &Seen) {
    assert_eq!(after.near, before.near);
    assert_eq!(after.found, before.found);
    assert_eq!(after.show, before.show);
    assert_eq!(after.theater, before.theater);
    let shows = |movies: &[Movie]| {
        let shows = movies.iter().flat_map(|movie| &movie.shows);
        shows
            .map(|show| (show.start_time, show.show_id))
            .collect::<Vec<_>>()
    };
    let names = |movies: &[Movie]| {
        movies
            .iter()
            .map(|movie| movie.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&after.programme), names(&before.programme));
    assert_eq!(shows(&after.programme), shows(&before.programme));
    assert_eq!(shows(&after.day), shows(&before.day));
    assert_eq!(names(&after.movies), names(&before.movies));
    assert_eq!(after.movie, before.movie);
    assert_eq!(after.shows, before.shows);
    for (after, before) in after.theaters.items.iter().zip(&before.theaters.items) {
        assert_eq!(after, before);
    }
    assert_eq!(after.theaters.next_cursor, before.theaters.next_cursor);
    assert!(after == before, "they differ elsewhere");
}

#[tokio::test]
async fn nothing_new_costs_less_than_a_kilobyte() {
    let world = World::new().await;
    let client = world.synced_client().await;
    world.relay.take_answered_bytes();
    client.sync().await.unwrap();
    let bytes = world.relay.take_answered_bytes();
    assert!((1..=1024).contains(&bytes), "{bytes} bytes");
}

#[tokio::test]
async fn nothing_new_costs_little_also_for_somebody_with_bookings_and_tickets() {
    let world = World::new().await;
    let client = world.synced_client().await;
    let of_the_guest = crate::buying::bought(&client).await.booking_id;
    let account = crate::account::account();
    client.register(account).await.unwrap();
    let show = crate::buying::some_show(&client).await;
    for number in 0..6 {
        let key = format!("key-{number}");
        let booking = client.book(crate::buying::two(show), &key).await.unwrap();
        let pay = crate::buying::pay_for(&booking);
        client.pay(pay, &format!("{key}-pay")).await.unwrap();
    }
    // The mails that are sent change what a booking says: until the last of them has gone, there
    // is something new at any moment.
    until("everything is mailed", async || {
        let mut all = client.bookings(None).await.unwrap().value.items;
        all.push(client.booking(of_the_guest).await.unwrap().value);
        let mailed = all.iter().all(|booking| {
            let mut of_it = booking.notifications.iter();
            of_it.len() > 0 && of_it.all(|one| one.status == NotificationStatus::Sent)
        });
        (all.len() == 7 && mailed).then_some(())
    })
    .await;
    client.sync().await.unwrap();
    let everything = client.bookings(None).await.unwrap().value.items;
    assert_eq!(everything.len(), 6);
    // Sync, profile, history, and the guest's booking: four answers with nothing in them.
    world.relay.take_answered_bytes();
    client.sync().await.unwrap();
    let bytes = world.relay.take_answered_bytes();
    assert!((1..=2_500).contains(&bytes), "{bytes} bytes");
    // What changed comes, though the rest was seen.
    let id = everything[0].booking_id;
    client.cancel(id, None, "key-cancel").await.unwrap();
    client.sync().await.unwrap();
    let kept = client.bookings(None).await.unwrap().value.items;
    assert_eq!(kept.len(), 6);
    assert_eq!(kept[0].status, matinee_api::BookingStatus::Cancelled);
}

#[tokio::test]
async fn a_client_notices_that_the_server_is_back_and_renews_its_copy() {
    let mut world = World::new().await;
    let client = world.synced_client().await;
    client.start();
    world.stop_server();
    let gone = client.theaters(TheaterQuery::default()).await.unwrap();
    assert!(gone.offline);
    let mut status = client.status();
    assert!(!status.borrow_and_update().online);
    world.start_server().unwrap();
    tokio::time::timeout(
        Duration::from_secs(30),
        status.wait_for(|status| status.online),
    )
    .await
    .expect("it asks by itself")
    .unwrap();
    assert!(
        !client
            .theaters(TheaterQuery::default())
            .await
            .unwrap()
            .offline
    );
}

#[tokio::test]
async fn a_server_that_starts_over_replaces_the_copy() {
    let mut world = World::new().await;
    let before = world
        .synced_client()
        .await
        .movies(MovieQuery::default())
        .await
        .unwrap()
        .value
        .items;
    world.stop_server();
    // Another database behind the same address: no cursor of the old one is good there.
    for file in ["matinee.db", "matinee.db-wal", "matinee.db-shm"] {
        let _ = std::fs::remove_file(world.place.path().join(file));
    }
    world.start_server().unwrap();
    let client = world.synced_client().await;
    world.stop_server();
    let after = client.movies(MovieQuery::default()).await.unwrap();
    assert!(after.offline);
    assert_eq!(after.value.items.len(), before.len());
}
