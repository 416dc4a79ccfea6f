//! Theaters, movies and shows.

use crate::shared::{items, stranger, text};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use matinee_tests::Server;
use std::collections::HashSet;

#[tokio::test]
async fn theaters_near_a_place_come_nearest_first_with_their_distance() {
    let answer = stranger()
        .get("/theaters?near=60.17,24.94")
        .await
        .expect(200)
        .json();
    let distances: Vec<f64> = items(&answer["items"])
        .iter()
        .map(|theater| theater["distance_km"].as_f64().unwrap())
        .collect();
    assert!(distances.is_sorted(), "{distances:?}");
    assert!(
        distances[0] < 5.0 && *distances.last().unwrap() > 5000.0,
        "{distances:?}"
    );
    assert_eq!(answer["items"][0]["location"]["city"], "Helsinki");
}

#[tokio::test]
async fn a_search_finds_theaters_by_name_and_city_without_accents() {
    let caller = stranger();
    for (word, name) in [
        ("reverbere", "Cinéma Le Réverbère"),
        ("TOKYO", "Kaede-za"),
        ("lantern", "The Lantern Picture House"),
    ] {
        let found = caller
            .get(&format!("/theaters?q={word}"))
            .await
            .expect(200)
            .json();
        let names: Vec<&str> = items(&found["items"])
            .iter()
            .map(|theater| text(theater, "name"))
            .collect();
        assert_eq!(names, [name], "{word}");
    }
    let nothing = caller
        .get("/theaters?q=nowhere-at-all")
        .await
        .expect(200)
        .json();
    assert_eq!(items(&nothing["items"]).len(), 0);
}

#[tokio::test]
async fn pages_of_a_list_hold_each_theater_once() {
    let caller = stranger();
    let whole = caller.get("/theaters?limit=100").await.expect(200).json();
    let mut seen = Vec::new();
    let mut path = "/theaters?limit=4".to_owned();
    loop {
        let page = caller.get(&path).await.expect(200).json();
        assert!(items(&page["items"]).len() <= 4);
        seen.extend(
            items(&page["items"])
                .iter()
                .map(|theater| text(theater, "theater_id").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/theaters?limit=4&cursor={cursor}"),
            None => break,
        }
    }
    let all: Vec<&str> = items(&whole["items"])
        .iter()
        .map(|theater| text(theater, "theater_id"))
        .collect();
    assert_eq!(seen, all);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
    assert!(seen.len() >= 12);
}

#[tokio::test]
async fn a_theater_has_every_field_that_is_promised() {
    let caller = stranger();
    let list = caller
        .get("/theaters?q=spreebogen")
        .await
        .expect(200)
        .json();
    let id = text(&list["items"][0], "theater_id");
    let theater = caller
        .get(&format!("/theaters/{id}"))
        .await
        .expect(200)
        .json();
    for member in [
        "theater_id",
        "name",
        "location",
        "time_zone",
        "currency",
        "screens",
        "movies",
    ] {
        assert!(!theater[member].is_null(), "{member}");
    }
    for member in ["address", "city", "country", "latitude", "longitude"] {
        assert!(!theater["location"][member].is_null(), "{member}");
    }
    assert!(theater["screens"][0]["seats_total"].as_u64().unwrap() > 0);
    assert!(!items(&theater["movies"]).is_empty(), "movies are on now");
}

#[tokio::test]
async fn lists_without_a_date_hold_the_next_fortnight_and_nothing_that_started() {
    let caller = stranger();
    let theaters = caller.get("/theaters?limit=100").await.expect(200).json();
    for theater in items(&theaters["items"]).iter().take(6) {
        let id = text(theater, "theater_id");
        let movies = caller
            .get(&format!("/theaters/{id}/movies"))
            .await
            .expect(200)
            .json();
        let now = Utc::now();
        let mut shows = 0;
        for show in items(&movies["items"])
            .iter()
            .flat_map(|movie| items(&movie["shows"]))
        {
            let start: DateTime<Utc> = text(show, "start_time").parse().unwrap();
            // A list may be as old as the request that asked for it.
            assert!(start > now - TimeDelta::seconds(5), "{show} has started");
            assert!(
                start < now + TimeDelta::days(14) + TimeDelta::seconds(5),
                "{show} is too far away"
            );
            shows += 1;
        }
        assert!(shows > 10, "{} is alive", text(theater, "name"));
    }
}

#[tokio::test]
async fn a_date_means_the_theaters_own_day() {
    let caller = stranger();
    for search in ["kaede", "alder", "wattle"] {
        let list = caller
            .get(&format!("/theaters?q={search}"))
            .await
            .expect(200)
            .json();
        let theater = &list["items"][0];
        let (id, zone) = (
            text(theater, "theater_id"),
            text(theater, "time_zone").parse::<Tz>().unwrap(),
        );
        let day = (Utc::now().with_timezone(&zone) + TimeDelta::days(3)).date_naive();
        let movies = caller
            .get(&format!("/theaters/{id}/movies?date={day}"))
            .await
            .expect(200)
            .json();
        let shows: Vec<_> = items(&movies["items"])
            .iter()
            .flat_map(|movie| items(&movie["shows"]).clone())
            .collect();
        assert!(!shows.is_empty(), "{search} plays on {day}");
        for show in &shows {
            let start: DateTime<Utc> = text(show, "start_time").parse().unwrap();
            assert_eq!(start.with_timezone(&zone).date_naive(), day, "{show}");
        }
        let movie = text(&shows[0], "movie_id");
        let same = caller
            .get(&format!("/movies/{movie}/shows?theater_id={id}&date={day}"))
            .await
            .expect(200)
            .json();
        let of_movie = shows
            .iter()
            .filter(|show| text(show, "movie_id") == movie)
            .count();
        assert_eq!(items(&same["items"]).len(), of_movie);
    }
}

#[tokio::test]
async fn a_movie_is_found_by_name_and_has_its_details() {
    let caller = stranger();
    let on = caller.get("/movies?limit=1").await.expect(200).json();
    let name = text(&on["items"][0], "name");
    let word: String = name
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let found = caller
        .get(&format!("/movies?q={word}&limit=100"))
        .await
        .expect(200)
        .json();
    assert!(
        items(&found["items"])
            .iter()
            .any(|movie| text(movie, "name") == name),
        "{word} finds {name}"
    );
    let id = text(&on["items"][0], "movie_id");
    let movie = caller
        .get(&format!("/movies/{id}"))
        .await
        .expect(200)
        .json();
    for member in [
        "name",
        "cast",
        "director",
        "genres",
        "duration_minutes",
        "release_year",
        "ratings",
        "certificate",
        "languages",
    ] {
        assert!(!movie[member].is_null(), "{member} in {movie}");
    }
}

#[tokio::test]
async fn a_show_tells_its_ticket_types_and_policy() {
    let caller = stranger();
    let show = caller.some_show().await;
    let show = caller
        .get(&format!("/shows/{}", text(&show, "show_id")))
        .await
        .expect(200)
        .json();
    let types = items(&show["ticket_types"]);
    assert_eq!(types[0]["code"], "standard");
    let lowest = types
        .iter()
        .flat_map(|kind| items(&kind["prices"]))
        .map(|p| p["price"]["amount_minor"].as_i64().unwrap())
        .min();
    assert!(lowest.unwrap() > 0);
    assert!(!text(&show, "policy").is_empty());
}

#[tokio::test]
async fn reads_carry_a_strong_etag_and_answer_304() {
    // Of its own: lists and maps carry seat counts, and other tests sell.
    let server = Server::demo().unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let show = text(&show, "show_id");
    for path in [
        "/theaters".into(),
        "/movies".into(),
        format!("/shows/{show}"),
        format!("/shows/{show}/seats"),
    ] {
        let first = caller.get(&path).await.expect(200);
        let etag = first.header("etag").to_owned();
        assert!(
            etag.starts_with('"') && etag.ends_with('"'),
            "{path}: {etag}"
        );
        let again = caller
            .with_header("if-none-match", &etag)
            .get(&path)
            .await
            .expect(304);
        assert!(again.bytes.is_empty());
        assert_eq!(again.header("etag"), etag);
        caller
            .with_header("if-none-match", "\"other\"")
            .get(&path)
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn answers_are_compressed_as_the_caller_asks() {
    let caller = stranger();
    let plain = caller.get("/theaters").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    for encoding in ["zstd", "br", "gzip"] {
        let answer = caller
            .with_header("accept-encoding", encoding)
            .get("/theaters")
            .await
            .expect(200);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(
            answer
                .header("vary")
                .to_lowercase()
                .contains("accept-encoding")
        );
        assert!(
            answer.bytes.len() * 2 < plain.bytes.len(),
            "{encoding} makes it small"
        );
        assert_ne!(
            answer.header("etag"),
            plain.header("etag"),
            "another representation has another tag"
        );
    }
    let none = caller
        .with_header("accept-encoding", "gzip;q=0")
        .get("/theaters")
        .await
        .expect(200);
    assert_eq!(none.header("content-encoding"), "");
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_cannot_be_is_4xx_with_its_place() {
    let caller = stranger();
    let theater = format!("t{}", "a".repeat(26));
    for path in [
        format!("/theaters/{theater}"),
        format!("/theaters/{theater}/movies"),
        format!("/movies/m{}", "a".repeat(26)),
        "/theaters/nonsense".into(),
        "/movies/1".into(),
        "/shows/x".into(),
        "/shows/x/seats".into(),
        "/nothing".into(),
    ] {
        caller.get(&path).await.expect_problem(404, "not_found");
    }
    let known = caller.get("/theaters?limit=1").await.expect(200).json();
    let known = text(&known["items"][0], "theater_id").to_owned();
    for (path, pointer) in [
        ("/theaters?limit=0".to_owned(), "/limit"),
        ("/theaters?limit=101".into(), "/limit"),
        ("/theaters?limit=x".into(), "/limit"),
        ("/theaters?near=here".into(), "/near"),
        ("/theaters?near=91,0".into(), "/near"),
        ("/theaters?near=NaN,0".into(), "/near"),
        (format!("/theaters/{known}/movies?date=2026-13-01"), "/date"),
        (format!("/theaters/{known}/movies?date=tomorrow"), "/date"),
    ] {
        let problem = caller
            .get(&path)
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{path}");
    }
    for path in ["/theaters?cursor=zzz", "/movies?cursor=o99999999999999"] {
        caller
            .get(path)
            .await
            .expect_problem(400, "malformed_cursor");
    }
    let answer = caller
        .post("/theaters", serde_json::json!({}))
        .await
        .expect_problem(405, "method_not_allowed");
    assert!(
        answer.header("allow").contains("GET"),
        "{}",
        answer.header("allow")
    );
}
