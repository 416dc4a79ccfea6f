//! A catalog made for measuring: few screens with many seats, so that no row runs out of them.
//!
//! One theater. Its small halls have 400 seats, its large ones 5,000. Seats are called by their number in the hall's
//! order, so that what a viewer is told can be counted without a table.

use crate::failure::Failure;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Screens of each kind begin with these names.
pub const SMALL: &str = "Small";
pub const LARGE: &str = "Large";
pub const SMALL_SEATS: usize = 400;
pub const LARGE_SEATS: usize = 5_000;
const FIRST_SEAT: usize = 10_000;
const SMALL_SCREENS: usize = 16;
const LARGE_SCREENS: usize = 4;
/// Shows start every three hours, from two days ahead on.
const DAYS: i64 = 10;
const EVERY: i64 = 3;

/// What the seat of this number is called: five digits.
pub fn seat_id(number: usize) -> String {
    (FIRST_SEAT + number).to_string()
}

/// The number of a seat.
pub fn seat_number(id: &str) -> Option<usize> {
    id.parse::<usize>().ok()?.checked_sub(FIRST_SEAT)
}

/// The catalog's file.
pub fn catalog() -> Result<Vec<u8>, Failure> {
    catalog_from(Utc::now())
}

fn catalog_from(now: DateTime<Utc>) -> Result<Vec<u8>, Failure> {
    let (mut screens, mut shows) = (vec![], vec![]);
    for (kind, many) in [(SMALL, SMALL_SCREENS), (LARGE, LARGE_SCREENS)] {
        for number in 1..=many {
            let screen = format!("{kind} {number}");
            for slot in 0..DAYS * 24 / EVERY {
                let start = now + TimeDelta::days(2) + TimeDelta::hours(slot * EVERY);
                shows.push(json!({
                    "external_id": format!("{screen} {slot}"), "theater": "arena", "screen": screen,
                    "movie": "movie", "language": "en",
                    "start_time": start.format("%Y-%m-%dT%H:%M:00Z").to_string(),
                }));
            }
            screens.push(json!({ "external_id": screen, "name": screen, "seat_map": kind }));
        }
    }
    let file = json!({
        "format": "matinee-catalog/1",
        "seat_maps": [hall(SMALL, SMALL_SEATS, 20), hall(LARGE, LARGE_SEATS, 100)],
        "theaters": [{
            "external_id": "arena", "name": "Arena",
            "location": {
                "address": "1 High Street", "city": "Dublin", "country": "IE",
                "latitude": 53.3441, "longitude": -6.2675,
            },
            "time_zone": "Europe/Dublin", "currency": "EUR",
            "tax": { "label": "VAT 9 %", "basis_points": 900 },
            "price_lists": [{
                "external_id": "regular", "name": "Regular",
                "prices": [{ "category": "Standard", "amount_minor": 1100 }], "rules": [],
            }],
            "screens": screens,
        }],
        "movies": [{
            "external_id": "movie", "name": "Movie", "duration_minutes": 100, "release_year": 2000,
            "languages": ["en"],
        }],
        "shows": shows,
    });
    Ok(serde_json::to_vec(&file)?)
}

/// Straight rows of so many seats.
fn hall(name: &str, seats: usize, row: usize) -> Value {
    let rows: Vec<Value> = (0..seats / row)
        .map(|at| {
            let seats: Vec<Value> = (0..row)
                .map(|x| {
                    json!({
                        "seat_guid": seat_id(at * row + x), "seat_number": (x + 1).to_string(),
                        "position": { "x": x * 25, "y": 0 }, "category": "Standard",
                    })
                })
                .collect();
            json!({ "row_number": (at + 1).to_string(), "position": { "x": 0, "y": at * 25 }, "seats": seats })
        })
        .collect();
    json!({
        "external_id": name,
        "plan": {
            "name": name, "size": { "width": row * 25, "height": seats / row * 25 },
            "categories": [{ "name": "Standard", "color": "#5aa9e6" }],
            "zones": [{ "name": "Hall", "position": { "x": 0, "y": 0 }, "rows": rows }],
        },
    })
}
