//! A show that moves twice, with a seat that was given back before: every ticket but the newest is worthless, and what was
//! given back stays so.

use crate::{
    manage::{house, person},
    manage_moves::{Evening, bought, now, seat_ids},
    shared::{items, text, until, verify},
};
use matinee_tests::Caller;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The codes of a booking's good tickets by seat.
async fn codes(guest: &Caller, booking: &Value) -> BTreeMap<String, String> {
    let path = format!("/bookings/{}/tickets", text(booking, "booking_id"));
    let tickets = guest.get(&path).await.expect(200).json();
    let code = |ticket: &Value| {
        (
            text(ticket, "seat_id").to_owned(),
            text(ticket, "qr_payload").to_owned(),
        )
    };
    let good = items(&tickets["tickets"]).iter();
    good.filter(|ticket| ticket["status"] == "valid")
        .map(code)
        .collect()
}

/// Moves it, and waits until nobody waits for money of that move.
async fn moves(evening: &Evening, body: Value) {
    evening.ask(body).await.expect(200);
    until(40, "the move is gone through", || async {
        let path = evening.path("/move");
        let progress = evening.own.owner.get(&path).await.expect(200).json();
        (progress["finished"] == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_is_moved_twice_has_one_good_ticket() {
    let evening = Evening::begin().await;
    let show = evening.show.as_str();
    let address = format!("twice-{show}@example.com");
    let (booking, guest) = bought(show, &["B-2", "B-3"], &address).await;
    let first = codes(&guest, &booking).await;
    let refund = format!("/manage/bookings/{}/refund", text(&booking, "booking_id"));
    let body =
        json!({ "reason": "illness", "words": "Ill", "seat_ids": ["B-3"], "waive_policy": true });
    evening.own.owner.post(&refund, body).await.expect(200);

    let small =
        |seats: Value| json!({ "screen_id": evening.small, "seats": seats, "dry_run": false });
    moves(&evening, small(json!({ "B-2": "C-1" }))).await;
    let second = codes(&guest, &booking).await;
    assert_eq!(second.keys().collect::<Vec<_>>(), ["C-1"]);
    let back = json!({ "screen_id": evening.own.screen_id, "seats": { "C-1": "D-1" }, "price_list": "regular", "dry_run": false });
    moves(&evening, back).await;
    let third = codes(&guest, &booking).await;
    // No such seat is on the screen between.
    assert_eq!(third.keys().collect::<Vec<_>>(), ["D-1"]);
    let seen = now(&guest, &booking).await;
    assert!(seat_ids(&seen).contains(&"D-1".to_owned()), "{seen}");
    assert_eq!(seen["status"], "partly_cancelled");

    let (_, _, door) = person(&evening.own.theater_id, "door").await;
    for (code, verdict) in [
        (&first["B-2"], "revoked"),
        (&first["B-3"], "cancelled"),
        (&second["C-1"], "revoked"),
        (&third["D-1"], "admitted"),
    ] {
        assert_eq!(evening.scan(&door, code).await, verdict);
    }
    // Each mail names the screen that was.
    for (before, after) in [("Saal 1", "Saal 2"), ("Saal 2", "Saal 1")] {
        until(20, "the mail of the move", || async {
            let mut mails = house().mails().into_iter();
            mails.find(|mail| {
                let told = mail.replace("=\r\n", "");
                let at = |screen: &str| told.find(screen);
                mail.contains(&address)
                    && mail.contains("Anderer Saal")
                    && at(after).zip(at(before)).is_some()
            })
        })
        .await;
    }
    verify(house());
}

/// Two seats cannot become one, and the refusal names the one as it is called on the other screen.
#[tokio::test]
async fn one_seat_is_not_wished_for_twice() {
    let evening = Evening::begin().await;
    let address = format!("wish-{}@example.com", evening.show);
    bought(&evening.show, &["B-2", "B-3"], &address).await;
    let wish = json!({ "screen_id": evening.small, "seats": { "B-2": "C-1", "B-3": "C-1" }, "dry_run": true });
    let refused = evening
        .ask(wish)
        .await
        .expect_problem(422, "invalid")
        .json();
    assert!(refused.to_string().contains("C-1"), "{refused}");
}
