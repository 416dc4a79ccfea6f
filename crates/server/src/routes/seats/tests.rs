//! Seat maps over the whole server: what is kept encoded, and who is told.

use super::*;
use crate::testing::House;
use axum::http::StatusCode;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

async fn file_of(house: &House, show: ShowId) -> Arc<ShowFile> {
    house.app.catalog.show(show).await.unwrap().unwrap()
}

#[tokio::test]
async fn new_prices_are_a_new_map_also_while_somebody_watches() {
    let house = House::cinema().await;
    let show = house.shows().await[0];
    let path = format!("/shows/{show}/seats");
    for (watched, price) in [(false, 2_000), (true, 3_000)] {
        let file = file_of(&house, show).await;
        let live = &house.app.catalog.live;
        let viewer = live.watch(&*house.app.store, &file).await.unwrap();
        let viewer = watched.then_some(viewer);
        let before = house.get(&path, &[]).await;
        let tag = before.header("etag");
        let same = house.get(&path, &[("if-none-match", tag)]).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED);
        house
            .import(|file| {
                let prices = &mut file["theaters"][0]["price_lists"][0]["prices"];
                prices[0]["amount_minor"] = price.into();
                prices[1]["amount_minor"] = price.into();
            })
            .await;
        let after = house.get(&path, &[("if-none-match", tag)]).await;
        assert_eq!(after.status, StatusCode::OK, "watched: {watched}");
        assert_eq!(after.body["version"], before.body["version"]);
        assert_ne!(
            after.body["seats"][0]["price"],
            before.body["seats"][0]["price"]
        );
        drop(viewer);
    }
    house.close().await;
}

#[tokio::test]
async fn a_viewer_between_looking_up_and_listening_misses_nothing_of_a_catalog_change() {
    let house = House::cinema().await;
    let show = house.shows().await[0];
    let file = file_of(&house, show).await;
    let live = &house.app.catalog.live;
    let viewer = live.watch(&*house.app.store, &file).await.unwrap();
    // Now the catalog changes, and only then does the stream begin.
    house.app.catalog.forget();
    let events = SeatEvents::new(viewer, Some(1), CancellationToken::new(), None);
    let mut events = events.into_stream();
    house.hold(2).await;
    let heard = tokio::time::timeout(Duration::from_secs(5), events.next()).await;
    let Ok(bytes) = heard
        .expect("the viewer is told")
        .expect("the stream goes on");
    let event = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(event.starts_with("event: seats\nid: 2\n"), "{event}");
    assert_eq!(event.matches("\"held\"").count(), 2);
    house.close().await;
}

#[tokio::test]
async fn suggestions_are_answered_304_until_a_seat_is_taken() {
    let house = House::cinema().await;
    let show = house.shows().await[0];
    let path = format!("/shows/{show}/best-seats?count=3");
    let first = house.get(&path, &[]).await;
    let seen = [("if-none-match", first.header("etag"))];
    assert_eq!(
        house.get(&path, &seen).await.status,
        StatusCode::NOT_MODIFIED
    );
    let body = json!({ "show_id": show, "best": 1 });
    house.post("/book", &[], body).await;
    assert_eq!(house.get(&path, &seen).await.status, StatusCode::OK);
    house.close().await;
}
