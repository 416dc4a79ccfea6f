//! `POST /book`, and who may see what came of it.

use crate::shared::{
    account, best, items, minor, seat_ids, seat_status, show, shows_of, stranger, text,
};
use serde_json::{Value, json};

#[tokio::test]
async fn chosen_seats_are_held_for_minutes_and_belong_to_the_guest() {
    let caller = stranger();
    let show = show().await;
    let wanted = best(&caller, &show, 2).await;
    let body = json!({ "show_id": show, "seat_ids": wanted, "guest_email": "g@example.com" });
    let answer = caller.post("/book", body).await.expect(201);
    let booking = answer.json();
    assert_eq!(booking["status"], "held");
    assert_eq!(seat_ids(&booking), wanted);
    assert_eq!(answer.header("etag"), format!("\"{}\"", booking["version"]));
    let left = text(&booking, "hold_expires_at")
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap()
        - chrono::Utc::now();
    assert!((6..=8).contains(&left.num_minutes()), "{left}");
    let reference = text(&booking, "reference").replace('-', "");
    assert!(reference.len() >= 8, "40 bits in base32: {reference}");
    let guest = caller.with_token(text(&booking, "guest_token"));
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let again = guest.get(&path).await.expect(200).json();
    assert_eq!(again["reference"], booking["reference"]);
    assert!(again.get("guest_token").is_none(), "told once");
}

#[tokio::test]
async fn a_price_is_the_sum_of_its_seats_and_of_its_lines() {
    let caller = stranger();
    let show = show().await;
    let detail = caller
        .get(&format!("/shows/{show}"))
        .await
        .expect(200)
        .json();
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    let wanted = best(&caller, &show, 3).await;
    let body = json!({ "show_id": show, "seat_ids": wanted, "ticket_types": { &wanted[0]: "child", &wanted[1]: "student" } });
    let booking = caller.post("/book", body).await.expect(201).json();
    let sum: i64 = items(&booking["seats"])
        .iter()
        .map(|seat| minor(&seat["price"]))
        .sum();
    assert_eq!(sum, minor(&booking["total_amount"]));
    let parts = items(&booking["breakdown"])
        .iter()
        .filter(|line| line["kind"] == "part");
    assert_eq!(parts.map(|line| minor(&line["amount"])).sum::<i64>(), sum);
    for (seat, kind) in wanted.iter().zip(["child", "student", "standard"]) {
        let booked = items(&booking["seats"])
            .iter()
            .find(|s| s["seat_id"] == **seat)
            .unwrap();
        assert_eq!(booked["ticket_type"], kind);
        let category = &items(&map["seats"])
            .iter()
            .find(|s| s["seat_id"] == **seat)
            .unwrap()["category"];
        let listed = items(&detail["ticket_types"])
            .iter()
            .find(|t| t["code"] == kind)
            .unwrap();
        let listed = items(&listed["prices"])
            .iter()
            .find(|price| price["category"] == *category)
            .unwrap();
        assert_eq!(booked["price"], listed["price"], "{seat} as {kind}");
    }
}

#[tokio::test]
async fn currencies_of_no_and_three_decimals_are_whole_minor_units() {
    let caller = stranger();
    for (search, currency) in [("kaede", "JPY"), ("marsa", "KWD")] {
        let show = shows_of(&caller, search).await.pop().unwrap();
        let (booking, _) = caller.buy(text(&show, "show_id"), 2).await;
        assert_eq!(booking["total_amount"]["currency"], currency);
        assert_eq!(booking["payments"][0]["amount"], booking["total_amount"]);
    }
}

#[tokio::test]
async fn seats_are_held_all_or_none_and_the_alternatives_are_free() {
    let caller = stranger();
    let show = show().await;
    let taken = best(&caller, &show, 2).await;
    caller
        .post("/book", json!({ "show_id": show, "seat_ids": taken }))
        .await
        .expect(201);
    let free = best(&caller, &show, 1).await;
    let wanted = [free[0].clone(), taken[0].clone()];
    let body = json!({ "show_id": show, "seat_ids": wanted });
    let problem = caller
        .post("/book", body)
        .await
        .expect_problem(409, "seats_unavailable")
        .json();
    assert_eq!(problem["unavailable_seat_ids"], json!([taken[0]]));
    assert_eq!(
        seat_status(&caller, &show, &free[0]).await,
        "available",
        "nothing was held"
    );
    let alternatives = items(&problem["alternatives"]);
    assert!(!alternatives.is_empty());
    for choice in alternatives {
        assert_eq!(items(choice).len(), 2);
        for seat in items(choice) {
            assert_eq!(
                seat_status(&caller, &show, seat.as_str().unwrap()).await,
                "available"
            );
        }
    }
    caller
        .post(
            "/book",
            json!({ "show_id": show, "seat_ids": alternatives[0] }),
        )
        .await
        .expect(201);
}

#[tokio::test]
async fn what_cannot_be_booked_is_422_with_its_place() {
    let caller = stranger();
    let show = show().await;
    let before = caller.get(&format!("/shows/{show}/seats")).await.json();
    let seats = best(&caller, &show, 2).await;
    let many: Vec<&Value> = items(&before["seats"])
        .iter()
        .take(11)
        .map(|seat| &seat["seat_id"])
        .collect();
    for (body, pointer) in [
        (json!({ "show_id": show }), "/seat_ids"),
        (json!({ "show_id": show, "seat_ids": [] }), "/seat_ids"),
        (
            json!({ "show_id": show, "seat_ids": seats, "best": 2 }),
            "/best",
        ),
        (json!({ "show_id": show, "best": 0 }), "/best"),
        (json!({ "show_id": show, "best": 11 }), "/best"),
        (json!({ "show_id": show, "seat_ids": many }), "/seat_ids"),
        (
            json!({ "show_id": show, "seat_ids": [seats[0], "no-such-seat"] }),
            "/seat_ids/1",
        ),
        (
            json!({ "show_id": show, "seat_ids": [seats[0], seats[0]] }),
            "/seat_ids/1",
        ),
        (
            json!({ "show_id": show, "seat_ids": seats, "ticket_types": { &seats[0]: "emperor" } }),
            "/ticket_types/",
        ),
        (
            json!({ "show_id": show, "seat_ids": [seats[0]], "ticket_types": { &seats[1]: "child" } }),
            "/ticket_types/",
        ),
        (
            json!({ "show_id": show, "seat_ids": seats, "guest_email": "nobody" }),
            "/guest_email",
        ),
    ] {
        let problem = caller
            .post("/book", body.clone())
            .await
            .expect_problem(422, "invalid")
            .json();
        assert!(
            text(&problem["errors"][0], "pointer").starts_with(pointer),
            "{body}: {problem}"
        );
        assert!(!text(&problem["errors"][0], "detail").is_empty());
    }
    let body = json!({ "show_id": show, "seat_ids": seats, "promo_code": "FREE" });
    caller
        .post("/book", body)
        .await
        .expect_problem(422, "promo_invalid");
    let after = caller.get(&format!("/shows/{show}/seats")).await.json();
    assert_eq!(before, after, "nothing was changed");
    caller
        .post(
            "/book",
            json!({ "show_id": format!("s{}", "a".repeat(52)), "best": 1 }),
        )
        .await
        .expect_problem(404, "not_found");
}

/// Four neighbours from the wall or an aisle on: the second one alone strands the first.
fn beginning_of_a_row(seats: &[Value]) -> &[Value] {
    let place = |seat: &Value| (seat["row"].clone(), seat["area"].clone());
    let begins = |index: usize| {
        index == 0
            || place(&seats[index - 1]) != place(&seats[index])
            || seats[index]["gap_before"] == true
    };
    let goes_on = |index: usize| {
        place(&seats[index - 1]) == place(&seats[index]) && seats[index]["gap_before"] != true
    };
    let first = (0..seats.len() - 4)
        .find(|&first| begins(first) && (1..4).all(|step| goes_on(first + step)));
    &seats[first.expect("a row of four")..][..4]
}

#[tokio::test]
async fn a_theater_that_enforces_the_gap_rule_says_which_seats_satisfy_it() {
    let caller = stranger();
    let show = shows_of(&caller, "bio rex").await.pop().unwrap();
    let show = text(&show, "show_id");
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    let seats = items(&map["seats"]);
    let row = beginning_of_a_row(seats);
    let lone = json!({ "show_id": show, "seat_ids": [row[1]["seat_id"]] });
    let problem = caller
        .post("/book", lone)
        .await
        .expect_problem(422, "single_seat_gap")
        .json();
    assert!(!text(&problem, "detail").is_empty());
    let instead = &problem["suggested_seat_ids"];
    assert_eq!(items(instead).len(), 1);
    assert_eq!(
        seat_status(&caller, show, text(&row[1], "seat_id")).await,
        "available"
    );
    caller
        .post("/book", json!({ "show_id": show, "seat_ids": instead }))
        .await
        .expect(201);
    let pair = json!({ "show_id": show, "seat_ids": [row[0]["seat_id"], row[1]["seat_id"]] });
    let answer = caller.post("/book", pair).await;
    assert!(
        matches!(answer.status, 201 | 409),
        "two from the wall leave no gap: {}",
        answer.json()
    );
}

#[tokio::test]
async fn a_theater_that_advises_books_and_says_so() {
    let caller = stranger();
    let show = show().await;
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    let seats = items(&map["seats"]);
    let row = beginning_of_a_row(seats);
    let body = json!({ "show_id": show, "seat_ids": [row[1]["seat_id"]] });
    let booking = caller.post("/book", body).await.expect(201).json();
    assert!(!items(&booking["advice"]).is_empty(), "{booking}");
}

#[tokio::test]
async fn a_booking_is_its_owners_alone() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 1).await;
    let (other, other_guest) = caller.hold(&show, 1).await;
    let (_, _, user) = account(&caller).await;
    let (_, _, second_user) = account(&caller).await;
    let own = user
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201)
        .json();
    assert!(own.get("guest_token").is_none(), "an account needs none");
    let id = text(&booking, "booking_id");
    let own_id = text(&own, "booking_id");
    guest.get(&format!("/bookings/{id}")).await.expect(200);
    user.get(&format!("/bookings/{own_id}")).await.expect(200);
    for (who, id) in [
        (&other_guest, id),
        (&user, id),
        (&guest, text(&other, "booking_id")),
        (&guest, own_id),
        (&second_user, own_id),
    ] {
        who.get(&format!("/bookings/{id}"))
            .await
            .expect_problem(404, "not_found");
        who.get(&format!("/bookings/{id}/tickets"))
            .await
            .expect_problem(404, "not_found");
        who.delete(&format!("/bookings/{id}"))
            .await
            .expect_problem(404, "not_found");
        who.post(&format!("/bookings/{id}/extend"), json!({}))
            .await
            .expect_problem(404, "not_found");
        who.post(&format!("/cancel/{id}"), json!({}))
            .await
            .expect_problem(404, "not_found");
        let pay = json!({ "booking_id": id, "payment_method": "pm_card_visa" });
        who.post("/payment", pay)
            .await
            .expect_problem(404, "not_found");
    }
    caller
        .get(&format!("/bookings/{id}"))
        .await
        .expect_problem(401, "unauthenticated");
    for token in [
        "mg_forged",
        "ma_forged",
        "x",
        &text(&booking, "guest_token").replace("mg_", "ma_"),
    ] {
        let answer = caller
            .with_token(token)
            .get(&format!("/bookings/{id}"))
            .await;
        assert!(
            matches!(answer.status, 401 | 404),
            "{token}: {}",
            answer.status
        );
    }
    guest.get(&format!("/bookings/{id}")).await.expect(200);
}
