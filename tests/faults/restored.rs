//! Yesterday's backup in the place of today's database: what was sold since is forgotten, and everybody is told so.

use matinee_tests::{Caller, Server, server, small_house};
use rusqlite::Connection;
use serde_json::{Value, json};

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap()
}

/// Two calls, so that the guest's token is at hand.
async fn buy(caller: &Caller, show: &str, count: u16) -> (Value, Caller) {
    let (booking, guest) = caller.hold(show, count).await;
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", pay).await.expect(200);
    (booking, guest)
}

#[tokio::test]
async fn what_was_sold_since_the_backup_is_forgotten_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    small_house::fill(&server::database(folder.path()), folder.path(), 3).unwrap();
    let mut server = Server::start_in(folder.path(), &small_house::options()).unwrap();
    let caller = server.caller();
    let show = text(&caller.some_show().await, "show_id").to_owned();
    let (kept, _) = buy(&caller, &show, 1).await;
    let (cancelled, guest) = buy(&caller, &show, 2).await;
    let backup = file("yesterday.db");
    let (status, said) = server::run(folder.path(), &["backup", &backup]).unwrap();
    assert!(status.success(), "{said}");

    // Today.
    let cancel = format!("/cancel/{}", text(&cancelled, "booking_id"));
    guest.post(&cancel, json!({})).await.expect(200);
    let (sold, _) = buy(&caller, &show, 3).await;
    let seat = text(&sold["seats"][0], "seat_id").to_owned();
    assert!(server.stop().unwrap().success());
    std::fs::copy(
        folder.path().join("matinee.db"),
        folder.path().join("today.db"),
    )
    .unwrap();
    let (status, said) = server::run(folder.path(), &["restore", &backup, "--overwrite"]).unwrap();
    assert!(status.success(), "{said}");
    println!("{said}");
    for expected in [
        "1 bookings that are unknown now",
        "1 bookings that changed",
        "3 tickets handed out",
        "2 tickets cancelled: they are valid again",
        "EUR ",
        "compare with the gateway",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }

    // What the backup knew is there; the seat that was sold since can be sold, once, and its first buyer is unknown.
    let mut server = Server::start_in(folder.path(), &small_house::options()).unwrap();
    let caller = server.caller();
    let path = |booking: &Value| format!("/bookings/{}", text(booking, "booking_id"));
    for booking in [&kept, &cancelled] {
        let guest = caller.with_token(text(booking, "guest_token"));
        let now = guest.get(&path(booking)).await.expect(200).json();
        assert_eq!(now["status"], "confirmed");
    }
    let first = caller.with_token(text(&sold, "guest_token"));
    let unknown = first.get(&path(&sold)).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    let body = json!({ "show_id": show, "seat_ids": [seat], "guest_email": "second@example.com" });
    caller.post("/book", body.clone()).await.expect(201);
    caller
        .post("/book", body)
        .await
        .expect_problem(409, "seats_unavailable");
    assert!(server.stop().unwrap().success());
    let (status, said) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "by itself it is sound: {said}");

    // A bank's books are not ours to take back: then verify names every charge that nobody here knows.
    let conn = Connection::open(folder.path().join("matinee.db")).unwrap();
    conn.execute("ATTACH ?1 AS today", [file("today.db")])
        .unwrap();
    let copied = conn
        .execute(
            "INSERT OR IGNORE INTO sandbox_charges SELECT * FROM today.sandbox_charges",
            [],
        )
        .unwrap();
    assert!(copied > 0);
    drop(conn);
    let (status, said) = server::run(folder.path(), &["verify"]).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("belongs to no payment"), "{said}");
}
