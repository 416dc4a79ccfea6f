//! The files that are delivered are read whole, and the demo made of them is alive and free of clashes on any day.

use chrono::{Datelike, NaiveDate, TimeDelta, Timelike};
use matinee_import::{
    CatalogImport, PlanOptions, Programme, ShowImport, demo_shows, parse_catalog, parse_programme,
    parse_seating_plan,
};
use std::collections::{BTreeSet, HashMap, HashSet};

fn catalog() -> CatalogImport {
    parse_catalog(include_bytes!("../../../demo/catalog.json")).expect("the demo catalog is valid")
}

fn programme() -> Programme {
    parse_programme(include_bytes!("../../../demo/programme.json"))
        .expect("the demo programme is valid")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("the test writes a date")
}

#[test]
fn the_demo_catalog_is_as_large_as_promised() {
    let catalog = catalog();
    assert!(catalog.movies.len() >= 320);
    assert!(catalog.theaters.len() >= 12);
    let distinct = |of: fn(&matinee_import::TheaterImport) -> String| {
        catalog.theaters.iter().map(of).collect::<BTreeSet<_>>()
    };
    assert!(distinct(|theater| theater.location.country.clone()).len() >= 6);
    assert!(distinct(|theater| theater.time_zone.name().to_owned()).len() >= 6);
    assert!(distinct(|theater| theater.currency.code().to_owned()).len() >= 6);
    let decimals: BTreeSet<u32> = catalog
        .theaters
        .iter()
        .map(|theater| theater.currency.decimals())
        .collect();
    assert_eq!(decimals, BTreeSet::from([0, 2, 3]));
    for name in ["Kinopalatsi", "Bio Rex", "Kesäkino Engel", "Kino Engel"] {
        assert!(catalog.theaters.iter().any(|theater| theater.name == name && theater.external_id.starts_with("osm:node/")));
    }
    assert!(
        catalog
            .attribution
            .iter()
            .any(|line| line.contains("OpenStreetMap contributors"))
    );
    let sizes: Vec<usize> = catalog
        .seat_maps
        .iter()
        .map(|map| map.map.seats.len())
        .collect();
    assert!(
        sizes
            .iter()
            .filter(|size| (40..=600).contains(*size))
            .count()
            >= 6,
        "{sizes:?}"
    );
    assert_eq!(sizes.iter().filter(|size| **size == 2000).count(), 1);
    assert!(catalog.shows.is_empty());
}

#[test]
fn the_demo_seats_do_not_overlap_and_stand_on_the_sheet() {
    for seat_map in catalog().seat_maps {
        let map = &seat_map.map;
        for (index, seat) in map.seats.iter().enumerate() {
            assert!(
                seat.x >= seat.radius && seat.x <= map.width - seat.radius,
                "{} {}",
                map.name,
                seat.seat_id
            );
            assert!(
                seat.y >= seat.radius && seat.y <= map.height - seat.radius,
                "{} {}",
                map.name,
                seat.seat_id
            );
            for other in &map.seats[..index] {
                let apart = (seat.x - other.x).hypot(seat.y - other.y);
                assert!(
                    apart > seat.radius + other.radius,
                    "{}: {} and {}",
                    map.name,
                    seat.seat_id,
                    other.seat_id
                );
            }
        }
    }
}

#[test]
fn the_demo_aisles_are_where_they_were_drawn() {
    let catalog = catalog();
    let map = |name: &str| {
        &catalog
            .seat_maps
            .iter()
            .find(|map| map.external_id == name)
            .expect("a demo hall")
            .map
    };
    let blocks = |name: &str, row: usize| {
        let row = &map(name).rows[row];
        let mut ends: Vec<usize> = row
            .breaks
            .iter()
            .map(|seat| seat.index() - row.first.index())
            .collect();
        ends.push(usize::from(row.len));
        ends.iter()
            .scan(0, |start, end| Some(end - std::mem::replace(start, *end)))
            .collect::<Vec<_>>()
    };
    assert_eq!(blocks("hall", 1), [4, 8, 4]);
    assert_eq!(blocks("large", 6), [5, 2, 2, 2, 2, 5]);
    assert_eq!(blocks("lounge", 6), [2; 7]);
    assert_eq!(blocks("small", 9), [2, 2, 2]);
    assert_eq!(blocks("studio", 4), [2, 6, 2]);
}

#[test]
fn the_examples_are_read_whole() {
    let catalog = parse_catalog(include_bytes!("../../../demo/examples/small-theater.json"))
        .expect("the example is valid");
    let counts = (
        catalog.theaters.len(),
        catalog.theaters[0].screens.len(),
        catalog.movies.len(),
        catalog.shows.len(),
    );
    assert_eq!(counts, (1, 1, 2, 3));
    // The first is given on the theater's clock (summer time in Dublin), the third as an instant.
    assert_eq!(
        catalog.shows[0].start_time.to_rfc3339(),
        "2030-05-04T14:00:00+00:00"
    );
    assert_eq!(
        catalog.shows[2].start_time.to_rfc3339(),
        "2030-05-05T19:30:00+00:00"
    );
    let plan = include_bytes!("../../../demo/examples/seating-plan.json");
    let map = parse_seating_plan(plan, &PlanOptions::default()).expect("the example is valid");
    assert_eq!(map.seats.len(), catalog.seat_maps[0].map.seats.len());
}

fn check_day_rules(catalog: &CatalogImport, shows: &[ShowImport]) {
    let mut names = HashSet::new();
    let mut screens: HashMap<(&str, &str), Vec<&ShowImport>> = HashMap::new();
    for show in shows {
        assert!(
            names.insert(&show.external_id),
            "{} {}",
            show.theater,
            show.external_id
        );
        screens
            .entry((&show.theater, &show.screen))
            .or_default()
            .push(show);
        let theater = catalog
            .theaters
            .iter()
            .find(|theater| theater.external_id == show.theater)
            .expect("a theater of the catalog");
        assert!(
            theater
                .price_lists
                .iter()
                .any(|list| list.external_id == show.price_list)
        );
        let local = show.start_time.with_timezone(&theater.time_zone);
        assert_eq!(local.minute() % 5, 0);
        assert!(
            (9..24).contains(&local.hour()),
            "{} at {local}",
            show.theater
        );
    }
    for ((theater, screen), mut shows) in screens {
        let theater = catalog
            .theaters
            .iter()
            .find(|known| known.external_id == theater)
            .expect("a theater of the catalog");
        let cleaning = theater
            .screens
            .iter()
            .find(|known| known.external_id == screen)
            .expect("a screen")
            .cleaning_minutes;
        shows.sort_by_key(|show| show.start_time);
        for pair in shows.windows(2) {
            assert!(
                pair[1].start_time >= pair[0].end_time + TimeDelta::minutes(i64::from(cleaning)),
                "{pair:?}"
            );
        }
    }
}

#[test]
fn a_fortnight_is_alive_and_free_of_clashes() {
    let (catalog, programme) = (catalog(), programme());
    // Ordinary, both changes of the clocks in Europe, North America and Australia, a leap day, a year's turn.
    for from in [
        "2026-11-22",
        "2026-03-01",
        "2026-03-25",
        "2026-10-01",
        "2026-10-24",
        "2028-02-20",
        "2026-12-25",
    ] {
        let shows = demo_shows(&catalog, &programme, day(from), 14);
        check_day_rules(&catalog, &shows);
        for theater in &catalog.theaters {
            for screen in &theater.screens {
                let mine = shows.iter().filter(|show| {
                    show.theater == theater.external_id && show.screen == screen.external_id
                });
                let days: BTreeSet<NaiveDate> = mine
                    .map(|show| {
                        show.start_time
                            .with_timezone(&theater.time_zone)
                            .date_naive()
                    })
                    .collect();
                assert_eq!(
                    days.len(),
                    14,
                    "{} {} from {from}",
                    theater.name,
                    screen.name
                );
            }
        }
    }
}

#[test]
fn a_day_is_the_same_whenever_it_is_asked_for() {
    let (catalog, programme) = (catalog(), programme());
    let today = demo_shows(&catalog, &programme, day("2026-10-20"), 14);
    let later = demo_shows(&catalog, &programme, day("2026-10-25"), 14);
    let of = |shows: &[ShowImport], date: &str| -> Vec<ShowImport> {
        shows
            .iter()
            .filter(|show| show.external_id.contains(&format!("/{date}/")))
            .cloned()
            .collect()
    };
    for date in ["2026-10-25", "2026-10-26", "2026-11-01"] {
        assert!(!of(&today, date).is_empty());
        assert_eq!(of(&today, date), of(&later, date));
    }
    assert_eq!(
        today,
        demo_shows(&catalog, &programme, day("2026-10-20"), 14)
    );
}

#[test]
fn opening_hours_follow_the_wall_clock_across_a_change_of_clocks() {
    let (catalog, programme) = (catalog(), programme());
    let shows = demo_shows(&catalog, &programme, day("2026-10-23"), 5);
    let berlin = "demo:spreebogen-berlin";
    let first = |date: &str| {
        let mine = shows.iter().filter(|show| {
            show.theater == berlin && show.external_id.contains(&format!("/{date}/"))
        });
        mine.map(|show| show.start_time)
            .min()
            .expect("shows every day")
            .to_rfc3339()
    };
    // Sunday 25 October: 11:00 on the clock before and after, an hour later by the sun.
    assert_eq!(first("2026-10-24"), "2026-10-24T09:00:00+00:00");
    assert_eq!(first("2026-10-25"), "2026-10-25T10:00:00+00:00");
    assert_eq!(first("2026-10-26"), "2026-10-26T12:00:00+00:00");
}

#[test]
fn the_programme_varies() {
    let (catalog, programme) = (catalog(), programme());
    let shows = demo_shows(&catalog, &programme, day("2026-11-22"), 14);
    let movies: HashSet<&str> = shows.iter().map(|show| show.movie.as_str()).collect();
    assert!(movies.len() >= 100, "{} movies", movies.len());
    let formats: BTreeSet<&str> = shows.iter().map(|show| show.format.as_str()).collect();
    assert_eq!(
        formats,
        BTreeSet::from(["2D", "35 mm", "3D", "Large format"])
    );
    assert!(
        shows
            .iter()
            .any(|show| show.language == "de" && show.subtitles.is_empty())
    );
    assert!(
        shows
            .iter()
            .any(|show| show.language == "en" && show.subtitles == ["fi", "sv"])
    );
    assert!(
        (2_000..8_000).contains(&shows.len()),
        "{} shows",
        shows.len()
    );
    let at = |theater: &str, date: &str| {
        let mine = shows.iter().filter(|show| {
            show.theater == theater && show.external_id.contains(&format!("/{date}/"))
        });
        mine.map(|show| show.movie.as_str())
            .collect::<HashSet<_>>()
            .len()
    };
    assert!(at("demo:fulton-newyork", "2026-11-28") >= 8);
    assert_eq!(day("2026-11-28").weekday(), chrono::Weekday::Sat);
}

#[test]
fn demo_shows_pass_as_a_catalog_of_their_own() {
    let (catalog, programme) = (catalog(), programme());
    let shows = demo_shows(&catalog, &programme, day("2026-11-22"), 2);
    let list: Vec<_> = shows
        .iter()
        .map(|show| {
            serde_json::json!({
                "external_id": show.external_id, "theater": show.theater, "screen": show.screen, "movie": show.movie,
                "start_time": show.start_time.to_rfc3339(), "format": show.format, "language": show.language,
                "subtitles": show.subtitles, "price_list": show.price_list,
            })
        })
        .collect();
    let file = serde_json::json!({ "format": "matinee-catalog/1", "shows": list });
    let read = matinee_import::parse_catalog_onto(file.to_string().as_bytes(), &(&catalog).into())
        .expect("they fit");
    assert_eq!(read.shows, shows);
}
