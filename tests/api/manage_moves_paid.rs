//! Moves and money that came in two ways; and a show that is too late to move.

use crate::{
    manage::house,
    manage_moves::{Evening, held, now, paid_back, seat_ids},
    shared::{database, items, minor, text, until, verify},
};
use chrono::{SecondsFormat, TimeDelta, Utc};
use matinee_tests::{Caller, server};
use serde_json::{Value, json};

/// `gift` beside the server.
fn gift(theater: &str, arguments: &[&str]) -> String {
    let mut line = vec!["gift"];
    line.extend(arguments);
    line.extend(["--theater", theater]);
    let (status, words) = server::run(house().folder(), &line).unwrap();
    assert!(status.success(), "{words}");
    words
}

fn issue(theater: &str, amount: &str) -> String {
    let words = gift(theater, &["issue", "--amount", amount]);
    words.split_whitespace().next().unwrap().to_owned()
}

async fn balance(theater: &str, code: &str) -> i64 {
    let body = json!({ "theater_id": theater, "code": code });
    let told = house().caller().post("/gift-cards/balance", body).await;
    minor(&told.expect(200).json()["balance"])
}

/// Buys with a card first and the rest by the gateway.
async fn bought(show: &str, seat: &str, email: &str, code: &str) -> (Value, Caller) {
    let (held, guest) = held(show, &[seat], email).await;
    let body = json!({
        "booking_id": held["booking_id"], "payment_method": "pm_card_visa", "gift_card": code
    });
    let paid = guest.post("/payment", body).await.expect(200).json();
    (paid, guest)
}

/// What the bank charged for a booking, and what of that it gave back.
fn at_the_bank(booking: &Value) -> (i64, i64) {
    let sums = "SELECT coalesce(sum(amount_minor), 0), coalesce(sum(refunded_minor), 0) FROM sandbox_charges \
         WHERE charge = ?1 AND status = 'captured'";
    let charge = text(&booking["payments"][0], "payment_id");
    let sums = database(house()).query_row(sums, [charge], |row| Ok((row.get(0)?, row.get(1)?)));
    sums.unwrap()
}

/// What went back, to the card and to the payer.
fn ways_back(booking: &Value) -> (i64, i64) {
    let refunds = items(&booking["refunds"]).iter();
    let (card, payer): (Vec<_>, Vec<_>) =
        refunds.partition(|refund| refund["gift_card"].is_string());
    let sum = |of: Vec<&Value>| of.iter().map(|refund| minor(&refund["amount"])).sum();
    (sum(card), sum(payer))
}

#[tokio::test]
async fn a_gift_card_has_its_part_back_and_the_bank_the_rest() {
    let evening = Evening::begin().await;
    let (show, theater) = (evening.show.as_str(), evening.own.theater_id.as_str());
    let seats = evening.own.owner.get(&evening.path("/seats")).await;
    let seats = seats.expect(200).json();
    let premium: Vec<&str> = items(&seats["seats"])
        .iter()
        .filter(|seat| seat["category"] == "premium" && seat["kind"] != "wheelchair")
        .map(|seat| text(seat, "seat_id"))
        .collect();
    let mail = |name: &str| format!("{name}-{show}@example.com");
    let small = [issue(theater, "5.00"), issue(theater, "5.00")];
    let large = issue(theater, "200.00");
    let (kept, keeper) = bought(show, "B-2", &mail("keeps"), &small[0]).await;
    let (split, both) = bought(show, premium[0], &mail("split"), &small[1]).await;
    let (whole, alone) = bought(show, premium[1], &mail("whole"), &large).await;
    let [kept_paid, split_paid, whole_paid] =
        [&kept, &split, &whole].map(|booking| minor(&booking["total_amount"]));
    assert_eq!(whole["payments"][0]["gateway"], "gift_card");
    assert_eq!(at_the_bank(&split), (split_paid - 500, 0));

    let to = |dry_run: bool| json!({ "screen_id": evening.small, "dry_run": dry_run });
    let plan = evening.ask(to(true)).await.expect(200).json();
    assert_eq!(minor(&plan["refund_amount"]), split_paid + whole_paid);
    assert_eq!(items(&plan["without_room"]).len(), 2);
    evening.ask(to(false)).await.expect(200);
    let over = until(40, "who has no room has everything back", || async {
        let progress = evening.own.owner.get(&evening.path("/move")).await;
        let progress = progress.expect(200).json();
        (progress["finished"] == true && progress["refunds_pending"] == 0).then_some(progress)
    })
    .await;
    assert_eq!(minor(&over["refund_amount"]), split_paid + whole_paid);
    assert_eq!(
        (&over["refunds_succeeded"], &over["refunds_failed"]),
        (&json!(3), &json!(0)),
        "two to cards, one by the bank"
    );

    // Who sits still has paid: neither card nor bank gave anything back.
    let kept = now(&keeper, &kept).await;
    assert_eq!(seat_ids(&kept), ["B-2"]);
    assert_eq!(
        (&kept["status"], paid_back(&kept)),
        (&json!("confirmed"), 0)
    );
    assert_eq!(at_the_bank(&kept), (kept_paid - 500, 0));
    assert_eq!(balance(theater, &small[0]).await, 0);
    let split = now(&both, &split).await;
    assert_eq!(split["status"], "cancelled");
    assert_eq!(ways_back(&split), (500, split_paid - 500));
    assert_eq!(at_the_bank(&split), (split_paid - 500, split_paid - 500));
    assert_eq!(balance(theater, &small[1]).await, 500);
    let whole = now(&alone, &whole).await;
    assert_eq!(ways_back(&whole), (whole_paid, 0));
    assert_eq!(at_the_bank(&whole), (0, 0), "the bank knows nothing of it");
    assert_eq!(balance(theater, &large).await, 20_000);
    // The ledger says the same: issued, claimed, refunded.
    let entries = gift(theater, &["show", &small[1][small[1].len() - 4..]]);
    for part in ["EUR 5.00 of EUR 5.00", "claim EUR -5.00", "refund EUR 5.00"] {
        assert!(entries.contains(part), "{part}: {entries}");
    }
    for (name, subject) in [
        ("keeps", "Anderer Saal"),
        ("split", "ohne Platz"),
        ("whole", "ohne Platz"),
    ] {
        let address = mail(name);
        until(20, "the mail of the move", || async {
            let mails = house().mails();
            let mail = |mail: &String| mail.contains(&address) && mail.contains(subject);
            mails.into_iter().find(mail)
        })
        .await;
    }
    verify(house());
}

#[tokio::test]
async fn a_show_that_has_begun_stays_where_it_is() {
    let evening = Evening::begin().await;
    let start = Utc::now() + TimeDelta::seconds(4);
    let mut body = evening
        .own
        .show_at(&start.to_rfc3339_opts(SecondsFormat::Millis, true));
    body["publish"] = json!(true);
    // The other show of the evening is far enough away.
    let made = evening
        .own
        .owner
        .post(&evening.own.path("/shows"), body)
        .await;
    let show = text(&made.expect(201).json(), "show_id").to_owned();
    let (held, guest) = held(&show, &["B-2"], "late@example.com").await;
    let pays = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
    let paid = guest.post("/payment", pays).await.expect(200).json();
    let evening = Evening { show, ..evening };
    until(10, "the show has begun", || async {
        (Utc::now() > start).then_some(())
    })
    .await;
    let later = (start + TimeDelta::minutes(30)).to_rfc3339_opts(SecondsFormat::Millis, true);
    for dry_run in [true, false] {
        for to in [
            json!({ "screen_id": evening.small, "dry_run": dry_run }),
            json!({ "start": later, "dry_run": dry_run }),
        ] {
            let refused = evening.ask(to).await.expect_problem(409, "show_started");
            let problem = refused.json();
            let words = text(&problem, "detail");
            assert!(words.contains("Nothing was changed"), "{words}");
        }
    }
    let after = now(&guest, &paid).await;
    assert_eq!(
        (seat_ids(&after), paid_back(&after)),
        (vec!["B-2".to_owned()], 0)
    );
    let shown = evening.own.owner.get(&evening.path("")).await.expect(200);
    assert_eq!(shown.json()["moved"], false);
    verify(house());
}
