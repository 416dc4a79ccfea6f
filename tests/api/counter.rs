//! The counter: selling, printing, and shifts whose cash adds up.

use crate::{
    manage::{Own, house, own, person},
    shared::{account, items, minor, seat_ids, text, until, verify},
};
use futures_util::future::join_all;
use matinee_tests::{Caller, Server, ServerOptions};
use serde_json::{Value, json};

/// A seller with an open shift at a window.
struct Window {
    own: Own,
    show: String,
    seller: Caller,
    shift: String,
}

async fn open_shift(own: &Own, seller: &Caller, window: &str) -> String {
    let body = json!({ "window": window, "float_minor": 10_000 });
    let opened = seller.post(&own.path("/shifts"), body).await.expect(201);
    text(&opened.json(), "shift_id").to_owned()
}

impl Window {
    async fn open() -> Self {
        let own = own().await;
        let show = own.on_sale(2).await;
        let (_, _, seller) = person(&own.theater_id, "box_office").await;
        let shift = open_shift(&own, &seller, "1").await;
        Self {
            own,
            show,
            seller,
            shift,
        }
    }

    fn path(&self) -> String {
        format!("/manage/shows/{}/sell", self.show)
    }

    fn cash(&self, more: Value) -> Value {
        let mut body = json!({ "method": "cash", "shift_id": self.shift });
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    }

    async fn sells(&self, body: Value) -> Value {
        self.seller
            .post(&self.path(), body)
            .await
            .expect(201)
            .json()
    }

    async fn shift(&self) -> Value {
        let path = self.own.path(&format!("/shifts/{}", self.shift));
        self.seller.get(&path).await.expect(200).json()
    }

    fn close_path(&self) -> String {
        self.own.path(&format!("/shifts/{}/close", self.shift))
    }
}

#[tokio::test]
async fn seats_are_sold_at_the_counter_with_their_tickets() {
    let window = Window::open().await;
    let prices = format!("/manage/shows/{}/counter", window.show);
    let shown = window.seller.get(&prices).await.expect(200).json();
    let child = items(&shown["ticket_types"])
        .iter()
        .find(|kind| kind["code"] == "child");
    assert_eq!(minor(&child.unwrap()["prices"][0]["price"]), 500);
    let body = window.cash(json!({
        "seat_ids": ["B-1", "B-2"], "ticket_types": { "B-2": "child" }, "tendered_minor": 2_000,
    }));
    let sold = window.sells(body).await;
    let booking = &sold["booking"];
    assert_eq!(text(booking, "status"), "confirmed");
    assert_eq!(minor(&booking["total_amount"]), 1_500);
    assert_eq!(minor(&sold["change"]), 500);
    assert_eq!(text(&booking["payments"][0], "gateway"), "counter");
    assert_eq!(text(&booking["payments"][0], "method"), "Cash");
    let tickets = items(&sold["tickets"]);
    let seats: Vec<_> = tickets
        .iter()
        .map(|ticket| text(ticket, "seat_id"))
        .collect();
    assert_eq!(seats, ["B-1", "B-2"]);
    assert!(
        tickets
            .iter()
            .all(|ticket| text(ticket, "qr_payload").starts_with("MT1:"))
    );
    let card = json!({ "best": 3, "method": "terminal", "shift_id": window.shift });
    let by_card = window.sells(card).await;
    assert_eq!(by_card["change"], json!(null));
    let shift = window.shift().await;
    assert_eq!(minor(&shift["cash_sales"]), 1_500);
    assert_eq!(
        minor(&shift["terminal_sales"]),
        minor(&by_card["booking"]["total_amount"])
    );
    assert_eq!(minor(&shift["expected"]), 11_500);
    assert_eq!(shift["sales"], json!(2));
    let noted = window.own.audit().await;
    assert_eq!(text(&noted[0], "action"), "counter.sell");
    assert_eq!(noted[0]["object"], by_card["booking"]["booking_id"]);
    assert_eq!(
        noted[0]["after"]["reference"],
        by_card["booking"]["reference"]
    );
    // Bought at the counter, given back at the counter.
    let cancel = format!("/cancel/{}", text(booking, "booking_id"));
    window
        .seller
        .post(&cancel, json!({}))
        .await
        .expect_problem(404, "not_found");
    verify(house());
}

#[tokio::test]
async fn limits_of_the_web_do_not_bind_the_counter() {
    let window = Window::open().await;
    // More than a booking of the web has, and seats that leave single ones.
    let sold = window.sells(window.cash(json!({ "best": 20 }))).await;
    assert_eq!(items(&sold["booking"]["seats"]).len(), 20);
    let too_many = window.cash(json!({ "best": 101 }));
    let problem = window.seller.post(&window.path(), too_many).await;
    let problem = problem.expect_problem(422, "invalid").json();
    assert_eq!(problem["errors"][0]["pointer"], "/best");
    let taken = window.cash(json!({ "seat_ids": [sold["booking"]["seats"][0]["seat_id"]] }));
    window
        .seller
        .post(&window.path(), taken)
        .await
        .expect_problem(409, "seats_unavailable");
    let free = |body: Value| async {
        let answer = window.seller.post(&window.path(), window.cash(body)).await;
        answer.json()
    };
    let less = free(json!({ "best": 1, "tendered_minor": 10 })).await;
    assert_eq!(less["errors"][0]["pointer"], "/tendered_minor");
    let money = json!({ "amount_minor": 1, "currency": "EUR" });
    let other = free(json!({ "best": 1, "expected_total": money })).await;
    assert_eq!(other["code"], "price_changed");
    for (wrong, pointer) in [
        (json!({ "method": "cash", "best": 1 }), "/shift_id"),
        (
            json!({ "method": "cash", "best": 1, "shift_id": format!("h{}", "a".repeat(26)) }),
            "/shift_id",
        ),
        (window.cash(json!({})), "/seat_ids"),
        (
            window.cash(json!({ "best": 1, "email": "nobody" })),
            "/email",
        ),
        (
            json!({ "method": "terminal", "best": 1, "shift_id": window.shift, "tendered_minor": 5 }),
            "/tendered_minor",
        ),
    ] {
        let problem = window.seller.post(&window.path(), wrong).await;
        let problem = problem.expect_problem(422, "invalid").json();
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let map = format!("/shows/{}/seats", window.show);
    let map = window.seller.get(&map).await.expect(200).json();
    let sold = items(&map["seats"])
        .iter()
        .filter(|seat| seat["status"] != "available");
    assert_eq!(sold.count(), 20, "what was refused holds no seat");
    verify(house());
}

#[tokio::test]
async fn invitations_are_given_by_who_may() {
    let window = Window::open().await;
    let body = json!({ "best": 2, "method": "invitation" });
    window
        .seller
        .post(&window.path(), body.clone())
        .await
        .expect_problem(403, "forbidden");
    let (_, _, manager) = person(&window.own.theater_id, "manager").await;
    let given = manager.post(&window.path(), body).await.expect(201).json();
    assert_eq!(minor(&given["booking"]["total_amount"]), 0);
    assert_eq!(items(&given["tickets"]).len(), 2);
    let code = text(&given["tickets"][0], "qr_payload");
    let theater = &window.own.theater_id;
    let redeem = json!({ "theater_id": theater, "code": code, "door": "North" });
    let early = manager
        .post("/manage/tickets/redeem", redeem)
        .await
        .expect(200)
        .json();
    assert_eq!(early["verdict"], "too_early", "a ticket like any other");
    let shift = open_shift(&window.own, &manager, "2").await;
    let with_shift = json!({ "best": 1, "method": "invitation", "shift_id": shift });
    manager.post(&window.path(), with_shift).await.expect(201);
    let path = window.own.path(&format!("/shifts/{shift}"));
    let shift = manager.get(&path).await.expect(200).json();
    assert_eq!(
        (&shift["invitations"], &shift["sales"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(minor(&shift["expected"]), 10_000);
    verify(house());
}

#[tokio::test]
async fn a_sale_is_made_once_by_its_key() {
    let window = Window::open().await;
    let path = window.path();
    let keyed = window.seller.with_key("sale 1");
    let body = window.cash(json!({ "best": 2, "tendered_minor": 5_000 }));
    let first = keyed.post(&window.path(), body.clone()).await.expect(201);
    let answers = join_all((0..4).map(|_| keyed.post(&path, body.clone()))).await;
    for answer in answers {
        assert_eq!(answer.expect(201).bytes, first.bytes);
    }
    let other = window.cash(json!({ "best": 3 }));
    keyed
        .post(&window.path(), other)
        .await
        .expect_problem(422, "idempotency_key_reused");
    assert_eq!(window.shift().await["sales"], json!(1));
    // At once, from the first request on.
    let keyed = window.seller.with_key("sale 2");
    let answers = join_all((0..6).map(|_| keyed.post(&path, body.clone()))).await;
    let again = keyed.post(&window.path(), body).await.expect(201);
    for answer in answers {
        assert!(
            matches!(answer.status, 201 | 409 | 503),
            "{}",
            answer.status
        );
        if answer.status == 201 {
            assert_eq!(answer.bytes, again.bytes);
        }
    }
    assert_eq!(window.shift().await["sales"], json!(2));
    verify(house());
}

/// Two windows and the web want the same seats: each is sold once, and the drawers hold what was sold there.
#[tokio::test]
async fn windows_and_the_web_never_sell_a_seat_twice() {
    let window = Window::open().await;
    let (_, _, second) = person(&window.own.theater_id, "box_office").await;
    let shift = open_shift(&window.own, &second, "2").await;
    let web = house().caller();
    let mut sold = [0; 3];
    for row in ["A", "B", "C", "D"] {
        for number in ["1", "3", "5"] {
            let next = number.parse::<u16>().unwrap() + 1;
            let seats = json!([format!("{row}-{number}"), format!("{row}-{next}")]);
            let here = window.cash(json!({ "seat_ids": seats }));
            let there = json!({ "seat_ids": seats, "method": "cash", "shift_id": shift });
            let path = window.path();
            let book = json!({ "show_id": window.show, "seat_ids": seats, "guest_email": "g@example.com" });
            let online = async {
                let held = web.post("/book", book).await;
                if held.status != 201 {
                    return held.status;
                }
                let held = held.json();
                let guest = web.with_token(text(&held, "guest_token"));
                let pay =
                    json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
                guest.post("/payment", pay).await.expect(200);
                201
            };
            let (one, two, three) = tokio::join!(
                window.seller.post(&path, here),
                second.post(&path, there),
                online
            );
            let statuses = [one.status, two.status, three];
            let winners: Vec<_> = (0..3).filter(|at| statuses[*at] == 201).collect();
            assert_eq!(winners.len(), 1, "{statuses:?}");
            assert!(
                statuses.iter().all(|status| matches!(status, 201 | 409)),
                "{statuses:?}"
            );
            sold[winners[0]] += 1;
        }
    }
    assert_eq!(sold.iter().sum::<i64>(), 12, "{sold:?}");
    let path = window.own.path(&format!("/shifts/{shift}"));
    let there = second.get(&path).await.expect(200).json();
    assert_eq!(window.shift().await["sales"], json!(sold[0]));
    assert_eq!(there["sales"], json!(sold[1]));
    verify(house());
}

#[tokio::test]
async fn a_shift_is_counted_at_its_end() {
    let window = Window::open().await;
    let shifts = window.own.path("/shifts");
    let again = json!({ "window": "2", "float_minor": 0 });
    window
        .seller
        .post(&shifts, again)
        .await
        .expect_problem(409, "shift_open");
    let (_, _, other) = person(&window.own.theater_id, "box_office").await;
    let same = json!({ "window": "1", "float_minor": 0 });
    other
        .post(&shifts, same)
        .await
        .expect_problem(409, "shift_open");
    let foreign = window.own.path(&format!("/shifts/{}", window.shift));
    other.get(&foreign).await.expect_problem(403, "forbidden");
    other
        .post(&window.close_path(), json!({ "counted_minor": 0 }))
        .await
        .expect_problem(403, "forbidden");
    // Nobody sells from another's drawer.
    let theirs = window.cash(json!({ "best": 1 }));
    other
        .post(&window.path(), theirs)
        .await
        .expect_problem(422, "invalid");
    let sold = window.sells(window.cash(json!({ "best": 2 }))).await;
    let total = minor(&sold["booking"]["total_amount"]);
    let keyed = window.seller.with_key("close");
    let count = json!({ "counted_minor": 10_000 + total - 50 });
    let closed = keyed
        .post(&window.close_path(), count.clone())
        .await
        .expect(200);
    let shift = closed.json();
    assert_eq!(minor(&shift["expected"]), 10_000 + total);
    assert_eq!(minor(&shift["difference"]), -50);
    assert_eq!(
        keyed.post(&window.close_path(), count).await.bytes,
        closed.bytes
    );
    window
        .seller
        .post(&window.close_path(), json!({ "counted_minor": 1 }))
        .await
        .expect_problem(409, "shift_closed");
    let late = window.cash(json!({ "best": 1 }));
    window
        .seller
        .post(&window.path(), late)
        .await
        .expect_problem(409, "shift_closed");
    let own = window.seller.get(&shifts).await.expect(200).json();
    assert_eq!(items(&own["items"]).len(), 1);
    open_shift(&window.own, &other, "1").await;
    let all = window
        .own
        .owner
        .get(&format!("{shifts}?limit=1"))
        .await
        .expect(200)
        .json();
    assert_eq!(items(&all["items"]).len(), 1);
    let next = text(&all, "next_cursor");
    let rest = window
        .own
        .owner
        .get(&format!("{shifts}?cursor={next}"))
        .await;
    let rest = rest.expect(200).json();
    assert_eq!(rest["items"][0]["shift_id"], json!(window.shift));
    let open = window.own.owner.get(&format!("{shifts}?open=true")).await;
    assert_eq!(items(&open.expect(200).json()["items"]).len(), 1);
    let noted = window.own.audit().await;
    let close = noted
        .iter()
        .find(|one| text(one, "action") == "shift.close")
        .unwrap();
    assert_eq!(minor(&close["after"]["difference"]), -50);
    verify(house());
}

#[tokio::test]
async fn tickets_are_printed_at_the_counter() {
    let window = Window::open().await;
    let sold = window.sells(window.cash(json!({ "best": 2 }))).await;
    let id = text(&sold["booking"], "booking_id");
    let print = |query: &str| format!("/manage/bookings/{id}/print{query}");
    let pdf = window.seller.get(&print("")).await.expect(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    for (query, square) in [("?format=escpos", 8), ("?format=escpos&width=58", 5)] {
        let paper = window.seller.get(&print(query)).await.expect(200).bytes;
        for ticket in items(&sold["tickets"]) {
            // Store the code's text, then print it: what a printer draws a code from.
            let code = text(ticket, "qr_payload").as_bytes();
            let [low, high, ..] = (code.len() + 3).to_le_bytes();
            let store = [b"\x1d(k", &[low, high][..], b"1P0", code].concat();
            assert!(contains(&paper, &store), "{query}");
        }
        assert!(contains(
            &paper,
            &[0x1d, b'(', b'k', 3, 0, b'1', b'C', square]
        ));
        assert!(contains(&paper, b"Metropolis"));
        let cuts = paper.windows(4).filter(|bytes| *bytes == b"\x1dVB\0");
        assert_eq!(cuts.count(), 2, "each by itself");
    }
    window
        .seller
        .get(&print("?format=docx"))
        .await
        .expect_problem(422, "invalid");
    let (_, _, door) = person(&window.own.theater_id, "door").await;
    door.get(&print("")).await.expect_problem(403, "forbidden");
    let (held, _) = house().caller().hold(&window.show, 1).await;
    let path = format!("/manage/bookings/{}/print", text(&held, "booking_id"));
    window
        .seller
        .get(&path)
        .await
        .expect_problem(409, "not_confirmed");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whoever left an address gets the tickets by mail too; what was bought at the counter is given back there.
#[tokio::test]
async fn tickets_may_be_mailed_and_are_given_back_at_the_counter() {
    let window = Window::open().await;
    let email = format!("counter{}@example.com", crate::shared::unique());
    let sold = window
        .sells(window.cash(json!({ "best": 1, "email": email })))
        .await;
    let booking = &sold["booking"];
    until(10, "the tickets by mail", || async {
        let mails = house().mails();
        mails.into_iter().find(|mail| mail.contains(&email))
    })
    .await;
    let stranger = house().caller();
    let recover = json!({ "reference": booking["reference"], "email": email });
    stranger
        .post("/bookings/recover", recover)
        .await
        .expect(202);
    let secret = crate::shared::mailed_secret(house(), &email, "/recover").await;
    let opened = stranger
        .post("/bookings/recover/redeem", json!({ "token": secret }))
        .await;
    let opened = opened.expect(200).json();
    let guest = stranger.with_token(text(&opened["booking"], "guest_token"));
    let cancel = format!("/cancel/{}", text(booking, "booking_id"));
    let problem = guest.post(&cancel, json!({})).await;
    let problem = problem.expect_problem(409, "not_cancellable").json();
    assert!(text(&problem, "detail").contains("counter"), "{problem}");
    // Customers are not offered the counter.
    let (held, guest) = stranger.hold(&window.show, 1).await;
    let methods = &held["payment_methods"];
    assert!(!methods.to_string().contains("cash"), "{methods}");
    for method in [format!("cash:{}", window.shift), "invitation".into()] {
        let pay = json!({ "booking_id": held["booking_id"], "payment_method": method });
        guest
            .post("/payment", pay)
            .await
            .expect_problem(402, "payment_declined");
    }
    assert_eq!(seat_ids(booking).len(), 1);
    verify(house());
}

/// The counter needs nobody else: it sells on a server that takes no other payments.
#[tokio::test]
async fn the_counter_works_without_another_gateway() {
    let options = ServerOptions {
        arguments: vec![
            "--staff-second-factor".into(),
            "off".into(),
            "--gateway".into(),
            "none".into(),
        ],
        ..ServerOptions::default()
    };
    let server = Server::start(&options).unwrap();
    let show = server.caller().some_show().await;
    let theater = text(&show, "theater_id");
    let (email, _, seller) = account(&server.caller()).await;
    let (done, words) = crate::manage::grant(&server, &email, theater, "box_office");
    assert!(done, "{words}");
    let body = json!({ "window": "1", "float_minor": 0 });
    let path = format!("/manage/theaters/{theater}/shifts");
    let shift = seller.post(&path, body).await.expect(201).json();
    let sell = format!("/manage/shows/{}/sell", text(&show, "show_id"));
    let body = json!({ "best": 2, "method": "terminal", "shift_id": shift["shift_id"] });
    let sold = seller.post(&sell, body).await.expect(201).json();
    assert_eq!(sold["booking"]["test"], json!(false), "real money");
    verify(&server);
}
