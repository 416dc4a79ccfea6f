//! A guest buys: the tickets are on the device, the token only in the keyring, and one intention has one effect.

use crate::{World, until};
use matinee_api::{BookRequest, Booking, BookingStatus, PaymentRequest, SeatStatus, ShowId};
use matinee_client::{Client, ErrorKind, TheaterQuery};

pub async fn some_show(client: &Client) -> ShowId {
    let theaters = client
        .theaters(TheaterQuery::default())
        .await
        .unwrap()
        .value
        .items;
    for theater in theaters {
        let movies = client
            .theater_movies(theater.theater_id, None)
            .await
            .unwrap()
            .value
            .items;
        // Late enough that it does not start during the test.
        let soon = chrono::Utc::now() + chrono::Duration::days(2);
        let shows = movies.iter().flat_map(|movie| &movie.shows);
        if let Some(show) = shows
            .filter(|show| show.start_time > soon)
            .find(|show| show.seats_available > 20)
        {
            return show.show_id;
        }
    }
    panic!("the demo has no show")
}

pub fn two(show_id: ShowId) -> BookRequest {
    BookRequest {
        show_id,
        seat_ids: None,
        best: Some(2),
        ticket_types: std::collections::BTreeMap::new(),
        promo_code: None,
        guest_email: Some("guest@example.org".into()),
    }
}

pub fn pay_for(booking: &Booking) -> PaymentRequest {
    PaymentRequest {
        booking_id: booking.booking_id,
        payment_method: Some("pm_card_visa".into()),
        expected_total: Some(booking.total_amount),
        gift_card: None,
        expected_gift: None,
    }
}

pub async fn bought(client: &Client) -> Booking {
    let booking = client
        .book(two(some_show(client).await), "key-book")
        .await
        .unwrap();
    client.pay(pay_for(&booking), "key-pay").await.unwrap()
}

#[tokio::test]
async fn a_guests_tickets_survive_a_restart_with_the_server_gone_and_can_be_cancelled_later() {
    let mut world = World::new().await;
    let client = world.synced_client().await;
    let booking = bought(&client).await;
    assert_eq!(
        (booking.status, &booking.guest_token),
        (BookingStatus::Confirmed, &None)
    );
    // They come to the device without anybody looking at them.
    until("the tickets are on the device", async || {
        let found = device_says(&world, &booking.booking_id.to_string(), "qr_svg");
        found.then_some(())
    })
    .await;
    drop(client);
    world.stop_server();

    let client = world.client().await;
    let listed = client.bookings(None).await.unwrap();
    assert!(listed.offline);
    assert_eq!(listed.value.items.len(), 1);
    let tickets = client.tickets(booking.booking_id).await.unwrap();
    assert!(tickets.offline);
    assert_eq!(tickets.value.tickets.len(), 2);
    assert!(
        tickets
            .value
            .tickets
            .iter()
            .all(|ticket| ticket.qr_svg.contains("<svg"))
    );
    let refused = client
        .cancel(booking.booking_id, None, "key-away")
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Offline);
    world.assert_no_token_in_files();

    world.start_server().unwrap();
    let answer = client
        .cancel(booking.booking_id, None, "key-cancel")
        .await
        .unwrap();
    assert_eq!(answer.booking.status, BookingStatus::Cancelled);
    assert_eq!(answer.refund.unwrap().amount, booking.total_amount);
    let seats = client
        .seats(booking.show.show_id)
        .await
        .unwrap()
        .value
        .seats;
    for mine in &booking.seats {
        let seat = seats
            .iter()
            .find(|seat| seat.seat_id == mine.seat_id)
            .unwrap();
        assert_eq!(seat.status, SeatStatus::Available);
    }
    world.stop_server();
    let gone = client.tickets(booking.booking_id).await.unwrap_err();
    assert_eq!(
        gone.kind,
        ErrorKind::Offline,
        "a cancelled ticket is not shown from the copy"
    );
}

/// Whether the device's files say both, without asking the client.
fn device_says(world: &World, one: &str, other: &str) -> bool {
    crate::files(world.device.path()).iter().any(|file| {
        let text = String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned();
        text.contains(one) && text.contains(other)
    })
}

#[tokio::test]
async fn a_lost_answer_neither_books_nor_pays_twice() {
    let world = World::new().await;
    let client = world.client().await;
    let show = some_show(&client).await;
    world.relay.lose_answers(1);
    let booking = client.book(two(show), "key-book").await.unwrap();
    assert_eq!(world.relay.to_lose(), 0);
    world.relay.lose_answers(2);
    let paid = client.pay(pay_for(&booking), "key-pay").await.unwrap();
    assert_eq!(world.relay.to_lose(), 0);
    assert_eq!(paid.booking_id, booking.booking_id);
    assert_eq!(paid.payments.len(), 1);
    let seats = client.seats(show).await.unwrap().value.seats;
    let taken = |status| seats.iter().filter(|seat| seat.status == status).count();
    assert_eq!((taken(SeatStatus::Held), taken(SeatStatus::Sold)), (0, 2));
    assert_eq!(client.bookings(None).await.unwrap().value.items.len(), 1);
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_said_so_and_the_same_key_settles_it() {
    let world = World::new().await;
    let client = world.client().await;
    let show = some_show(&client).await;
    world.relay.lose_answers(3);
    let unknown = client.book(two(show), "key-book").await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Offline);
    let booking = client.book(two(show), "key-book").await.unwrap();
    assert_eq!(
        client
            .booking(booking.booking_id)
            .await
            .unwrap()
            .value
            .seats
            .len(),
        2
    );
    let seats = client.seats(show).await.unwrap().value.seats;
    assert_eq!(
        seats
            .iter()
            .filter(|seat| seat.status == SeatStatus::Held)
            .count(),
        2
    );
}

#[tokio::test]
async fn a_taken_seat_is_named_with_others_instead() {
    let world = World::new().await;
    let client = world.client().await;
    let show = some_show(&client).await;
    let first = client.book(two(show), "key-1").await.unwrap();
    let same = BookRequest {
        seat_ids: Some(
            first
                .seats
                .iter()
                .map(|seat| seat.seat_id.clone())
                .collect(),
        ),
        best: None,
        ..two(show)
    };
    let refused = client.book(same, "key-2").await.unwrap_err();
    assert_eq!(
        (&*refused.code, refused.status),
        ("seats_unavailable", Some(409))
    );
    assert_eq!(refused.unavailable_seat_ids.unwrap().len(), 2);
    assert!(!refused.alternatives.unwrap().is_empty());
    client.release_hold(first.booking_id).await.unwrap();
}
