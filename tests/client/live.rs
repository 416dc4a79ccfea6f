//! A show's seats as they change, through a server that goes and comes back.

use crate::{
    World,
    buying::{some_show, two},
};
use matinee_api::SeatStatus;
use matinee_client::SeatEvent;
use std::time::Duration;
use tokio::sync::mpsc;

async fn next(events: &mut mpsc::UnboundedReceiver<SeatEvent>) -> SeatEvent {
    tokio::time::timeout(Duration::from_secs(20), events.recv())
        .await
        .expect("in time")
        .expect("it lives")
}

#[tokio::test]
async fn a_viewer_sees_seats_go_and_come_and_follows_the_server_through_a_restart() {
    let mut world = World::new().await;
    let client = world.client().await;
    let show = some_show(&client).await;
    let (told, mut events) = mpsc::unbounded_channel();
    let watch = client.watch_seats(show, move |event| told.send(event).is_ok());
    assert_eq!(
        next(&mut events).await,
        SeatEvent::Connection { live: true }
    );
    let SeatEvent::Snapshot { version, seats } = next(&mut events).await else {
        panic!("first all of them")
    };
    assert!(seats.iter().all(|seat| seat.status != SeatStatus::Held));

    let booking = client.book(two(show), "key").await.unwrap();
    let SeatEvent::Seats {
        version: later,
        changes,
    } = next(&mut events).await
    else {
        panic!("then the change")
    };
    assert!(later > version);
    assert_eq!(changes.len(), 2);
    assert!(
        changes
            .iter()
            .all(|change| change.status == SeatStatus::Held)
    );

    world.stop_server();
    assert_eq!(
        next(&mut events).await,
        SeatEvent::Connection { live: false }
    );
    world.start_server().unwrap();
    loop {
        match next(&mut events).await {
            SeatEvent::Connection { live: false } => {}
            SeatEvent::Connection { live: true } => break,
            other => panic!("{other:?}"),
        }
    }
    client.release_hold(booking.booking_id).await.unwrap();
    let seats = booking.seats.len();
    loop {
        // After a restart the server may begin with all of them.
        if let SeatEvent::Seats { changes, .. } = next(&mut events).await {
            assert_eq!(changes.len(), seats);
            assert!(
                changes
                    .iter()
                    .all(|change| change.status == SeatStatus::Available)
            );
            break;
        }
    }
    drop(watch);
    assert!(
        tokio::time::timeout(Duration::from_secs(5), events.recv())
            .await
            .expect("at once")
            .is_none()
    );
}
