//! The feeds of a small theater, read the way their readers do: by RFC 5545's rules, and by schema.org's vocabulary.

use super::{head, structured::Site};
use crate::{
    http::{Effort, EncodedBody},
    testing::House,
};
use axum::http::{HeaderValue, StatusCode};
use serde_json::Value;
use std::collections::HashMap;

/// Content lines, unfolded: name with parameters, and value.
fn lines(text: &str) -> Vec<(String, String)> {
    assert!(text.ends_with("\r\n"), "every line ends with CRLF");
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "too long: {line}");
        assert!(!line.contains(['\r', '\n']), "a lone line break: {line}");
    }
    let unfolded = text.replace("\r\n ", "");
    let lines = unfolded.trim_end().split("\r\n");
    lines
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a colon");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// The events of a calendar, whose nesting is checked on the way.
fn events(text: &str) -> Vec<HashMap<String, String>> {
    let lines = lines(text);
    assert_eq!(lines.first().unwrap().1, "VCALENDAR");
    assert_eq!(lines.last().unwrap(), &("END".into(), "VCALENDAR".into()));
    let head: Vec<_> = lines.iter().map(|(name, _)| name.as_str()).collect();
    for wanted in ["VERSION", "PRODID", "X-WR-CALNAME"] {
        assert_eq!(head.iter().filter(|name| **name == wanted).count(), 1);
    }
    let (mut events, mut open) = (Vec::new(), None);
    for (name, value) in lines {
        match (name.as_str(), value.as_str()) {
            ("BEGIN", "VEVENT") => assert!(open.replace(HashMap::new()).is_none()),
            ("END", "VEVENT") => events.push(open.take().expect("an event is open")),
            _ => {
                if let Some(event) = &mut open {
                    let before = event.insert(name.clone(), value);
                    assert!(before.is_none(), "{name} twice");
                }
            }
        }
    }
    events
}

#[tokio::test]
async fn a_theaters_calendar_can_be_subscribed_to() {
    let house = House::cinema().await;
    house
        .import(|file| {
            file["theaters"][0]["name"] = "Kino, \"Klein\"; & Söhne".into();
        })
        .await;
    let shows = house.shows().await;
    let theater = shows[0].theater();
    let path = format!("/theaters/{theater}/calendar.ics");
    let heard = house.get(&path, &[]).await;
    assert_eq!(heard.status, StatusCode::OK, "{heard:?}");
    assert_eq!(heard.header("content-type"), "text/calendar; charset=utf-8");
    let text = String::from_utf8(heard.bytes.to_vec()).unwrap();
    let events = events(&text);
    assert_eq!(events.len(), shows.len());
    for (event, show) in events.iter().zip(&shows) {
        assert_eq!(event["UID"], format!("{show}@matinee"));
        assert_eq!(event["URL"], format!("http://127.0.0.1:8080/shows/{show}"));
        for time in ["DTSTAMP", "DTSTART", "DTEND"] {
            let read = chrono::NaiveDateTime::parse_from_str(&event[time], "%Y%m%dT%H%M%SZ");
            assert!(read.is_ok(), "{time}: {}", event[time]);
        }
        assert!(event["DTEND"] > event["DTSTART"]);
        assert!(!event["SUMMARY"].is_empty());
        assert!(event["LOCATION"].starts_with("Kino\\, \"Klein\"\\; & Söhne\\, "));
    }
    let etag = heard.header("etag").to_owned();
    let same = house.get(&path, &[("if-none-match", &etag)]).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let other = matinee_domain::ids::TheaterId::from_bytes([9; 16]);
    let none = house
        .get(&format!("/theaters/{other}/calendar.ics"), &[])
        .await;
    assert_eq!(none.code(), "not_found");
    house.close().await;
}

/// What schema.org says about the types that are used: properties they have, theirs or inherited (version 29), and those
/// without which a search engine shows nothing.
const VOCABULARY: &[(&str, &[&str], &[&str])] = &[
    (
        "MovieTheater",
        &["name", "address"],
        &["url", "geo", "screenCount", "currenciesAccepted"],
    ),
    (
        "PostalAddress",
        &["addressLocality", "addressCountry"],
        &["streetAddress"],
    ),
    ("GeoCoordinates", &["latitude", "longitude"], &[]),
    (
        "Movie",
        &["name"],
        &[
            "url",
            "duration",
            "genre",
            "contentRating",
            "image",
            "inLanguage",
            "actor",
            "director",
            "dateCreated",
        ],
    ),
    ("Person", &["name"], &[]),
    (
        "ScreeningEvent",
        &[
            "name",
            "startDate",
            "location",
            "workPresented",
            "eventStatus",
            "offers",
        ],
        &[
            "url",
            "endDate",
            "eventAttendanceMode",
            "videoFormat",
            "inLanguage",
            "subtitleLanguage",
            "image",
        ],
    ),
    (
        "Offer",
        &["price", "priceCurrency", "availability", "url"],
        &[],
    ),
];

/// Checks a node and what it holds; counts the nodes by type.
fn check(node: &Value, found: &mut HashMap<String, usize>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| check(item, found)),
        Value::Object(members) => {
            let kind = members["@type"].as_str().expect("a type");
            let (_, required, known) = VOCABULARY
                .iter()
                .find(|(name, ..)| *name == kind)
                .unwrap_or_else(|| panic!("{kind} is not known"));
            for name in *required {
                let value = members.get(*name).unwrap_or(&Value::Null);
                let empty = value.is_null() || value == "";
                assert!(!empty, "{kind} has no {name}: {node}");
            }
            for (name, value) in members {
                if name.starts_with('@') {
                    continue;
                }
                let allowed = required.contains(&name.as_str()) || known.contains(&name.as_str());
                assert!(allowed, "{kind} has no property {name}");
                if name.ends_with("Date") {
                    let text = value.as_str().unwrap();
                    assert!(chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{text}");
                }
                if value.is_object()
                    || value
                        .as_array()
                        .is_some_and(|a| a.iter().all(Value::is_object))
                {
                    check(value, found);
                }
            }
            *found.entry(kind.to_owned()).or_default() += 1;
        }
        other => panic!("{other} is no node"),
    }
}

/// What a search engine reads from a page: the nodes of its data block.
async fn graph(house: &House, path: &str) -> Option<Value> {
    let html = HeaderValue::from_static("text/html");
    let cache = HeaderValue::from_static("no-cache");
    let page = "<!doctype html><head><title>Matinee</title></head><body></body>";
    let plain = EncodedBody::new(page.into(), "t", Effort::Fresh, html, cache);
    let page = head::page(&house.app, path, &plain).await?;
    let page = String::from_utf8(page.identity().to_vec()).unwrap();
    let (head, _) = page.split_once("</head>").unwrap();
    let (_, block) = head
        .split_once("<script type=\"application/ld+json\">")
        .unwrap();
    let (block, _) = block.split_once("</script>").unwrap();
    let document: Value = serde_json::from_str(block).unwrap();
    assert_eq!(document["@context"], "https://schema.org");
    Some(document["@graph"].clone())
}

#[tokio::test]
async fn public_pages_say_what_they_are_about() {
    let house = House::cinema().await;
    let shows = house.shows().await;
    let listed = house.app.store.show(shows[0]).await.unwrap().unwrap();
    let theater = shows[0].theater();
    let movie = listed.show.movie_id;
    let mut found = HashMap::new();
    let of_theater = graph(&house, &format!("/theaters/{theater}"))
        .await
        .unwrap();
    check(&of_theater, &mut found);
    assert_eq!(found["MovieTheater"], 1 + shows.len());
    assert_eq!(found["ScreeningEvent"], shows.len());
    let of_movie = graph(&house, &format!("/movies/{movie}")).await.unwrap();
    check(&of_movie, &mut HashMap::new());
    assert_eq!(of_movie[0]["@type"], "Movie");
    let of_show = graph(&house, &format!("/shows/{}", shows[0]))
        .await
        .unwrap();
    check(&of_show, &mut HashMap::new());
    let event = &of_show[0];
    assert_eq!(event["@type"], "ScreeningEvent");
    let start = event["startDate"].as_str().unwrap();
    let start = chrono::DateTime::parse_from_rfc3339(start).unwrap();
    assert_eq!(start, listed.show.start_time);
    let price = event["offers"]["price"].as_str().unwrap();
    assert!(price.parse::<f64>().unwrap() > 0.0, "{price}");
    assert_eq!(
        event["offers"]["availability"],
        "https://schema.org/InStock"
    );
    // The calendar program finds the calendar; an address that names nothing gets the page as it is.
    let unknown = matinee_domain::ids::TheaterId::from_bytes([9; 16]);
    for path in ["/", "/profile", &format!("/theaters/{unknown}")] {
        assert!(graph(&house, path).await.is_none(), "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_name_cannot_end_the_block_it_stands_in() {
    let house = House::cinema().await;
    let bad = "</script><script>alert(1)</script>&amp;";
    house
        .import(|file| {
            file["theaters"][0]["name"] = bad.into();
        })
        .await;
    let theater = house.shows().await[0].theater();
    let nodes = graph(&house, &format!("/theaters/{theater}"))
        .await
        .unwrap();
    assert_eq!(nodes[0]["name"], bad);
    house.close().await;
}

#[tokio::test]
async fn a_show_that_is_sold_out_says_so_and_one_that_began_is_told_no_more() {
    let house = House::cinema().await;
    let show = house.shows().await[0];
    let mut listed = house.app.store.show(show).await.unwrap().unwrap();
    listed.taken = listed.show.seats_total;
    let listing = house.app.catalog.listing().await.unwrap();
    let theater = listing.theater(show.theater()).unwrap();
    let movie = listing.movie(listed.show.movie_id).unwrap();
    let shown = crate::render::show(&listed, theater);
    let node = Site("https://x.example").show(&shown, movie, theater);
    assert_eq!(node["offers"]["availability"], "https://schema.org/SoldOut");
    house.later(chrono::TimeDelta::days(30));
    assert!(graph(&house, &format!("/shows/{show}")).await.is_none());
    house.close().await;
}
