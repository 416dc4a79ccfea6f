//! What reaches a viewer, and when. Time stands still here except where everybody waits.

use super::*;
use crate::live::{
    LiveShow,
    show::testing::{change, loaded},
};
use futures_util::StreamExt as _;
use matinee_store::feed::SeatState;
use std::sync::Arc;

type Events = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

fn watch(live: &Arc<LiveShow>, since: Option<u64>) -> Events {
    SeatEvents::new(Viewer::new(live), since, CancellationToken::new(), None).into_stream()
}

async fn next(events: &mut Events) -> String {
    let Ok(bytes) = events.next().await.expect("the stream goes on");
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_every_fifteen_seconds() {
    let live = Arc::new(loaded(2));
    let mut events = watch(&live, Some(1));
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(next(&mut events).await, ": still here\n\n");
        assert_eq!(began.elapsed(), Duration::from_secs(15));
    }
    // A change is not held up by the silence before it.
    let began = Instant::now();
    live.apply(&change(2, 0, SeatState::Held));
    assert!(next(&mut events).await.starts_with("event: seats\nid: 2\n"));
    assert!(began.elapsed() <= EVENT_TICK);
    assert_eq!(next(&mut events).await, ": still here\n\n");
}

#[tokio::test(start_paused = true)]
async fn what_happens_within_a_tick_is_one_event_at_its_end() {
    let live = Arc::new(loaded(8));
    let mut events = watch(&live, None);
    assert!(
        next(&mut events)
            .await
            .starts_with("event: snapshot\nid: 1\n")
    );
    let began = Instant::now();
    for version in 2..8 {
        live.apply(&change(version, version as u16, SeatState::Held));
    }
    let event = next(&mut events).await;
    assert_eq!(began.elapsed(), EVENT_TICK);
    assert!(event.starts_with("event: seats\nid: 7\n"), "{event}");
    assert_eq!(event.matches("\"held\"").count(), 6);
    // A commit every millisecond is still at most one event a tick.
    let writer = tokio::spawn(async move {
        for version in 8..208 {
            live.apply(&change(version, 0, SeatState::Sold));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut seen = 0;
    loop {
        let event = next(&mut events).await;
        seen += 1;
        if event.contains("id: 207\n") {
            break;
        }
    }
    writer.await.unwrap();
    assert!((4..=6).contains(&seen), "{seen} events in 200 ms");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_the_server_drains_or_the_show_gets_another_map() {
    let live = Arc::new(loaded(2));
    let draining = CancellationToken::new();
    let viewer = Viewer::new(&live);
    let mut drained = SeatEvents::new(viewer, Some(1), draining.clone(), None).into_stream();
    let mut watching = watch(&live, Some(1));
    assert_eq!(live.viewers(), 2);
    draining.cancel();
    assert!(drained.next().await.is_none());
    let waiting = tokio::spawn(async move { watching.next().await.is_none() });
    tokio::task::yield_now().await;
    live.retire();
    assert!(waiting.await.unwrap());
    drop(drained);
    assert_eq!(live.viewers(), 0);
}
