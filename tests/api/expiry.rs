//! Holds that run out.

use crate::shared::{demo, run_out, seat_ids, seat_status, show, stranger, text, until, verify};
use matinee_tests::{Server, ServerOptions};
use serde_json::json;

#[tokio::test]
async fn a_hold_that_runs_out_frees_its_seats_and_cannot_be_paid() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 2).await;
    run_out(demo(), &booking);
    let seat = &seat_ids(&booking)[0];
    until(3, "the seats are free", || async {
        (seat_status(&caller, &show, seat).await == "available").then_some(())
    })
    .await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let now = guest.get(&path).await.expect(200).json();
    assert_eq!(now["status"], "expired");
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    guest
        .post("/payment", pay)
        .await
        .expect_problem(409, "hold_expired");
    caller
        .post(
            "/book",
            json!({ "show_id": show, "seat_ids": seat_ids(&booking) }),
        )
        .await
        .expect(201);
}

#[tokio::test]
async fn a_hold_never_runs_out_under_a_payment() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 2).await;
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_authenticationRequired" });
    let waiting = guest.post("/payment", pay).await.expect(202).json();
    run_out(demo(), &booking);
    // The next holds of other shows run out meanwhile: the reaper has been round.
    let (other, other_guest) = caller.hold(&show, 1).await;
    run_out(demo(), &other);
    until(3, "the reaper's round", || async {
        let now = other_guest
            .get(&format!("/bookings/{}", text(&other, "booking_id")))
            .await
            .expect(200)
            .json();
        (now["status"] == "expired").then_some(())
    })
    .await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    assert_eq!(
        guest.get(&path).await.expect(200).json()["status"],
        "awaiting_payment"
    );
    assert_eq!(
        seat_status(&caller, &show, &seat_ids(&booking)[0]).await,
        "held"
    );
    let simulate = format!("/payments/{}/simulate", text(&waiting, "payment_id"));
    let paid = guest
        .post(&simulate, json!({ "outcome": "succeed" }))
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "confirmed");
}

#[tokio::test]
async fn holds_run_out_across_a_restart_and_the_length_is_the_operators() {
    let folder = matinee_tests::server::demo_folder(true).unwrap();
    let options = ServerOptions {
        arguments: vec!["--hold-minutes".into(), "3".into()],
        ..ServerOptions::default()
    };
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let show = text(&show, "show_id").to_owned();
    let (booking, guest) = caller.hold(&show, 2).await;
    let left = text(&booking, "hold_expires_at")
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap()
        - chrono::Utc::now();
    assert!((2..=3).contains(&left.num_minutes()), "{left}");
    let token = text(&booking, "guest_token");
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let (kept, _) = caller.hold(&show, 1).await;
    drop(guest);
    assert!(server.stop().unwrap().success());
    run_out(&server, &booking);
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    let caller = server.caller();
    let seat = &seat_ids(&booking)[0];
    until(3, "the seats are free after the restart", || async {
        (seat_status(&caller, &show, seat).await == "available").then_some(())
    })
    .await;
    assert_eq!(
        caller.with_token(token).get(&path).await.expect(200).json()["status"],
        "expired"
    );
    let path = format!("/bookings/{}", text(&kept, "booking_id"));
    let kept_now = caller
        .with_token(text(&kept, "guest_token"))
        .get(&path)
        .await
        .expect(200)
        .json();
    assert_eq!(
        kept_now["status"], "held",
        "the other hold still has its time"
    );
    assert_eq!(kept_now["hold_expires_at"], kept["hold_expires_at"]);
    assert!(server.stop().unwrap().success());
    verify(&server);
}
