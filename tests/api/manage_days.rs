//! What a day brought: each number to the cent, and the same as the bookings say.

use crate::{
    manage::{house, own, person},
    shared::{items, minor, text, until, verify},
};
use matinee_tests::Caller;
use serde_json::{Value, json};

/// Today where the theater is.
fn today() -> String {
    let zone = chrono_tz::Europe::Berlin;
    chrono::Utc::now()
        .with_timezone(&zone)
        .date_naive()
        .to_string()
}

async fn buy(caller: &Caller, body: Value) -> (Value, Caller) {
    let held = caller.post("/book", body).await.expect(201).json();
    let guest = caller.with_token(text(&held, "guest_token"));
    let pay = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
    let paid = guest.post("/payment", pay).await.expect(200).json();
    (paid, guest)
}

fn row<'v>(list: &'v Value, member: &str, name: &str) -> &'v Value {
    let mut rows = items(list).iter();
    rows.find(|row| row[member] == name)
        .unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[tokio::test]
async fn a_day_is_what_its_bookings_are() {
    let own = own().await;
    let show = own.on_sale(5).await;
    let path = own.path(&format!("/days/{}", today()));
    let empty = own.owner.get(&path).await.expect(200).json();
    assert_eq!((minor(&empty["sold"]), minor(&empty["net"])), (0, 0));

    let web = house().caller();
    let app = web.with_header("user-agent", "Matinee/1.0 (Linux)");
    let seats = crate::shared::best(&web, &show, 3).await;
    let family = json!({ "show_id": show, "seat_ids": seats, "ticket_types": { &seats[0]: "child" }, "guest_email": "f@example.com" });
    let (family, _) = buy(&app, family).await;
    let pair = json!({ "show_id": show, "best": 2, "guest_email": "p@example.com" });
    let (pair, guest) = buy(&web, pair).await;
    let cancel = format!("/cancel/{}", text(&pair, "booking_id"));
    guest.post(&cancel, json!({})).await.expect(200);
    let goodwill = json!({ "amount": { "amount_minor": 250, "currency": "EUR" }, "reason": "complaint", "words": "It was cold" });
    let refund = format!("/manage/bookings/{}/refund", text(&family, "booking_id"));
    own.owner.post(&refund, goodwill).await.expect(200);

    let day = own.owner.get(&path).await.expect(200).json();
    let (first, second) = (minor(&family["total_amount"]), minor(&pair["total_amount"]));
    assert_eq!(minor(&day["sold"]), first + second, "{day}");
    assert_eq!(minor(&day["refunded"]), second + 250);
    assert_eq!(minor(&day["net"]), first - 250);
    assert_eq!((&day["tickets"], minor(&day["late"])), (&json!(5), 0));
    assert_eq!(
        minor(&day["trial"]),
        first + second,
        "the sandbox takes no real money"
    );
    let of_show = row(&day["by_show"], "show_id", &show);
    assert_eq!(
        (minor(&of_show["sold"]), &of_show["tickets"]),
        (first + second, &json!(5))
    );
    assert_eq!(of_show["movie_name"], "Metropolis");
    let children = row(&day["by_ticket_type"], "ticket_type", "child");
    assert_eq!(children["tickets"], 1);
    let types: i64 = items(&day["by_ticket_type"])
        .iter()
        .map(|row| minor(&row["sold"]))
        .sum();
    assert_eq!(types, first + second);
    let of_app = row(&day["by_channel"], "channel", "app");
    assert_eq!(
        (minor(&of_app["sold"]), &of_app["tickets"]),
        (first, &json!(3))
    );
    assert_eq!(
        minor(&row(&day["by_channel"], "channel", "web")["sold"]),
        second
    );
    let by_method = row(&day["by_method"], "method", "sandbox");
    assert_eq!(
        (minor(&by_method["sold"]), &by_method["payments"]),
        (first + second, &json!(2))
    );
    for (reason, amount) in [("cancelled_by_customer", second), ("goodwill", 250)] {
        assert_eq!(
            minor(&row(&day["refunds_by_reason"], "reason", reason)["amount"]),
            amount
        );
    }
    let settled = row(&day["settlement"], "gateway", "sandbox");
    assert_eq!(minor(&settled["net"]), first - 250);
    // The tax is that of the receipts.
    let tax: i64 = [&family, &pair]
        .into_iter()
        .flat_map(|booking| items(&booking["breakdown"]))
        .filter(|line| line["kind"] == "contained")
        .map(|line| minor(&line["amount"]))
        .sum();
    assert_eq!(minor(&day["tax_sold"]), tax);
    assert_eq!(day["over"], false);

    let csv = own
        .owner
        .get(&format!("{path}?format=csv"))
        .await
        .expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    let csv = String::from_utf8(csv.bytes).unwrap();
    let sold = format!(
        "day,\"sold\",\"{}\",5,{}.{:02},",
        today(),
        (first + second) / 100,
        (first + second) % 100
    );
    assert!(csv.contains(&sold), "{sold} in {csv}");
    assert!(
        csv.contains("refund,\"goodwill\",\"\",1,,2.50,EUR"),
        "{csv}"
    );
    // What is on its way counts already; once it went, nothing changes.
    let paths = format!("/manage/bookings/{}", text(&family, "booking_id"));
    until(20, "the goodwill went back", || async {
        let now = own.owner.get(&paths).await.expect(200).json();
        (now["refunds"][0]["status"] == "succeeded").then_some(())
    })
    .await;
    let again = own.owner.get(&path).await.expect(200).json();
    assert_eq!(again["refunded"], day["refunded"]);
    verify(house());
}

#[tokio::test]
async fn days_are_for_those_who_answer_for_the_money() {
    let own = own().await;
    let path = own.path("/days/2030-10-27");
    let (_, _, box_office) = person(&own.theater_id, "box_office").await;
    box_office.get(&path).await.expect_problem(403, "forbidden");
    let (_, _, manager) = person(&own.theater_id, "manager").await;
    let day = manager.get(&path).await.expect(200).json();
    // The clocks go back that night: the day has 25 hours.
    assert_eq!(text(&day, "from"), "2030-10-26T22:00:00Z");
    assert_eq!(text(&day, "until"), "2030-10-27T23:00:00Z");
    for wrong in ["2030-13-01", "today", "2030-02-30"] {
        let path = own.path(&format!("/days/{wrong}"));
        own.owner.get(&path).await.expect_problem(404, "not_found");
    }
    own.owner
        .get(&own.path("/days/2030-10-27?format=pdf"))
        .await
        .expect_problem(400, "malformed");
}
