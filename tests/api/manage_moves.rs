//! A theater moves a show: everybody gets a seat on the other screen or everything back, old tickets open no door, and on the
//! same screen nobody notices but for the time.

use crate::{
    manage::{Own, facts, house, own, person, put},
    shared::{database, items, minor, text, until, verify},
};
use chrono::{TimeDelta, Utc};
use matinee_tests::{Answer, Caller};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A theater that gives nothing back by its policy, whose doors open four hours before a show, with a second, smaller
/// screen: no row D, no row E, nothing premium.
pub struct Evening {
    pub own: Own,
    pub small: String,
    pub show: String,
}

impl Evening {
    pub async fn begin() -> Self {
        let own = own().await;
        let mut body = facts();
        body["doors_open_minutes"] = json!(240);
        body["cancellation_policy"] = json!([]);
        put(&own.owner, &own.path(""), body).await.expect(200);
        let hall = json!({ "rows": 3, "seats_per_row": 8, "aisles_after": [4], "wheelchair_places": 0, "premium_rows": 0 });
        let screen = json!({ "name": "Saal 2", "cleaning_minutes": 20, "seats": { "hall": hall } });
        let made = own.owner.post(&own.path("/screens"), screen).await;
        let small = text(&made.expect(201).json(), "screen_id").to_owned();
        let show = Self::show_in(&own, 180, true).await;
        Self { own, small, show }
    }

    /// Makes a show that begins in so many minutes.
    pub async fn show_in(own: &Own, minutes: i64, publish: bool) -> String {
        let start = Utc::now() + TimeDelta::minutes(minutes);
        let mut body = own.show_at(&start.format("%Y-%m-%dT%H:%M+00:00").to_string());
        body["publish"] = json!(publish);
        let made = own.owner.post(&own.path("/shows"), body).await;
        text(&made.expect(201).json(), "show_id").to_owned()
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/manage/shows/{}{rest}", self.show)
    }

    pub async fn ask(&self, body: Value) -> Answer {
        let seen = self.own.owner.get(&self.path("")).await.expect(200);
        let owner = self.own.owner.with_header("if-match", seen.header("etag"));
        owner.post(&self.path("/move"), body).await
    }

    async fn seats(&self) -> Vec<Value> {
        let seats = self.own.owner.get(&self.path("/seats")).await;
        items(&seats.expect(200).json()["seats"]).clone()
    }

    /// The moves that were noted.
    async fn noted(&self) -> Vec<Value> {
        let mut audit = self.own.audit().await;
        audit.retain(|entry| entry["action"] == "show.move");
        audit
    }

    pub async fn scan(&self, door: &Caller, code: &str) -> Value {
        let theater = &self.own.theater_id;
        let body = json!({ "theater_id": theater, "code": code, "door": "North" });
        let told = door.post("/manage/tickets/redeem", body).await;
        told.expect(200).json()["verdict"].clone()
    }
}

/// Holds these seats.
pub async fn held(show: &str, seats: &[&str], email: &str) -> (Value, Caller) {
    let stranger = house().caller();
    let body = json!({ "show_id": show, "seat_ids": seats, "guest_email": email });
    let held = stranger.post("/book", body).await.expect(201).json();
    let guest = stranger.with_token(text(&held, "guest_token"));
    (held, guest)
}

pub async fn pay(held: &Value, guest: &Caller, method: &str) -> Answer {
    let body = json!({ "booking_id": held["booking_id"], "payment_method": method });
    guest.post("/payment", body).await
}

pub async fn bought(show: &str, seats: &[&str], email: &str) -> (Value, Caller) {
    let (held, guest) = held(show, seats, email).await;
    let paid = pay(&held, &guest, "pm_card_visa").await.expect(200).json();
    (paid, guest)
}

pub async fn now(guest: &Caller, booking: &Value) -> Value {
    let path = format!("/bookings/{}", text(booking, "booking_id"));
    guest.get(&path).await.expect(200).json()
}

async fn codes(guest: &Caller, booking: &Value) -> Vec<String> {
    let path = format!("/bookings/{}/tickets", text(booking, "booking_id"));
    let tickets = guest.get(&path).await.expect(200).json();
    let code = |ticket: &Value| text(ticket, "qr_payload").to_owned();
    items(&tickets["tickets"]).iter().map(code).collect()
}

pub fn seat_ids(booking: &Value) -> Vec<String> {
    let seats = items(&booking["seats"]).iter();
    seats.map(|seat| text(seat, "seat_id").to_owned()).collect()
}

pub fn paid_back(booking: &Value) -> i64 {
    let refunds = items(&booking["refunds"]).iter();
    let arrived = refunds.filter(|refund| refund["status"] == "succeeded");
    arrived.map(|refund| minor(&refund["amount"])).sum()
}

#[tokio::test]
async fn everybody_gets_a_seat_or_everything_back() {
    let evening = Evening::begin().await;
    let show = evening.show.as_str();
    let seats = evening.seats().await;
    let mut premium = seats.iter().filter(|seat| seat["category"] == "premium");
    let premium = premium.find(|seat| seat["kind"] != "wheelchair");
    let premium = text(premium.unwrap(), "seat_id").to_owned();
    let mails = |name: &str| format!("{name}-{show}@example.com");
    let (kept, keeper) = bought(show, &["B-2", "B-3"], &mails("kept")).await;
    let (pair, couple) = bought(show, &["D-1", "D-2"], &mails("pair")).await;
    let (lost, loser) = bought(show, &[&premium], &mails("lost")).await;
    let (open, holder) = held(show, &["C-5"], &mails("open")).await;
    let (waits, payer) = held(show, &["A-5"], &mails("waits")).await;
    let waiting = pay(&waits, &payer, "pm_card_authenticationRequired").await;
    let waiting = waiting.expect(202).json();
    let block = json!({ "seat_ids": ["A-8"], "reason": "broken" });
    let path = evening.path("/seats/block");
    evening.own.owner.post(&path, block).await.expect(200);

    let to = |dry_run: bool| json!({ "screen_id": evening.small, "dry_run": dry_run });
    let plan = evening.ask(to(true)).await.expect(200).json();
    assert_eq!(plan["dry_run"], true);
    assert_eq!(
        (&plan["bookings"], &plan["seats_kept"]),
        (&json!(5), &json!(4)),
        "{plan}"
    );
    assert_eq!(plan["blocks_dropped"], 1);
    let moved = items(&plan["seats_moved"]);
    assert_eq!(moved.len(), 2);
    for seat in moved {
        assert_eq!(seat["reference"], pair["reference"]);
        assert_eq!(seat["from"]["row"], "D");
    }
    let without = items(&plan["without_room"]);
    assert_eq!(without.len(), 1);
    assert_eq!(without[0]["reference"], lost["reference"]);
    assert_eq!(without[0]["seats"][0]["seat_id"], json!(premium));
    let total = minor(&lost["total_amount"]);
    assert_eq!(minor(&plan["refund_amount"]), total);
    // Nothing happened.
    assert_eq!(evening.noted().await, Vec::<Value>::new());
    assert_eq!(seat_ids(&now(&couple, &pair).await), ["D-1", "D-2"]);
    let (old, gone) = (codes(&keeper, &kept).await, codes(&loser, &lost).await);

    let done = evening.ask(to(false)).await.expect(200).json();
    for member in ["seats_kept", "seats_moved", "without_room", "refund_amount"] {
        assert_eq!(done[member], plan[member], "{member}");
    }
    assert_eq!(done["show"]["screen_name"], "Saal 2");
    assert_eq!(done["show"]["moved"], true, "there is a move to ask for");
    let read = evening.own.owner.get(&evening.path("")).await.expect(200);
    assert_eq!(read.json()["moved"], true);
    let over = until(40, "everybody without room has everything back", || async {
        let path = evening.path("/move");
        let progress = evening.own.owner.get(&path).await.expect(200).json();
        (progress["finished"] == true && progress["refunds_pending"] == 0).then_some(progress)
    })
    .await;
    assert_eq!(
        (&over["bookings_total"], &over["bookings_done"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(over["screen_before"], "Saal 1");
    assert_eq!(minor(&over["refund_amount"]), total);
    let lost = now(&loser, &lost).await;
    assert_eq!(
        (&lost["status"], paid_back(&lost)),
        (&json!("cancelled"), total)
    );
    assert_eq!(seat_ids(&lost), [premium.as_str()], "it says what it was");

    // Seats of the other screen, side by side, and nobody's twice.
    let pair = now(&couple, &pair).await;
    let seats = seat_ids(&pair);
    let said: Vec<&str> = moved
        .iter()
        .map(|seat| text(&seat["to"], "seat_id"))
        .collect();
    assert_eq!(seats, said);
    assert_eq!(seat_ids(&now(&keeper, &kept).await), ["B-2", "B-3"]);
    let states: BTreeMap<String, String> = evening
        .seats()
        .await
        .iter()
        .filter(|seat| seat["status"] != "available")
        .map(|seat| (text(seat, "seat_id").into(), text(seat, "status").into()))
        .collect();
    let sold = [
        ("B-2", "sold"),
        ("B-3", "sold"),
        ("C-5", "held"),
        ("A-5", "held"),
    ];
    let mut expected: BTreeMap<String, String> =
        sold.map(|(seat, state)| (seat.into(), state.into())).into();
    expected.extend(seats.iter().map(|seat| (seat.clone(), "sold".into())));
    assert_eq!(states, expected);

    // A payment under way and a hold go on where they are.
    let simulate = format!("/payments/{}/simulate", text(&waiting, "payment_id"));
    let said = payer.post(&simulate, json!({ "outcome": "succeed" })).await;
    assert_eq!(said.expect(200).json()["status"], "confirmed");
    pay(&open, &holder, "pm_card_visa").await.expect(200);

    let (_, _, door) = person(&evening.own.theater_id, "door").await;
    assert_eq!(evening.scan(&door, &old[0]).await, "revoked");
    assert_eq!(evening.scan(&door, &gone[0]).await, "cancelled");
    for (guest, booking) in [(&keeper, &kept), (&payer, &waits)] {
        let new = codes(guest, booking).await;
        assert_eq!(evening.scan(&door, &new[0]).await, "admitted");
    }
    let noted = evening.noted().await;
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["before"]["screen_name"], "Saal 1");
    assert_eq!(noted[0]["after"]["screen_name"], "Saal 2");
    for (address, subject) in [("pair", "Anderer Saal"), ("lost", "ohne Platz")] {
        let address = mails(address);
        until(20, "the mail of the move", || async {
            let mails = house().mails();
            let mail = |mail: &String| mail.contains(&address) && mail.contains(subject);
            mails.into_iter().find(mail)
        })
        .await;
    }
    // It is not what they bought: the policy is no reason to keep it.
    let back = format!("/cancel/{}", text(&pair, "booking_id"));
    couple.post(&back, json!({})).await.expect(200);
    let all = minor(&pair["total_amount"]);
    until(20, "all of it is back", || async {
        (paid_back(&now(&couple, &pair).await) == all).then_some(())
    })
    .await;
    let good: i64 = database(house())
        .query_row(
            "SELECT count(*) FROM seats WHERE seat >= 20000",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(good, 0, "nothing is left aside");
    verify(house());
}

#[tokio::test]
async fn on_its_screen_everybody_keeps_seat_and_ticket() {
    let evening = Evening::begin().await;
    let (bought, guest) = bought(&evening.show, &["B-2"], "time@example.com").await;
    let code = codes(&guest, &bought).await;
    let later = Utc::now() + TimeDelta::minutes(200);
    let to = |dry_run: bool| json!({ "start": later.format("%Y-%m-%dT%H:%M+00:00").to_string(), "dry_run": dry_run });
    let plan = evening.ask(to(true)).await.expect(200).json();
    assert_eq!(
        (&plan["seats_kept"], &plan["tickets_reissued"]),
        (&json!(1), &json!(0))
    );
    let keyed = |version: &str| {
        let owner = evening.own.owner.with_header("if-match", version);
        owner.with_key(&format!("move-{}", evening.show))
    };
    let seen = evening.own.owner.get(&evening.path("")).await.expect(200);
    let path = evening.path("/move");
    let done = keyed(seen.header("etag")).post(&path, to(false)).await;
    let done = done.expect(200).json();
    let again = keyed(seen.header("etag")).post(&path, to(false)).await;
    assert_eq!(
        again.expect(200).json(),
        done,
        "the same request is the same move"
    );
    assert_eq!(evening.noted().await.len(), 1);
    assert_eq!(codes(&guest, &bought).await.len(), code.len());
    let (_, _, door) = person(&evening.own.theater_id, "door").await;
    assert_eq!(evening.scan(&door, &code[0]).await, "admitted");
    assert_eq!(done["show"]["moved"], false, "only its time is another one");
    let shows = evening.own.owner.get(&evening.own.path("/shows")).await;
    for show in items(&shows.expect(200).json()["items"]) {
        assert_eq!(show["moved"], false);
    }
    evening
        .own
        .owner
        .get(&path)
        .await
        .expect_problem(404, "not_found");
    verify(house());
}

#[tokio::test]
async fn a_move_that_cannot_be_is_refused_with_its_reason() {
    let evening = Evening::begin().await;
    let (bought, guest) = bought(&evening.show, &["B-2"], "stays@example.com").await;
    let other = Evening::show_in(&evening.own, 300, true).await;
    let there = json!({ "screen_id": evening.small, "dry_run": false });
    let seen = evening
        .own
        .owner
        .get(&format!("/manage/shows/{other}"))
        .await;
    let seen = seen.expect(200);
    let owner = evening
        .own
        .owner
        .with_header("if-match", seen.header("etag"));
    owner
        .post(&format!("/manage/shows/{other}/move"), there.clone())
        .await
        .expect(200);
    // The other show begins in 300 minutes and this one ends 100 after its start: 20 of cleaning are missing.
    let close = Utc::now() + TimeDelta::minutes(185);
    for dry_run in [true, false] {
        let body = json!({ "screen_id": evening.small, "dry_run": dry_run,
            "start": close.format("%Y-%m-%dT%H:%M+00:00").to_string() });
        let clash = evening.ask(body).await.expect_problem(409, "show_clash");
        assert_eq!(clash.json()["other_show_id"], json!(other));
    }
    let past = Utc::now() - TimeDelta::minutes(5);
    let past = past.format("%Y-%m-%dT%H:%M+00:00").to_string();
    for body in [
        json!({ "dry_run": true }),
        json!({ "screen_id": evening.own.screen_id, "dry_run": true }),
        json!({ "start": past, "dry_run": false }),
        json!({ "screen_id": evening.small, "seats": { "B-2": "Z-9" }, "dry_run": true }),
        json!({ "screen_id": evening.small, "seats": { "B-1": "A-1" }, "dry_run": true }),
    ] {
        let refused = evening.ask(body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
    }
    let path = evening.path("/move");
    evening
        .own
        .owner
        .post(&path, there.clone())
        .await
        .expect_problem(428, "precondition_required");
    let stale = evening.own.owner.with_header("if-match", "\"1\"");
    stale
        .post(&path, there.clone())
        .await
        .expect_problem(412, "version_mismatch");
    let (_, _, seller) = person(&evening.own.theater_id, "box_office").await;
    seller
        .with_header("if-match", "*")
        .post(&path, there.clone())
        .await
        .expect_problem(403, "forbidden");
    assert_eq!(seat_ids(&now(&guest, &bought).await), ["B-2"]);

    // Somebody decides where one sits.
    let wish = json!({ "screen_id": evening.small, "seats": { "B-2": "C-1" }, "dry_run": true });
    let plan = evening.ask(wish).await.expect(200).json();
    assert_eq!(plan["seats_moved"][0]["to"]["seat_id"], "C-1");

    let cancel = json!({ "reason": "The projector is broken" });
    let path = evening.path("/cancel");
    evening.own.owner.post(&path, cancel).await.expect(200);
    evening
        .ask(there)
        .await
        .expect_problem(409, "show_cancelled");
}

#[tokio::test]
async fn seats_of_a_draft_can_be_kept_for_the_house() {
    let own = own().await;
    let show = Evening::show_in(&own, 180, false).await;
    let path = format!("/manage/shows/{show}/seats");
    let (_, _, seller) = person(&own.theater_id, "box_office").await;
    let body = json!({ "seat_ids": ["C-3"], "reason": "house" });
    seller
        .post(&format!("{path}/block"), body)
        .await
        .expect(200);
    let seats = seller.get(&path).await.expect(200).json();
    let seat = items(&seats["seats"])
        .iter()
        .find(|seat| seat["seat_id"] == "C-3");
    assert_eq!(seat.unwrap()["status"], "blocked");
    let stranger = house().caller();
    stranger
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect_problem(404, "not_found");
    stranger
        .get(&path)
        .await
        .expect_problem(401, "unauthenticated");

    // On sale once, however often it is said.
    let publish = format!("/manage/shows/{show}/published");
    for _ in 0..2 {
        own.owner.put(&publish, json!({})).await.expect(200);
    }
    let audit = own.audit().await;
    let noted = audit
        .iter()
        .filter(|entry| entry["action"] == "show.publish");
    assert_eq!(noted.count(), 1, "what changed nothing is not noted");
    let seats = stranger
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    let seat = items(&seats["seats"])
        .iter()
        .find(|seat| seat["seat_id"] == "C-3");
    assert_eq!(seat.unwrap()["status"], "blocked");
}
