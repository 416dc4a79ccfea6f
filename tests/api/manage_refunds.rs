//! Bookings as staff find them, and money they give back: within the policy, outside it, and never more than was paid.

use crate::{
    manage::{Own, house, own, person, put},
    shared::{account, items, minor, text, until, verify},
};
use matinee_tests::server;
use serde_json::{Value, json};

fn path(booking: &Value, rest: &str) -> String {
    format!("/manage/bookings/{}{rest}", text(booking, "booking_id"))
}

async fn found(own: &Own, query: &str) -> Vec<String> {
    let path = own.path(&format!("/bookings?{query}"));
    let page = own.owner.get(&path).await.expect(200).json();
    let found = items(&page["items"]).iter();
    found
        .map(|found| text(found, "reference").to_owned())
        .collect()
}

#[tokio::test]
async fn staff_find_a_booking_by_what_people_know() {
    let (own, stranger) = (own().await, house().caller());
    let (show, other) = (own.on_sale(3).await, own.on_sale(4).await);
    let (first, _) = stranger.buy(&show, 1).await;
    let (second, _) = stranger.buy(&other, 1).await;
    let (email, _, user) = account(&stranger).await;
    let held = user
        .post("/book", json!({ "show_id": show, "best": 2 }))
        .await
        .expect(201)
        .json();
    let references = [&first, &second, &held].map(|booking| text(booking, "reference").to_owned());
    let typed = references[0].to_lowercase().replace('-', "%20");
    assert_eq!(
        found(&own, &format!("query={typed}")).await,
        [references[0].clone()]
    );
    let upper = email.to_uppercase();
    assert_eq!(
        found(&own, &format!("query={upper}")).await,
        [references[2].clone()]
    );
    assert_eq!(found(&own, "query=ada%20ex").await, [references[2].clone()]);
    let guests = found(&own, "query=guest@example.com").await;
    assert_eq!(
        guests,
        [references[1].clone(), references[0].clone()],
        "newest first"
    );
    let of_show = found(&own, &format!("query=guest@example.com&show={other}")).await;
    assert_eq!(of_show, [references[1].clone()]);
    assert_eq!(
        found(&own, &format!("show={show}")).await,
        [references[0].clone()]
    );
    assert_eq!(found(&own, "query=nobody").await, Vec::<String>::new());
    assert_eq!(found(&own, "").await, Vec::<String>::new());
    // In pages.
    let page = own.path("/bookings?query=guest@example.com&limit=1");
    let page = own.owner.get(&page).await.expect(200).json();
    let next = text(&page, "next_cursor");
    let rest = found(
        &own,
        &format!("query=guest@example.com&limit=1&cursor={next}"),
    )
    .await;
    assert_eq!(rest, [references[0].clone()]);
    // Of another theater nothing.
    let elsewhere = crate::manage::own().await;
    assert_eq!(
        found(&elsewhere, "query=guest@example.com").await,
        Vec::<String>::new()
    );
    elsewhere
        .owner
        .get(&path(&first, ""))
        .await
        .expect_problem(404, "not_found");
    let (_, _, door) = person(&own.theater_id, "door").await;
    door.get(&path(&first, ""))
        .await
        .expect_problem(403, "forbidden");
    let seen = own.owner.get(&path(&first, "")).await.expect(200).json();
    assert_eq!(seen["buyer_email"], "guest@example.com");
    assert_eq!(
        (&seen["sold_through"], &seen["tickets"][0]["status"]),
        (&json!("web"), &json!("valid"))
    );
    assert_eq!(seen["refundable"], first["total_amount"]);
}

#[tokio::test]
async fn the_box_office_keeps_to_the_policy_and_the_manager_need_not() {
    let own = own().await;
    let mut facts = crate::manage::facts();
    facts["cancellation_policy"] = json!([]);
    put(&own.owner, &own.path(""), facts).await.expect(200);
    let show = own.on_sale(3).await;
    let (bought, guest) = house().caller().buy(&show, 2).await;
    let (_, _, box_office) = person(&own.theater_id, "box_office").await;
    let (_, _, manager) = person(&own.theater_id, "manager").await;
    let refund = path(&bought, "/refund");
    let asked = json!({ "reason": "illness", "words": "Ill, with a certificate" });
    box_office
        .post(&refund, asked.clone())
        .await
        .expect_problem(409, "not_cancellable");
    let mut waived = asked.clone();
    waived["waive_policy"] = json!(true);
    box_office
        .post(&refund, waived.clone())
        .await
        .expect_problem(403, "forbidden");
    for wrong in [
        json!({ "reason": "illness", "words": "" }),
        json!({ "reason": "illness", "words": "x", "amount": { "amount_minor": 1, "currency": "EUR" }, "seat_ids": ["A1"] }),
    ] {
        let answer = manager.post(&refund, wrong).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "invalid"),
            "{}",
            answer.json()
        );
    }
    for unreadable in [json!({}), json!({ "reason": "moon", "words": "x" })] {
        manager
            .post(&refund, unreadable)
            .await
            .expect_problem(400, "malformed");
    }
    // One seat, with a key: made once.
    let seat = text(&bought["seats"][0], "seat_id").to_owned();
    waived["seat_ids"] = json!([seat]);
    let keyed = manager.with_key("refund-1");
    let done = keyed.post(&refund, waived.clone()).await.expect(200);
    let again = keyed.post(&refund, waived).await.expect(200);
    assert_eq!(done.bytes, again.bytes);
    let done = done.json();
    assert_eq!(done["refund"]["amount"], bought["seats"][0]["price"]);
    assert_eq!(done["booking"]["status"], "partly_cancelled");
    let now = until(20, "it went back", || async {
        let path = format!("/bookings/{}", text(&bought, "booking_id"));
        let now = guest.get(&path).await.expect(200).json();
        (now["refunds"][0]["status"] == "succeeded").then_some(now)
    })
    .await;
    assert_eq!(items(&now["refunds"]).len(), 1);
    let noted = own.audit().await;
    let entry = noted
        .iter()
        .find(|entry| entry["action"] == "booking.refund");
    assert_eq!(entry.unwrap()["after"]["words"], "Ill, with a certificate");
    verify(house());
}

#[tokio::test]
async fn goodwill_leaves_the_tickets_good_and_ends_at_what_was_paid() {
    let own = own().await;
    let show = own.on_sale(3).await;
    let (bought, guest) = house().caller().buy(&show, 2).await;
    let total = minor(&bought["total_amount"]);
    let refund = path(&bought, "/refund");
    let give = |minor: i64, currency: &str| json!({ "amount": { "amount_minor": minor, "currency": currency }, "reason": "complaint", "words": "Sound" });
    let (_, _, box_office) = person(&own.theater_id, "box_office").await;
    box_office
        .post(&refund, give(100, "EUR"))
        .await
        .expect_problem(403, "forbidden");
    for wrong in [
        give(total + 1, "EUR"),
        give(0, "EUR"),
        give(-5, "EUR"),
        give(100, "USD"),
    ] {
        own.owner
            .post(&refund, wrong)
            .await
            .expect_problem(422, "invalid");
    }
    let given = own
        .owner
        .post(&refund, give(300, "EUR"))
        .await
        .expect(200)
        .json();
    assert_eq!(given["booking"]["status"], "confirmed");
    assert_eq!(given["booking"]["tickets"][0]["status"], "valid");
    assert_eq!(minor(&given["booking"]["refundable"]), total - 300);
    verify(house());
    // Then the buyer cancels: no more goes back than is left.
    let cancel = format!("/cancel/{}", text(&bought, "booking_id"));
    let cancelled = guest.post(&cancel, json!({})).await.expect(200).json();
    assert_eq!(minor(&cancelled["refund"]["amount"]), total - 300);
    own.owner
        .post(&refund, give(1, "EUR"))
        .await
        .expect_problem(422, "invalid");
    verify(house());
}

/// Another time is not what people bought: they may give it back whatever the policy says, until it begins; who buys it as
/// it is now may not.
#[tokio::test]
async fn tickets_of_a_moved_show_go_back_free_of_charge() {
    let (own, stranger) = (own().await, house().caller());
    let mut facts = crate::manage::facts();
    facts["cancellation_policy"] = json!([]);
    put(&own.owner, &own.path(""), facts).await.expect(200);
    let show = own.on_sale(3).await;
    let (before, guest) = stranger.buy(&show, 2).await;
    let cancel = |booking: &Value| format!("/cancel/{}", text(booking, "booking_id"));
    guest
        .post(&cancel(&before), json!({}))
        .await
        .expect_problem(409, "not_cancellable");
    let mut moved = own.show(3);
    let start = text(&moved, "start").replace("T20:00", "T21:00");
    moved["start"] = json!(start);
    put(&own.owner, &format!("/manage/shows/{show}"), moved)
        .await
        .expect(200);
    let (after, late) = stranger.buy(&show, 1).await;
    late.post(&cancel(&after), json!({}))
        .await
        .expect_problem(409, "not_cancellable");
    let path = format!("/bookings/{}", text(&before, "booking_id"));
    let terms = guest.get(&path).await.expect(200).json()["cancellation_policy"].clone();
    assert_eq!(terms["cancellable"], true, "{terms}");
    assert_eq!(terms["refund_now"], before["total_amount"]);
    let show = guest.get(&path).await.expect(200).json()["show"].clone();
    assert_eq!(terms["cancellable_until"], show["start_time"]);
    let done = guest
        .post(&cancel(&before), json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(done["refund"]["amount"], before["total_amount"]);
    verify(house());
}

/// What a gift card paid can go back too: staff are told all of it, not only what a bank took.
#[tokio::test]
async fn what_a_gift_card_paid_can_go_back() {
    let own = own().await;
    let show = own.on_sale(3).await;
    let theater = own.theater_id.as_str();
    let line = ["gift", "issue", "--amount", "200.00", "--theater", theater];
    let (made, words) = server::run(house().folder(), &line).unwrap();
    assert!(made.success(), "{words}");
    let code = words.split_whitespace().next().unwrap();
    let (booking, guest) = house().caller().hold(&show, 1).await;
    let pay = json!({ "booking_id": booking["booking_id"], "gift_card": code });
    guest.post("/payment", pay).await.expect(200);
    let seen = own.owner.get(&path(&booking, "")).await.expect(200).json();
    assert_eq!(seen["refundable"], booking["total_amount"]);
    let amount = json!({ "amount_minor": 100, "currency": booking["total_amount"]["currency"] });
    let body = json!({ "amount": amount, "reason": "complaint", "words": "The sound was bad." });
    let given = own.owner.post(&path(&booking, "/refund"), body).await;
    let given = given.expect(200).json();
    let left = minor(&booking["total_amount"]) - 100;
    assert_eq!(minor(&given["booking"]["refundable"]), left);
    assert_eq!(given["refund"]["gift_card"], code[code.len() - 4..]);
    verify(house());
}
