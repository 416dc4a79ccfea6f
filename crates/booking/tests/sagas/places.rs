//! Where a booking's seats are after their show moved, which show is older than a booking, and how many seats are free.

use crate::cancelling::{hold, show};
use crate::house::House;
use matinee_booking::{IndexedMap, SeatStates};
use matinee_domain::seat_map::{Seat, SeatId, SeatMap, SeatNo};
use matinee_store::feed::SeatState::{Available, Blocked, Held, Sold};
use std::sync::Arc;

fn name(seat: Option<&Seat>) -> Option<&str> {
    seat.map(|seat| seat.seat_id.0.as_str())
}

/// The seats before the move keep the map they were booked on; those after it are on the new one.
#[tokio::test]
async fn a_seat_is_found_on_the_map_it_was_booked_on() {
    let house = House::new().await;
    let mut booking = hold(&house, &["2-4", "2-5"]).await;
    let mut show = show(&house, None).await;
    for (booked, expected) in booking.seats.iter().zip(["2-4", "2-5"]) {
        assert_eq!(name(show.place(booked)), Some(expected));
        let of_ticket = show.ticket_place(&booking, booked.seat);
        assert_eq!(name(of_ticket), Some(expected));
    }
    let nobodys = SeatNo(60_000);
    assert_eq!(name(show.ticket_place(&booking, nobodys)), None);

    let mut before = SeatMap::clone(&show.map.map);
    for seat in &mut before.seats {
        seat.seat_id = SeatId(format!("old {}", seat.seat_id.0));
    }
    show.maps_before = vec![Arc::new(IndexedMap::new(Arc::new(before)))];
    show.seating = 1;
    booking.seats[1].seating = 1;
    let [stayed, moved] = &booking.seats[..] else {
        panic!("two seats are held");
    };
    assert_eq!(name(show.place(stayed)), Some("old 2-4"));
    assert_eq!(name(show.place(moved)), Some("2-5"));
    let of_ticket = show.ticket_place(&booking, moved.seat);
    assert_eq!(name(of_ticket), Some("2-5"));
}

/// A server may still have the show from before its move when it reads a booking from after it.
#[tokio::test]
async fn a_show_is_older_than_a_booking_on_its_next_screen() {
    let house = House::new().await;
    let mut booking = hold(&house, &["2-4", "2-5"]).await;
    let mut show = show(&house, None).await;
    assert!(!show.is_before(&booking));
    booking.seats[1].seating = 1;
    assert!(show.is_before(&booking));
    show.seating = 1;
    assert!(!show.is_before(&booking), "one seat moved, one did not");
    show.seating = 2;
    assert!(!show.is_before(&booking));
}

#[test]
fn only_what_nobody_has_is_free() {
    let seats = SeatStates {
        version: 1,
        states: vec![
            Available, Held, Available, Sold, Available, Blocked, Available,
        ],
    };
    assert_eq!(seats.free(), 4);
}
