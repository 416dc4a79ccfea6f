//! A small catalog for the suite: real values of every type, told apart by a number.

use crate::{
    Store,
    catalog::{CatalogChange, CatalogReport},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    catalog::{GapRule, Location, Movie, Rating, Screen, Show, Theater},
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    money::Currency,
    policy::{CancellationPolicy, CancellationTier},
    price::{Fees, PriceChange, ShowPrices, Tax, TicketType},
    seat_map::{Area, Row, Seat, SeatCategory, SeatId, SeatKind, SeatMap, SeatNo},
};

/// When every story begins.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Sixteen bytes told apart by a number.
pub fn bytes(kind: u8, number: u32) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    bytes
}

pub fn theater_id(number: u32) -> TheaterId {
    TheaterId::from_bytes(bytes(1, number))
}
pub fn screen_id(theater: u32, number: u32) -> ScreenId {
    ScreenId::from_bytes(bytes(2, theater * 100 + number))
}
pub fn seat_map_id(number: u32) -> SeatMapId {
    SeatMapId::from_bytes(bytes(3, number))
}
pub fn movie_id(number: u32) -> MovieId {
    MovieId::from_bytes(bytes(4, number))
}
pub fn show_id(theater: u32, number: u32) -> ShowId {
    ShowId::from_parts(theater_id(theater), bytes(5, number))
}

/// A map of rows of ten seats.
pub fn seat_map(number: u32, rows: u16) -> SeatMap {
    let seats = (0..rows * 10).map(|seat| Seat {
        seat_id: SeatId(format!("{}-{}", seat / 10 + 1, seat % 10 + 1)),
        row: format!("{}", seat / 10 + 1),
        number: format!("{}", seat % 10 + 1),
        area: 0,
        row_index: seat / 10,
        category: u16::from(seat / 10 == rows - 1),
        kind: SeatKind::Standard,
        restricted_view: seat == 0,
        x: f32::from(seat % 10) * 1.1 + 0.3,
        y: f32::from(seat / 10) * 1.3 + 0.7,
        radius: 0.45,
    });
    let category = |code: &str| SeatCategory {
        code: code.into(),
        label: code.to_uppercase(),
        color: "#5AA9E6".into(),
    };
    SeatMap {
        seat_map_id: seat_map_id(number),
        name: format!("Map {number}"),
        width: 12.0,
        height: f32::from(rows) * 1.3 + 2.0,
        categories: vec![category("standard"), category("premium")],
        areas: vec![Area {
            name: String::new(),
        }],
        rows: (0..rows)
            .map(|row| Row {
                label: format!("{}", row + 1),
                area: 0,
                first: SeatNo(row * 10),
                len: 10,
                breaks: vec![SeatNo(row * 10 + 5)],
            })
            .collect(),
        seats: seats.collect(),
        decorations: vec![],
    }
}

/// A theater with two screens, both on map `map` of `seats` seats.
pub fn theater(number: u32, map: u32, seats: u16) -> Theater {
    let screen = |screen: u32| Screen {
        screen_id: screen_id(number, screen),
        external_id: format!("screen-{number}-{screen}"),
        name: format!("Screen {screen}"),
        seat_map_id: seat_map_id(map),
        seats_total: seats,
        cleaning_minutes: 15,
    };
    Theater {
        theater_id: theater_id(number),
        external_id: format!("theater-{number}"),
        name: format!("Theater {number}"),
        location: Location {
            address: "Mannerheimintie 1".into(),
            city: "Helsinki".into(),
            country: "FI".into(),
            latitude: 60.169_857_1,
            longitude: 24.938_379_1,
        },
        time_zone: "Europe/Helsinki".parse().unwrap(),
        currency: Currency::new(*b"EUR"),
        tax: Tax {
            label: "VAT 14 %".into(),
            basis_points: 1400,
        },
        fees: Fees { per_seat_minor: 50 },
        max_seats_per_booking: 10,
        gap_rule: GapRule::Advise,
        hold_minutes: None,
        doors_open_minutes: None,
        cancellation_policy: CancellationPolicy {
            tiers: vec![CancellationTier {
                minutes_before: 60,
                refund_basis_points: 10_000,
            }],
        },
        ticket_types: vec![standard()],
        price_lists: vec![],
        screens: vec![screen(1), screen(2)],
    }
}

fn standard() -> TicketType {
    TicketType {
        code: "standard".into(),
        label: "Adult".into(),
        change: PriceChange::BasisPoints(0),
        proof: None,
    }
}

pub fn movie(number: u32) -> Movie {
    Movie {
        movie_id: movie_id(number),
        external_id: format!("movie-{number}"),
        name: format!("Movie {number}"),
        cast: vec!["A. Actor".into(), "B. Player".into()],
        director: "C. Director".into(),
        genres: vec!["Drama".into()],
        duration_minutes: 100,
        release_year: 1999,
        ratings: vec![Rating {
            source: "Critics".into(),
            value: 7.3,
            out_of: 10.0,
        }],
        certificate: "PG".into(),
        languages: vec!["en".into()],
        poster_url: None,
    }
}

/// A show of 100 minutes, `hours` after the start of the story, on map `map` with `seats` seats.
pub fn show(theater: u32, number: u32, screen: u32, hours: i64, map: u32, seats: u16) -> Show {
    let starts = start() + TimeDelta::hours(hours);
    Show {
        show_id: show_id(theater, number),
        external_id: format!("show-{theater}-{number}"),
        movie_id: movie_id(1),
        screen_id: screen_id(theater, screen),
        seat_map_id: seat_map_id(map),
        start_time: starts,
        end_time: starts + TimeDelta::minutes(100),
        format: "2D".into(),
        language: "en".into(),
        subtitles: vec!["fi".into(), "sv".into()],
        prices: ShowPrices {
            currency: Currency::new(*b"EUR"),
            base_minor: vec![1450, 1850],
            applied: vec!["Evening".into()],
            ticket_types: vec![standard()],
            fees: Fees { per_seat_minor: 50 },
            tax: Tax {
                label: "VAT 14 %".into(),
                basis_points: 1400,
            },
        },
        seats_total: seats,
    }
}

/// One map of 40 seats, two theaters with two screens each, two movies, and four shows: numbers 1 and 2 in each theater,
/// on screens 1 and 2, three and five hours after the start.
pub fn catalog() -> CatalogChange {
    CatalogChange {
        seat_maps: vec![("map-1".into(), seat_map(1, 4))],
        theaters: vec![theater(1, 1, 40), theater(2, 1, 40)],
        movies: vec![movie(1), movie(2)],
        shows: vec![
            show(1, 1, 1, 3, 1, 40),
            show(1, 2, 2, 5, 1, 40),
            show(2, 1, 1, 3, 1, 40),
            show(2, 2, 2, 5, 1, 40),
        ],
        ..CatalogChange::default()
    }
}

/// Applies a change that must be accepted.
pub async fn apply(store: &(impl Store + ?Sized), change: CatalogChange) -> CatalogReport {
    store.apply(change, start()).await.unwrap().unwrap()
}
