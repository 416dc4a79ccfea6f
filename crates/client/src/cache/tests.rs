//! The copy as a whole: what it keeps, and when it is thrown away.

use super::*;
use chrono::{DateTime, Duration as Span, Utc};
use matinee_api::{
    Booking, BookingId, BookingStatus, CancellationTerms, Currency, Location, Money, Movie,
    MovieId, Reference, ScreenId, Show, ShowId, ShowScreen, SyncPage, Theater, TheaterId, Tickets,
};
use std::collections::BTreeMap;

const ORIGIN: &str = "https://a.example";

fn theater(number: u8, name: &str) -> Theater {
    Theater {
        theater_id: TheaterId::from_bytes([number; 16]),
        name: name.into(),
        location: Location {
            address: "1 Main Street".into(),
            city: "Lisboa".into(),
            country: "PT".into(),
            latitude: 38.7,
            longitude: -9.1,
        },
        time_zone: "Europe/Lisbon".into(),
        currency: Currency::new(*b"EUR"),
        screens: Vec::new(),
        movies: Vec::new(),
        distance_km: None,
        max_seats_per_booking: 10,
        cancellation_policy: "Until the start.".into(),
    }
}

fn movie(number: u8, name: &str) -> Movie {
    Movie {
        movie_id: MovieId::from_bytes([number; 16]),
        name: name.into(),
        cast: vec!["Ana Actor".into()],
        director: "Dora Director".into(),
        genres: vec!["Drama".into()],
        duration_minutes: 100,
        release_year: 1999,
        ratings: Vec::new(),
        certificate: String::new(),
        languages: Vec::new(),
        poster_url: None,
        shows: Vec::new(),
    }
}

fn euros(amount_minor: i64) -> Money {
    Money {
        amount_minor,
        currency: Currency::new(*b"EUR"),
    }
}

fn show(number: u8, theater: &Theater, movie: &Movie, start_time: DateTime<Utc>) -> Show {
    Show {
        show_id: ShowId::from_parts(theater.theater_id, [number; 16]),
        movie_id: movie.movie_id,
        theater_id: theater.theater_id,
        screen: ShowScreen {
            screen_id: ScreenId::from_bytes([1; 16]),
            name: "1".into(),
        },
        start_time,
        end_time: start_time + Span::hours(2),
        format: "2D".into(),
        language: "en".into(),
        subtitles: Vec::new(),
        from_price: euros(900),
        seats_available: 40,
        cancelled: false,
        seats_total: 40,
    }
}

fn booking(number: u8, show: &Show, status: BookingStatus) -> Booking {
    Booking {
        booking_id: BookingId::from_parts(show.theater_id, [number; 22]),
        reference: Reference::from_random([number; 16]),
        status,
        show: show.clone(),
        movie_name: "M".into(),
        theater_name: "T".into(),
        time_zone: "Europe/Lisbon".into(),
        seats: Vec::new(),
        total_amount: euros(900),
        breakdown: Vec::new(),
        promo_code: None,
        hold_expires_at: None,
        extensions_left: 0,
        payments: Vec::new(),
        refunds: Vec::new(),
        notifications: Vec::new(),
        cancellation_policy: CancellationTerms {
            text: String::new(),
            cancellable: true,
            cancellable_until: None,
            refund_now: euros(0),
            refund_now_by_seat: BTreeMap::new(),
        },
        advice: Vec::new(),
        version: 3,
        created_at: DateTime::UNIX_EPOCH + Span::days(i64::from(number)),
        guest_email: None,
        guest_token: Some("tok_secret".into()),
        payment_id: None,
        next_action: None,
        payment_methods: Vec::new(),
        minimum_charge: None,
        test: true,
    }
}

fn page(
    theaters: Vec<Theater>,
    movies: Vec<Movie>,
    shows: Vec<Show>,
    cursor: &str,
    more: bool,
) -> Arc<SyncPage> {
    Arc::new(SyncPage {
        theaters,
        movies,
        shows,
        deleted_theaters: Vec::new(),
        deleted_movies: Vec::new(),
        deleted_shows: Vec::new(),
        cursor: cursor.into(),
        more,
    })
}

fn tickets(booking: &Booking) -> Tickets {
    Tickets {
        booking_id: booking.booking_id,
        tickets: Vec::new(),
        ics: String::new(),
        pdf_base64: String::new(),
    }
}

fn names(theaters: &[Theater]) -> Vec<&str> {
    theaters
        .iter()
        .map(|theater| theater.name.as_str())
        .collect()
}

#[tokio::test]
async fn a_page_and_its_cursor_arrive_together_and_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite");
    let (t, m) = (theater(1, "Rex"), movie(1, "Persona"));
    let start = Utc::now() + Span::hours(3);
    {
        let cache = Cache::open(&path, ORIGIN).expect("a new copy");
        let shows = vec![show(1, &t, &m, start)];
        cache
            .apply(page(vec![t.clone()], vec![m.clone()], shows, "c1", false))
            .await
            .expect("applied");
        cache.note_synced(Utc::now()).await.expect("noted");
    }
    let cache = Cache::open(&path, ORIGIN).expect("the same copy");
    assert_eq!(
        cache.progress().await.expect("read").cursor.as_deref(),
        Some("c1")
    );
    assert_eq!(
        names(
            &cache
                .theaters(Some("rex LISBOA".into()))
                .await
                .expect("read")
        ),
        ["Rex"]
    );
    assert_eq!(
        cache.theaters(Some("odeon".into())).await.expect("read"),
        []
    );
    let filter = ShowFilter {
        theater: Some(t.theater_id),
        movie: None,
        from: Utc::now(),
        until: start + Span::hours(1),
    };
    assert_eq!(cache.shows(filter).await.expect("read").len(), 1);
    assert_eq!(cache.movies_on(filter).await.expect("read"), [m.movie_id]);
    let by_movie = ShowFilter {
        theater: None,
        movie: Some(m.movie_id),
        ..filter
    };
    assert_eq!(cache.shows(by_movie).await.expect("read").len(), 1);
    assert_eq!(
        cache
            .movies(Some("dora persona".into()))
            .await
            .expect("read"),
        [m]
    );
}

#[tokio::test]
async fn what_is_deleted_goes_and_a_new_start_removes_what_it_did_not_bring() {
    let cache = Cache::in_memory(ORIGIN).expect("memory");
    let all = vec![theater(1, "A"), theater(2, "B"), theater(3, "C")];
    cache
        .apply(page(all.clone(), vec![], vec![], "c1", false))
        .await
        .expect("applied");
    let gone = SyncPage {
        deleted_theaters: vec![all[0].theater_id],
        ..Arc::unwrap_or_clone(page(vec![], vec![], vec![], "c2", false))
    };
    cache.apply(Arc::new(gone)).await.expect("applied");
    assert_eq!(
        names(&cache.theaters(None).await.expect("read")),
        ["B", "C"]
    );

    cache.start_over().await.expect("begun");
    assert_eq!(cache.progress().await.expect("read").cursor, None);
    cache
        .apply(page(vec![all[1].clone()], vec![], vec![], "d1", true))
        .await
        .expect("applied");
    assert_eq!(
        names(&cache.theaters(None).await.expect("read")),
        ["B", "C"],
        "readable until it is complete"
    );
    cache
        .apply(page(vec![], vec![], vec![], "d2", false))
        .await
        .expect("applied");
    assert_eq!(names(&cache.theaters(None).await.expect("read")), ["B"]);
}

#[tokio::test]
async fn a_copy_that_cannot_be_trusted_is_thrown_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite");
    let filled = async || {
        let cache = Cache::open(&path, ORIGIN).expect("it opens");
        cache
            .apply(page(vec![theater(1, "A")], vec![], vec![], "c", false))
            .await
            .expect("applied");
    };
    let survivors = async || {
        let cache = Cache::open(&path, ORIGIN).expect("it opens");
        (
            cache.theaters(None).await.expect("read").len(),
            cache.progress().await.expect("read").cursor,
        )
    };

    filled().await;
    assert_eq!(survivors().await.0, 1);

    fs::write(&path, b"this is no database, and longer than the header of one is, which has a hundred bytes.......").expect("written");
    assert_eq!(survivors().await, (0, None), "damaged");

    filled().await;
    Connection::open(&path)
        .expect("opens")
        .pragma_update(None, "user_version", 99)
        .expect("set");
    assert_eq!(survivors().await, (0, None), "of a newer version");

    filled().await;
    let other = Cache::open(&path, "https://b.example").expect("it opens");
    assert_eq!(
        other.theaters(None).await.expect("read").len(),
        0,
        "of another server"
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_read_rebuilds_the_copy_while_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite");
    let cache = Cache::open(&path, ORIGIN).expect("it opens");
    cache
        .apply(page(vec![theater(1, "A")], vec![], vec![], "c", false))
        .await
        .expect("applied");
    Connection::open(&path)
        .expect("opens")
        .execute("UPDATE theaters SET body = '{}'", [])
        .expect("spoiled");
    assert_eq!(cache.theaters(None).await.expect("rebuilt").len(), 0);
    assert_eq!(cache.progress().await.expect("read").cursor, None);
}

#[tokio::test]
async fn no_token_reaches_the_file_and_a_cancelled_bookings_tickets_leave_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite");
    let (t, m) = (theater(1, "Rex"), movie(1, "Persona"));
    let made = booking(1, &show(1, &t, &m, Utc::now()), BookingStatus::Confirmed);
    {
        let cache = Cache::open(&path, ORIGIN).expect("it opens");
        cache
            .keep_answered(GUEST.into(), vec![made.clone()], None)
            .await
            .expect("kept");
        cache
            .keep_tickets(tickets(&made), made.version)
            .await
            .expect("kept");
        assert_eq!(
            cache.tickets_version(made.booking_id).await.expect("read"),
            Some(3)
        );
        assert!(
            cache
                .tickets(made.booking_id)
                .await
                .expect("read")
                .is_some()
        );
        let cancelled = Booking {
            status: BookingStatus::Cancelled,
            ..made.clone()
        };
        cache
            .keep_answered(GUEST.into(), vec![cancelled], None)
            .await
            .expect("kept");
        assert!(
            cache
                .tickets(made.booking_id)
                .await
                .expect("read")
                .is_none()
        );
        let kept = cache
            .booking(made.booking_id)
            .await
            .expect("read")
            .expect("it is there");
        assert_eq!(
            (kept.booking.status, kept.booking.guest_token),
            (BookingStatus::Cancelled, None)
        );
    }
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("read");
        assert!(!String::from_utf8_lossy(&bytes).contains("tok_secret"));
    }
}

#[tokio::test]
async fn signing_out_forgets_the_account_and_leaves_the_guest() {
    let cache = Cache::in_memory(ORIGIN).expect("memory");
    let (t, m) = (theater(1, "Rex"), movie(1, "Persona"));
    let s = show(1, &t, &m, Utc::now());
    cache
        .keep_answered(
            "u1".into(),
            vec![booking(1, &s, BookingStatus::Confirmed)],
            None,
        )
        .await
        .expect("kept");
    cache
        .keep_answered(
            "u2".into(),
            vec![booking(2, &s, BookingStatus::Confirmed)],
            None,
        )
        .await
        .expect("kept");
    cache
        .keep_answered(
            GUEST.into(),
            vec![booking(3, &s, BookingStatus::Confirmed)],
            None,
        )
        .await
        .expect("kept");
    cache
        .forget_accounts_but(Some("u2".into()))
        .await
        .expect("forgotten");
    let count = async |owner: &str| cache.bookings(owner.into()).await.expect("read").len();
    assert_eq!(
        (count("u1").await, count("u2").await, count(GUEST).await),
        (0, 1, 1)
    );
    cache.forget_accounts_but(None).await.expect("forgotten");
    assert_eq!((count("u2").await, count(GUEST).await), (0, 1));
}

#[tokio::test]
async fn bookings_are_newest_first_and_bounded_per_owner() {
    let cache = Cache::in_memory(ORIGIN).expect("memory");
    let (t, m) = (theater(1, "Rex"), movie(1, "Persona"));
    let s = show(1, &t, &m, Utc::now());
    let many = (0..=250)
        .map(|number| booking(number, &s, BookingStatus::Confirmed))
        .collect();
    cache
        .keep_answered("u1".into(), many, None)
        .await
        .expect("kept");
    let kept = cache.bookings("u1".into()).await.expect("read");
    assert_eq!(kept.len(), 251);
    assert!(kept.is_sorted_by(|a, b| a.booking.created_at >= b.booking.created_at));
}
