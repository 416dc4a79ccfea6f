//! Letting people in: every verdict, doors that scan at once, and doors with no network.

use crate::{
    manage::{Own, facts, grant, house, own, person, put},
    shared::{account, items, seat_ids, text, unique, verify},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::future::join_all;
use matinee_tests::{Caller, Server, ServerOptions};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const REDEEM: &str = "/manage/tickets/redeem";
const UNDO: &str = "/manage/tickets/redeem/undo";

/// The same, told by a door of this theater.
fn at_door(own: &Own, mut body: Value) -> Value {
    body["theater_id"] = json!(own.theater_id);
    body
}

/// A theater whose doors open four hours before a show, a show in three hours, and somebody at the door.
struct Evening {
    own: Own,
    show: String,
    door: Caller,
}

impl Evening {
    async fn begin() -> Self {
        let own = own().await;
        let mut body = facts();
        body["doors_open_minutes"] = json!(240);
        put(&own.owner, &own.path(""), body).await.expect(200);
        let show = own.show_in(180).await;
        let (_, _, door) = person(&own.theater_id, "door").await;
        Self { own, show, door }
    }

    async fn redeem(&self, body: Value) -> Value {
        let mut body = body;
        body["door"] = json!("North");
        let body = at_door(&self.own, body);
        self.door.post(REDEEM, body).await.expect(200).json()
    }

    async fn scan(&self, code: &str) -> Value {
        self.redeem(json!({ "code": code })).await
    }

    async fn undo(&self, answer: &Value) -> Value {
        let scan = answer["tickets"][0]["first_scan"]["scan_id"].clone();
        let body = at_door(&self.own, json!({ "scan_id": scan }));
        let undone = self.door.post(UNDO, body).await;
        undone.expect(200).json()
    }

    async fn list(&self) -> Value {
        let path = self.own.path(&format!("/door-list?date={}", Self::day()));
        let signed = self.door.get(&path).await.expect(200).json();
        serde_json::from_str(text(&signed, "payload")).unwrap()
    }

    /// The local day of the show.
    fn day() -> String {
        let start = Utc::now() + TimeDelta::minutes(180);
        let local = start.with_timezone(&chrono_tz::Europe::Berlin);
        local.format("%Y-%m-%d").to_string()
    }
}

impl Own {
    /// Makes a show that begins in so many minutes, on sale.
    async fn show_in(&self, minutes: i64) -> String {
        let start = Utc::now() + TimeDelta::minutes(minutes);
        let mut body = self.show_at(&start.format("%Y-%m-%dT%H:%M+00:00").to_string());
        body["publish"] = json!(true);
        let made = self.owner.post(&self.path("/shows"), body).await;
        text(&made.expect(201).json(), "show_id").to_owned()
    }
}

/// The signed codes of a booking's tickets.
async fn codes(guest: &Caller, booking: &Value) -> Vec<String> {
    let path = format!("/bookings/{}/tickets", text(booking, "booking_id"));
    let tickets = guest.get(&path).await.expect(200).json();
    let code = |ticket: &Value| text(ticket, "qr_payload").to_owned();
    items(&tickets["tickets"]).iter().map(code).collect()
}

async fn statuses(guest: &Caller, booking: &Value) -> Vec<String> {
    let path = format!("/bookings/{}/tickets", text(booking, "booking_id"));
    let tickets = guest.get(&path).await.expect(200).json();
    let status = |ticket: &Value| text(ticket, "status").to_owned();
    items(&tickets["tickets"]).iter().map(status).collect()
}

#[tokio::test]
async fn the_first_scan_lets_in_and_the_next_one_says_so() {
    let evening = Evening::begin().await;
    let (booking, guest) = house().caller().buy(&evening.show, 2).await;
    let codes = codes(&guest, &booking).await;
    let first = evening.scan(&codes[0]).await;
    assert_eq!(first["verdict"], "admitted", "{first}");
    assert_eq!(first["reference"], booking["reference"]);
    let show = &first["show"];
    assert_eq!(
        (text(show, "movie_name"), text(show, "screen_name")),
        ("Metropolis", "Saal 1")
    );
    assert_eq!(
        (&show["admitted"], &show["tickets"]),
        (&json!(1), &json!(2))
    );
    let ticket = &first["tickets"][0];
    assert_eq!(text(ticket, "seat_id"), seat_ids(&booking)[0]);
    assert_eq!(text(ticket, "ticket_type"), "Adult");
    assert!(ticket["undo_until"].is_string());
    let again = evening.scan(&codes[0].to_lowercase()).await;
    assert_eq!(again["verdict"], "already");
    assert_eq!(again["tickets"][0]["first_scan"], ticket["first_scan"]);
    assert_eq!(text(&ticket["first_scan"], "door"), "North");
    assert!(text(&again, "words").contains("North"), "{again}");
    assert_eq!(statuses(&guest, &booking).await, ["redeemed", "valid"]);
    // Whoever is in cannot give the ticket back; the other one can.
    let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
    let seats = seat_ids(&booking);
    guest
        .post(&cancel, json!({ "seat_ids": [seats[0]] }))
        .await
        .expect_problem(409, "not_cancellable");
    guest
        .post(&cancel, json!({ "seat_ids": [seats[1]] }))
        .await
        .expect(200);
    assert_eq!(evening.scan(&codes[1]).await["verdict"], "cancelled");

    let undone = evening.undo(&first).await;
    assert_eq!(undone["ticket_id"], ticket["ticket_id"]);
    assert_eq!(undone["first_scan"], json!(null));
    assert_eq!(evening.undo(&first).await, undone, "again is the same");
    assert_eq!(statuses(&guest, &booking).await[0], "valid");
    assert_eq!(evening.scan(&codes[0]).await["verdict"], "admitted");
    let noted = evening.own.audit().await;
    assert_eq!(text(&noted[0], "action"), "ticket.undo");
    verify(house());
}

#[tokio::test]
async fn each_reason_not_to_let_in_is_told() {
    let evening = Evening::begin().await;
    let stranger = house().caller();
    let (booking, guest) = stranger.buy(&evening.show, 1).await;
    let code = codes(&guest, &booking).await.remove(0);
    let tomorrow = evening.own.on_sale(2).await;
    let other = evening
        .redeem(json!({ "code": code, "show_id": tomorrow }))
        .await;
    assert_eq!(other["verdict"], "wrong_show");
    assert!(text(&other, "words").contains("Metropolis"));

    let (later, theirs) = stranger.buy(&tomorrow, 1).await;
    let early = codes(&theirs, &later).await.remove(0);
    assert_eq!(evening.scan(&early).await["verdict"], "too_early");
    let given_back = format!("/cancel/{}", text(&later, "booking_id"));
    theirs.post(&given_back, json!({})).await.expect(200);
    let gone = evening.scan(&early).await;
    assert_eq!(gone["verdict"], "cancelled");
    assert_eq!(gone["tickets"][0]["seat_id"], later["seats"][0]["seat_id"]);
    let typed = evening.scan(text(&later, "reference")).await;
    assert_eq!(typed["verdict"], "cancelled");

    let elsewhere = own().await;
    let body = at_door(&elsewhere, json!({ "code": code, "door": "South" }));
    let answer = elsewhere.owner.post(REDEEM, body).await.expect(200).json();
    assert_eq!(answer["verdict"], "wrong_theater");
    assert_eq!(answer["show"], json!(null), "not theirs to see");

    let mut altered = code.clone().into_bytes();
    altered[30] = if altered[30] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    for forged in [&altered, "MT1:", "MT1:AAAA", &code[..code.len() - 2]] {
        assert_eq!(evening.scan(forged).await["verdict"], "forged", "{forged}");
    }
    for nothing in ["22222-22222", "hello", "https://example.com"] {
        assert_eq!(
            evening.scan(nothing).await["verdict"],
            "unknown",
            "{nothing}"
        );
    }
    let (held, _) = stranger.hold(&evening.show, 1).await;
    let unpaid = evening.scan(text(&held, "reference")).await;
    assert_eq!(unpaid["verdict"], "not_paid");
    // Nobody came in by any of it.
    assert_eq!(unpaid["show"]["admitted"], json!(0));
    assert_eq!(statuses(&guest, &booking).await, ["valid"]);

    for (wrong, pointer) in [
        (json!({ "code": "", "door": "x" }), "/code"),
        (json!({ "code": "x", "door": " " }), "/door"),
        (
            json!({ "code": code, "door": "x", "scanned_at": Utc::now() + TimeDelta::hours(1) }),
            "/scanned_at",
        ),
        (
            json!({ "code": code, "door": "x", "scanned_at": Utc::now() - TimeDelta::days(3) }),
            "/scanned_at",
        ),
    ] {
        let wrong = at_door(&evening.own, wrong);
        let problem = evening.door.post(REDEEM, wrong).await;
        let problem = problem.expect_problem(422, "invalid").json();
        assert_eq!(problem["errors"][0]["pointer"], json!(pointer));
    }
    let nobody = json!({ "scan_id": "00000000-0000-4000-8000-000000000000" });
    let nobody = at_door(&evening.own, nobody);
    evening
        .door
        .post(UNDO, nobody)
        .await
        .expect_problem(404, "not_found");
    verify(house());
}

#[tokio::test]
async fn a_reference_lets_in_one_some_or_all() {
    let evening = Evening::begin().await;
    let (booking, _) = house().caller().buy(&evening.show, 3).await;
    let reference = text(&booking, "reference").to_lowercase();
    let choose = evening.scan(&reference).await;
    assert_eq!(choose["verdict"], "choose", "{choose}");
    let tickets = items(&choose["tickets"]);
    assert_eq!(tickets.len(), 3);
    assert!(tickets.iter().all(|ticket| ticket["verdict"] == "admitted"));
    assert_eq!(choose["show"]["admitted"], json!(0), "nobody yet");
    let seat = text(&tickets[0], "seat_id");
    let one = evening.scan(&format!("{reference}/{seat}")).await;
    assert_eq!(one["verdict"], "admitted", "{one}");
    assert_eq!(items(&one["tickets"]).len(), 1);
    let second = json!({ "code": reference, "ticket_ids": [tickets[1]["ticket_id"]] });
    assert_eq!(evening.redeem(second).await["verdict"], "admitted");
    let all = evening
        .redeem(json!({ "code": reference, "ticket_ids": [] }))
        .await;
    let verdicts: Vec<_> = items(&all["tickets"])
        .iter()
        .map(|one| text(one, "verdict"))
        .collect();
    assert_eq!(verdicts, ["already", "already", "admitted"]);
    assert_eq!(all["verdict"], "admitted");
    assert_eq!(all["show"]["admitted"], json!(3));
    assert_eq!(evening.scan(&reference).await["verdict"], "already");
    let foreign =
        json!({ "code": reference, "door": "x", "ticket_ids": [format!("k{}", "a".repeat(52))] });
    let foreign = at_door(&evening.own, foreign);
    evening
        .door
        .post(REDEEM, foreign)
        .await
        .expect_problem(422, "invalid");
    verify(house());
}

#[tokio::test]
async fn a_scan_is_made_once_by_its_key() {
    let evening = Evening::begin().await;
    let (booking, guest) = house().caller().buy(&evening.show, 1).await;
    let code = codes(&guest, &booking).await.remove(0);
    let body = at_door(&evening.own, json!({ "code": code, "door": "North" }));
    let keyed = evening.door.with_key("scan 1");
    let answers = join_all((0..6).map(|_| keyed.post(REDEEM, body.clone()))).await;
    let first = keyed.post(REDEEM, body.clone()).await.expect(200);
    assert_eq!(first.json()["verdict"], "admitted");
    for answer in answers {
        assert_eq!(answer.expect(200).bytes, first.bytes);
    }
    let other = evening.door.with_key("scan 2");
    let second = other.post(REDEEM, body).await.expect(200).json();
    assert_eq!(second["verdict"], "already");
}

#[tokio::test]
async fn of_doors_that_scan_at_once_one_lets_in() {
    let evening = Evening::begin().await;
    let (booking, guest) = house().caller().buy(&evening.show, 8).await;
    for code in codes(&guest, &booking).await {
        let scans = join_all((0..6).map(|_| evening.scan(&code))).await;
        let verdict = |wanted: &str| {
            let of = scans.iter().filter(|scan| scan["verdict"] == wanted);
            of.count()
        };
        assert_eq!(
            (verdict("admitted"), verdict("already")),
            (1, 5),
            "{scans:?}"
        );
    }
    verify(house());
}

#[tokio::test]
async fn a_ticket_is_used_or_given_back() {
    let evening = Evening::begin().await;
    for round in 0..8 {
        let (booking, guest) = house().caller().buy(&evening.show, 1).await;
        let code = codes(&guest, &booking).await.remove(0);
        let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
        let (scan, back) = tokio::join!(evening.scan(&code), guest.post(&cancel, json!({})));
        match (scan["verdict"].as_str().unwrap(), back.status) {
            ("admitted", 409) | ("cancelled", 200) => {}
            other => panic!("round {round}: {other:?}"),
        }
    }
    verify(house());
}

#[tokio::test]
async fn a_test_ticket_opens_no_door_of_a_live_server() {
    let folder = matinee_tests::server::demo_folder(true).unwrap();
    let mut options = ServerOptions {
        arguments: vec!["--staff-second-factor".into(), "off".into()],
        ..ServerOptions::default()
    };
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let (booking, _) = caller.buy(text(&show, "show_id"), 1).await;
    assert!(server.stop().unwrap().success());
    // The same database without the sandbox.
    options
        .arguments
        .extend(["--gateway".into(), "none".into()]);
    let server = Server::start_in(folder.path(), &options).unwrap();
    let (email, _, door) = account(&server.caller()).await;
    let theater = text(&show, "theater_id");
    let (done, words) = grant(&server, &email, theater, "door");
    assert!(done, "{words}");
    let body =
        json!({ "theater_id": theater, "code": text(&booking, "reference"), "door": "North" });
    let answer = door.post(REDEEM, body).await.expect(200).json();
    assert_eq!(answer["verdict"], "test_ticket");
}

/// What begins in the night stands in the list of its evening, for doors with no network then, and in that of its own day.
#[tokio::test]
async fn a_late_show_is_in_the_list_of_its_evening() {
    let evening = Evening::begin().await;
    let berlin = Utc::now().with_timezone(&chrono_tz::Europe::Berlin);
    let day = berlin.date_naive() + TimeDelta::days(2);
    let night = day + TimeDelta::days(1);
    let late = evening.own.show_at(&format!("{night}T00:30"));
    let path = evening.own.path("/shows");
    let late = evening.own.owner.post(&path, late).await.expect(201).json();
    for (date, there) in [
        (day - TimeDelta::days(1), false),
        (day, true),
        (night, true),
    ] {
        let path = evening.own.path(&format!("/door-list?date={date}"));
        let signed = evening.door.get(&path).await.expect(200).json();
        let list: Value = serde_json::from_str(text(&signed, "payload")).unwrap();
        let mut shows = items(&list["shows"]).iter();
        let found = shows.any(|show| show["show_id"] == late["show_id"]);
        assert_eq!(found, there, "{date}");
    }
}

/// What a door with no network keeps is ours by its signature, and is asked for again without cost.
#[tokio::test]
async fn a_door_list_is_signed_and_changes_with_its_tickets() {
    let evening = Evening::begin().await;
    let (booking, guest) = house().caller().buy(&evening.show, 2).await;
    let codes = codes(&guest, &booking).await;
    let path = evening
        .own
        .path(&format!("/door-list?date={}", Evening::day()));
    let answer = evening.door.get(&path).await.expect(200);
    let signed = answer.json();
    let bytes = |member: &str| {
        let text = text(&signed, member).as_bytes();
        BASE64URL_NOPAD.decode(text).unwrap()
    };
    let key: [u8; 32] = bytes("public_key").try_into().unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let signature = Signature::from_slice(&bytes("signature")).unwrap();
    let payload = text(&signed, "payload");
    key.verify_strict(payload.as_bytes(), &signature).unwrap();
    let altered = payload.replace("\"revision\":1", "\"revision\":2");
    assert!(key.verify_strict(altered.as_bytes(), &signature).is_err());

    let list: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(list["date"], json!(Evening::day()));
    assert_eq!(list["test_mode"], json!(true));
    let shows = items(&list["shows"]);
    assert_eq!(text(&shows[0], "show_id"), evening.show);
    let tickets = items(&shows[0]["tickets"]);
    assert_eq!(tickets.len(), 2);
    for ticket in tickets {
        assert_eq!(ticket["reference"], booking["reference"]);
        assert_eq!(ticket["first_scan"], json!(null));
    }
    let digest = |code: &String| BASE64URL_NOPAD.encode(&Sha256::digest(code.as_bytes())[..16]);
    let listed: Vec<_> = tickets
        .iter()
        .map(|ticket| text(ticket, "digest").to_owned())
        .collect();
    assert_eq!(listed, codes.iter().map(digest).collect::<Vec<_>>());

    let knows = evening
        .door
        .with_header("if-none-match", answer.header("etag"));
    let same = knows.get(&path).await.expect(304);
    // Doors set their clocks by it, also by an answer that has nothing new: to the millisecond.
    for answer in [&answer, &same] {
        let told = answer.header("server-time");
        let time: DateTime<Utc> = told.parse().unwrap();
        let off = (Utc::now() - time).abs();
        assert!(off < TimeDelta::minutes(1), "{told} is {off} off");
        assert_eq!(told.len(), "2030-05-04T17:30:00.123Z".len(), "{told}");
    }
    let first = evening.scan(&codes[0]).await;
    knows.get(&path).await.expect(200);
    let newer = evening.list().await;
    assert!(newer["serial"].as_u64() > list["serial"].as_u64());
    let of = &newer["shows"][0]["tickets"][0];
    assert_eq!(of["first_scan"], first["tickets"][0]["first_scan"]);
    evening.undo(&first).await;
    let newest = evening.list().await;
    assert!(newest["serial"].as_u64() > newer["serial"].as_u64());
    evening
        .door
        .get(&evening.own.path("/door-list?date=tomorrow"))
        .await
        .expect_problem(422, "invalid");
    let (_, _, nobody) = account(&house().caller()).await;
    nobody.get(&path).await.expect_problem(404, "not_found");
}

fn offline(number: u32, ticket: &Value, show: &str, door: &str, seconds: i64) -> Value {
    json!({
        "scan_id": format!("00000000-0000-4000-8000-{number:012}"),
        "ticket_id": ticket["ticket_id"], "show_id": show, "door": door, "verdict": "admitted",
        "scanned_at": Utc::now() - TimeDelta::minutes(10) + TimeDelta::seconds(seconds),
    })
}

#[tokio::test]
async fn doors_without_a_network_tell_later_and_the_first_scan_counts() {
    let evening = Evening::begin().await;
    let (booking, guest) = house().caller().buy(&evening.show, 3).await;
    let list = evening.list().await;
    let tickets = items(&list["shows"][0]["tickets"]).clone();
    let first = unique() as u32 * 1_000;
    let scan = |number, ticket: usize, door, seconds| {
        offline(
            first + number,
            &tickets[ticket],
            &evening.show,
            door,
            seconds,
        )
    };
    let path = evening.own.path("/scans");
    let tell = async |scans: Vec<Value>| {
        let told = evening.door.post(&path, json!({ "scans": scans })).await;
        told.expect(200).json()
    };
    let south = vec![scan(1, 0, "South", 60), scan(2, 1, "South", 61)];
    let told = tell(south.clone()).await;
    assert_eq!((&told["taken"], &told["known"]), (&json!(2), &json!(0)));
    assert_eq!((&told["doubles"], &told["wrong"]), (&json!([]), &json!([])));
    assert_eq!(
        statuses(&guest, &booking).await,
        ["redeemed", "redeemed", "valid"]
    );
    // The north door scanned the first ticket earlier, and the second one at the same moment.
    let mut twin = scan(3, 1, "North", 0);
    twin["scanned_at"] = south[1]["scanned_at"].clone();
    let told = tell(vec![south[0].clone(), scan(4, 0, "North", 5), twin.clone()]).await;
    assert_eq!((&told["taken"], &told["known"]), (&json!(2), &json!(1)));
    let doors = |double: &Value| -> Vec<String> {
        let of = items(&double["scans"]).iter();
        of.map(|scan| text(scan, "door").to_owned()).collect()
    };
    let mut doubles = items(&told["doubles"]).clone();
    doubles.sort_by_key(|double| double["ticket_id"] != tickets[0]["ticket_id"]);
    assert_eq!(doubles.len(), 2, "{told}");
    assert_eq!(doors(&doubles[0]), ["North", "South"]);
    assert_eq!(
        doors(&doubles[1]),
        ["South", "North"],
        "of one moment the smaller id"
    );
    // A millisecond makes a scan the earlier one, whoever tells first; and it is told back as it was.
    let of_a_second = |number, door, millis: &str| {
        let mut scan = scan(number, 0, door, 0);
        scan["scanned_at"] = json!(format!("{}.{millis}Z", &text(&scan, "scanned_at")[..19]));
        scan
    };
    let (late, soon) = (of_a_second(8, "West", "501"), of_a_second(9, "East", "500"));
    tell(vec![late.clone()]).await;
    let told = tell(vec![soon.clone()]).await;
    assert_eq!(doors(&told["doubles"][0])[..2], ["East", "West"], "{told}");
    for (at, scan) in [soon, late].iter().enumerate() {
        let back = text(&told["doubles"][0]["scans"][at], "scanned_at");
        let back: DateTime<Utc> = back.parse().unwrap();
        assert_eq!(
            json!(back.to_rfc3339_opts(SecondsFormat::Millis, true)),
            scan["scanned_at"]
        );
    }
    let newer = evening.list().await;
    let who = |at: usize| text(&newer["shows"][0]["tickets"][at]["first_scan"], "door").to_owned();
    assert_eq!((who(0), who(1)), ("East".into(), "South".into()));

    // One that was turned away lets nobody in, and one of a ticket that was given back is told of.
    let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
    let seat = json!({ "seat_ids": [tickets[2]["seat_id"]] });
    let mut refused = scan(5, 2, "North", 7);
    refused["verdict"] = json!("too_early");
    tell(vec![refused]).await;
    guest.post(&cancel, seat).await.expect(200);
    let told = tell(vec![scan(6, 2, "North", 8)]).await;
    assert_eq!(told["wrong"][0]["verdict"], "cancelled", "{told}");
    for wrong in [
        json!({ "scans": [] }),
        json!({ "scans": vec![scan(10, 0, "x", 0); 1_001] }),
    ] {
        let problem = evening.door.post(&path, wrong).await;
        problem.expect_problem(422, "invalid");
    }
    verify(house());
}
