//! A theater cancels a show: nobody buys any more, everybody gets everything back and hears of it, and nobody is left with
//! a ticket or without their money, however close it was.

use crate::{
    manage::{Own, house, own, person, put},
    shared::{account, database, items, minor, text, until, verify},
};
use matinee_tests::Caller;
use serde_json::{Value, json};

const CANCEL: &str = "The projector is broken";

async fn cancel(own: &Own, show: &str) -> Value {
    let body = json!({ "reason": CANCEL, "message": "Der Projektor ist kaputt." });
    let path = format!("/manage/shows/{show}/cancel");
    own.owner.post(&path, body).await.expect(200).json()
}

/// The progress, once no booking has seats and no refund is on its way.
async fn over(own: &Own, show: &str) -> Value {
    let path = format!("/manage/shows/{show}/cancellation");
    until(40, "the cancellation is over", || async {
        let progress = own.owner.get(&path).await.expect(200).json();
        (progress["finished"] == true && progress["refunds_pending"] == 0).then_some(progress)
    })
    .await
}

async fn booking(caller: &Caller, booking: &Value) -> Value {
    let path = format!("/bookings/{}", text(booking, "booking_id"));
    caller.get(&path).await.expect(200).json()
}

fn paid_back(booking: &Value) -> i64 {
    let refunds = items(&booking["refunds"]).iter();
    refunds
        .filter(|refund| refund["status"] == "succeeded")
        .map(|refund| minor(&refund["amount"]))
        .sum()
}

/// The theater gives nothing back by its policy; but it is the theater that cancels.
async fn strict() -> Own {
    let own = own().await;
    let mut facts = crate::manage::facts();
    facts["cancellation_policy"] = json!([]);
    put(&own.owner, &own.path(""), facts).await.expect(200);
    own
}

#[tokio::test]
async fn everybody_gets_everything_back() {
    let (own, stranger) = (strict().await, house().caller());
    let show = own.on_sale(3).await;
    let (email, _, user) = account(&stranger).await;
    let held = user
        .post("/book", json!({ "show_id": show, "best": 3 }))
        .await
        .expect(201)
        .json();
    let pay = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
    let first = user.post("/payment", pay).await.expect(200).json();
    let (second, guest) = stranger.buy(&show, 2).await;
    let (held, holder) = stranger.hold(&show, 1).await;
    let (asked, payer) = stranger.hold(&show, 1).await;
    let pay = json!({ "booking_id": asked["booking_id"], "payment_method": "pm_card_authenticationRequired" });
    let waiting = payer.post("/payment", pay).await.expect(202).json();
    let refused = format!("/cancel/{}", text(&second, "booking_id"));
    guest
        .post(&refused, json!({}))
        .await
        .expect_problem(409, "not_cancellable");

    let begun = cancel(&own, &show).await;
    assert_eq!(begun["bookings_total"], 4, "{begun}");
    stranger
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect_problem(409, "show_cancelled");
    let pay = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
    let late = holder.post("/payment", pay).await;
    assert!(
        ["show_cancelled", "not_held"].contains(&late.code().as_str()),
        "{}",
        late.json()
    );
    let progress = over(&own, &show).await;
    assert_eq!(
        (&progress["bookings_done"], &progress["refunds_succeeded"]),
        (&json!(4), &json!(2))
    );
    let total = minor(&first["total_amount"]) + minor(&second["total_amount"]);
    assert_eq!(minor(&progress["refund_amount"]), total);

    for (caller, bought) in [(&user, &first), (&guest, &second)] {
        let now = booking(caller, bought).await;
        assert_eq!(now["status"], "cancelled");
        assert_eq!(paid_back(&now), minor(&bought["total_amount"]));
        assert_eq!(now["show"]["cancelled"], true, "{now}");
        let path = format!("/bookings/{}/tickets", text(bought, "booking_id"));
        let tickets = caller.get(&path).await.json();
        for ticket in tickets["tickets"].as_array().into_iter().flatten() {
            assert_eq!(ticket["status"], "void");
        }
    }
    assert_eq!(booking(&holder, &held).await["status"], "released");
    // The payer's bank says yes, too late: nothing is taken, or it goes back.
    let simulate = format!("/payments/{}/simulate", text(&waiting, "payment_id"));
    payer
        .post(&simulate, json!({ "outcome": "succeed" }))
        .await
        .expect_problem(409, "show_cancelled");
    assert_eq!(booking(&payer, &asked).await["status"], "expired");

    let again = cancel(&own, &show).await;
    for member in ["cancelled_at", "bookings_total", "bookings_done", "reason"] {
        assert_eq!(again[member], progress[member]);
    }
    let done = own.audit().await;
    let noted = done.iter().filter(|entry| entry["action"] == "show.cancel");
    assert_eq!(noted.count(), 1);
    own.owner
        .put(&format!("/manage/shows/{show}/published"), json!({}))
        .await
        .expect_problem(409, "show_cancelled");
    let listed = stranger
        .get(&format!("/theaters/{}/movies", own.theater_id))
        .await;
    assert!(!listed.expect(200).json().to_string().contains(&show));
    let mail = until(20, "the mail of the cancellation", || async {
        let mails = house().mails();
        mails
            .into_iter()
            .find(|mail| mail.contains(&email) && mail.contains("Vorstellung abgesagt"))
    })
    .await;
    // Quoted-printable breaks lines softly.
    let mail = mail.replace("=\r\n", "").replace("=\n", "");
    assert!(mail.contains("Der Projektor ist kaputt."), "{mail}");
    verify(house());
}

/// Buyers hold and pay while the show is cancelled: whatever their answers were, at the end nobody has a ticket and nothing
/// that was taken is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_keeps_a_ticket_and_nobody_loses_money() {
    let own = strict().await;
    let show = own.on_sale(4).await;
    let mut buyers = tokio::task::JoinSet::new();
    for number in 0..36_u64 {
        let (caller, show) = (house().caller(), show.clone());
        buyers.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(number * 7)).await;
            let wanted = json!({ "show_id": show, "best": 1, "guest_email": format!("racer{number}@example.com") });
            let held = caller.post("/book", wanted).await;
            if held.status != 201 {
                assert!(
                    ["show_cancelled", "not_found", "seats_unavailable"].contains(&held.code().as_str()),
                    "{}",
                    held.json()
                );
                return None;
            }
            let held = held.json();
            let guest = caller.with_token(text(&held, "guest_token"));
            let method = if number % 3 == 0 { "pm_card_authenticationRequired" } else { "pm_card_visa" };
            let pay = json!({ "booking_id": held["booking_id"], "payment_method": method });
            let paid = guest.post("/payment", pay).await;
            if paid.status == 202 {
                let path = format!("/payments/{}/simulate", text(&paid.json(), "payment_id"));
                guest.post(&path, json!({ "outcome": "succeed" })).await;
            }
            Some((held, guest, paid.status))
        });
    }
    tokio::time::sleep(std::time::Duration::from_millis(120)).await;
    cancel(&own, &show).await;
    let bought: Vec<_> = buyers.join_all().await.into_iter().flatten().collect();
    let paid = bought
        .iter()
        .filter(|(_, _, status)| *status == 200)
        .count();
    over(&own, &show).await;
    for (held, guest, _) in &bought {
        let now = until(30, "the booking is over and paid back", || async {
            let now = booking(guest, held).await;
            let over = ["cancelled", "expired", "released"].contains(&text(&now, "status"));
            let pending = items(&now["refunds"])
                .iter()
                .any(|refund| refund["status"] == "pending");
            let live = items(&now["payments"]).iter().any(|payment| {
                ["created", "requires_action", "authorized"].contains(&text(payment, "status"))
            });
            (over && !pending && !live).then_some(now)
        })
        .await;
        let taken: i64 = items(&now["payments"])
            .iter()
            .filter(|payment| {
                ["captured", "partly_refunded", "refunded"].contains(&text(payment, "status"))
            })
            .map(|payment| minor(&payment["amount"]))
            .sum();
        assert_eq!(paid_back(&now), taken, "{now}");
    }
    let good: i64 = database(house())
        .query_row("SELECT count(*) FROM tickets AS t JOIN bookings AS b ON b.booking = t.booking
             JOIN show_cancellations AS c ON c.theater = b.theater AND c.show = b.show WHERE t.state = 'valid'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(good, 0, "no ticket of a cancelled show is good");
    println!("{} held, {paid} were told that they had paid", bought.len());
    verify(house());
}

#[tokio::test]
async fn only_who_makes_the_programme_cancels_it() {
    let own = own().await;
    let show = own.on_sale(3).await;
    let path = format!("/manage/shows/{show}/cancel");
    let body = json!({ "reason": CANCEL });
    let (_, _, box_office) = person(&own.theater_id, "box_office").await;
    box_office
        .post(&path, body.clone())
        .await
        .expect_problem(403, "forbidden");
    for wrong in [
        json!({ "reason": " " }),
        json!({ "reason": CANCEL, "message": "x".repeat(501) }),
    ] {
        own.owner
            .post(&path, wrong)
            .await
            .expect_problem(422, "invalid");
    }
    let progress = format!("/manage/shows/{show}/cancellation");
    box_office
        .get(&progress)
        .await
        .expect_problem(404, "not_found");
    let (_, _, manager) = person(&own.theater_id, "manager").await;
    let done = manager.post(&path, body).await.expect(200).json();
    assert_eq!(
        (&done["finished"], &done["bookings_total"]),
        (&json!(true), &json!(0))
    );
    box_office.get(&progress).await.expect(200);
    // Its screen is free again at that time.
    own.on_sale(3).await;
}
