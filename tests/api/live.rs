//! Server-sent seat events.

use crate::shared::{items, seat_ids, show, stranger, text};
use matinee_tests::Caller;
use serde_json::Value;
use std::time::{Duration, Instant};

/// One event of a stream.
#[derive(Debug)]
struct Event {
    name: String,
    id: u64,
    data: Value,
}

struct Stream {
    response: reqwest::Response,
    buffer: String,
}

impl Stream {
    async fn open(caller: &Caller, path: &str) -> Self {
        let response = caller.open(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next event, within two seconds.
    async fn next(&mut self) -> Event {
        tokio::time::timeout(Duration::from_secs(2), self.read())
            .await
            .expect("an event within two seconds")
    }

    async fn read(&mut self) -> Event {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                if !field("event:").is_empty() {
                    let data = serde_json::from_str(&field("data:")).unwrap();
                    return Event {
                        name: field("event:"),
                        id: field("id:").parse().unwrap(),
                        data,
                    };
                }
            }
            let chunk = self
                .response
                .chunk()
                .await
                .unwrap()
                .expect("the stream goes on");
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_viewer_gets_a_snapshot_first_and_then_each_change_within_a_second() {
    let caller = stranger();
    let show = show().await;
    let mut stream = Stream::open(&caller, &format!("/shows/{show}/seats/live")).await;
    let snapshot = stream.next().await;
    assert_eq!(snapshot.name, "snapshot");
    assert_eq!(snapshot.data["version"], snapshot.id);
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        items(&snapshot.data["seats"]).len(),
        items(&map["seats"]).len()
    );
    let (booking, guest) = caller.hold(&show, 2).await;
    let held_at = Instant::now();
    let event = stream.next().await;
    assert!(
        held_at.elapsed() < Duration::from_secs(1),
        "{:?}",
        held_at.elapsed()
    );
    assert_eq!(event.name, "seats");
    assert!(event.id > snapshot.id);
    assert_eq!(event.data["version"], event.id);
    assert_eq!(changes(&event, "held"), sorted(seat_ids(&booking)));
    guest
        .delete(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(204);
    let freed = stream.next().await;
    assert!(freed.id > event.id);
    assert_eq!(changes(&freed, "available"), sorted(seat_ids(&booking)));
}

#[tokio::test]
async fn who_comes_back_gets_only_what_was_missed() {
    let caller = stranger();
    let show = show().await;
    let live = format!("/shows/{show}/seats/live");
    let mut stream = Stream::open(&caller, &live).await;
    let seen = stream.next().await.id;
    let (booking, _) = caller.hold(&show, 2).await;
    // The first viewer stays until the change is out.
    let now = stream.next().await.id;
    drop(stream);
    for mut again in [
        Stream::open(
            &caller.with_header("last-event-id", &seen.to_string()),
            &live,
        )
        .await,
        Stream::open(&caller, &format!("{live}?since={seen}")).await,
    ] {
        let event = again.next().await;
        assert_eq!((event.name.as_str(), event.id), ("seats", now));
        assert_eq!(changes(&event, "held"), sorted(seat_ids(&booking)));
    }
    for odd in ["999999999", "x", "-1"] {
        let mut again = Stream::open(&caller.with_header("last-event-id", odd), &live).await;
        assert_eq!(again.next().await.name, "snapshot", "{odd}");
    }
}

#[tokio::test]
async fn a_stream_of_no_show_is_404() {
    stranger()
        .get("/shows/x/seats/live")
        .await
        .expect_problem(404, "not_found");
}

fn changes(event: &Event, status: &str) -> Vec<String> {
    let changes = items(&event.data["changes"])
        .iter()
        .filter(|change| change["status"] == status);
    sorted(
        changes
            .map(|change| text(change, "seat_id").to_owned())
            .collect(),
    )
}

fn sorted(mut seats: Vec<String>) -> Vec<String> {
    seats.sort();
    seats
}
