//! Bad input of many kinds: a typed 4xx each time, never a 5xx, and nothing is changed.

use crate::shared::{account, demo, show, stranger, text};
use matinee_tests::{Answer, Caller};
use reqwest::Method;
use serde_json::{Value, json};

async fn raw(caller: &Caller, path: &str, body: &[u8]) -> Answer {
    caller
        .send(Method::POST, path, Some(body.to_vec()))
        .await
        .unwrap()
}

#[track_caller]
fn typed(answer: &Answer, what: &str) {
    assert!(
        (400..500).contains(&answer.status),
        "{what}: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.bytes)
    );
    assert!(
        answer
            .header("content-type")
            .starts_with("application/problem+json"),
        "{what}"
    );
    assert!(!answer.code().is_empty(), "{what}");
}

#[tokio::test]
async fn what_is_no_json_is_400() {
    let caller = stranger();
    let deep = "[".repeat(5000);
    for body in [
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        b"42",
        b"\xff\xfe",
        b"{\"show_id\":",
        b"{}{}",
        b"{\"show_id\": NaN}",
        deep.as_bytes(),
        b"{\"show_id\":\"a\",\"show_id\":\"b\"}",
    ] {
        for path in ["/book", "/payment", "/auth/login", "/bookings/recover"] {
            typed(
                &raw(&caller, path, body).await,
                &format!(
                    "{path} {}",
                    String::from_utf8_lossy(&body[..body.len().min(40)])
                ),
            );
        }
    }
    raw(&caller, "/book", b"{")
        .await
        .expect_problem(400, "malformed");
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_read_and_refused() {
    let caller = stranger();
    let filler = |bytes: usize| format!("{{\"show_id\":\"{}\"}}", "a".repeat(bytes));
    raw(&caller, "/book", filler(1024 * 1024).as_bytes())
        .await
        .expect_problem(413, "body_too_large");
    raw(&caller, "/book", filler(3 * 1024 * 1024).as_bytes())
        .await
        .expect_problem(413, "body_too_large");
    typed(
        &raw(&caller, "/book", filler(1024 * 1000).as_bytes()).await,
        "below the limit it is read",
    );
}

/// Values nobody meant, in every member of every body; whatever they are, the map of the show stays as it was.
#[tokio::test]
async fn odd_values_in_every_member_change_nothing() {
    let caller = stranger();
    let show = show().await;
    let map = format!("/shows/{show}/seats");
    let (_, _, user) = account(&caller).await;
    let held = user
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201)
        .json();
    let before = (
        caller.get(&map).await.json(),
        user.get("/users/me/bookings").await.json(),
    );
    let id = &held["booking_id"];
    let bodies: [(Method, String, Value); 9] = [
        (
            Method::POST,
            "/book".into(),
            json!({ "show_id": show, "seat_ids": ["A-1"], "best": 1, "ticket_types": {}, "promo_code": "X", "guest_email": "a@b.example" }),
        ),
        (
            Method::POST,
            "/payment".into(),
            json!({ "booking_id": id, "payment_method": "", "expected_total": { "amount_minor": 1, "currency": "EUR" } }),
        ),
        (
            Method::PATCH,
            format!("/bookings/{}", text(&held, "booking_id")),
            json!({ "seat_ids": ["no"], "ticket_types": { "no": "no" }, "promo_code": "no", "guest_email": "no" }),
        ),
        (
            Method::POST,
            format!("/cancel/{}", text(&held, "booking_id")),
            json!({ "seat_ids": ["A-1"] }),
        ),
        (
            Method::POST,
            "/auth/login".into(),
            json!({ "email": "a@b.example", "password": "x", "session": "token" }),
        ),
        (
            Method::POST,
            "/auth/register".into(),
            json!({ "email": "no", "password": "x", "name": "", "session": "token" }),
        ),
        (
            Method::POST,
            "/auth/refresh".into(),
            json!({ "refresh_token": "x" }),
        ),
        (
            Method::POST,
            "/bookings/recover/redeem".into(),
            json!({ "token": "x" }),
        ),
        (
            Method::PUT,
            "/users/me/profile".into(),
            json!({ "name": "", "address": "", "phone": "x", "language": "x", "favourite_theater": "x", "notifications": {} }),
        ),
    ];
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("' OR 1=1 --"),
        json!("../../etc/passwd"),
        json!("\u{202e}\u{feff}"),
        json!("💺".repeat(500)),
        json!([]),
        json!([null]),
        json!({}),
        json!({ "a": { "b": [1] } }),
        json!(["A-1", 7]),
        json!("a".repeat(70_000)),
    ];
    let mut tried = 0;
    for (method, path, body) in bodies {
        for member in body.as_object().unwrap().keys() {
            for value in &odd {
                // With the other members wrong as well nothing can succeed; alone, optional ones may be left out.
                let mut body = body.clone();
                body[member] = value.clone();
                let caller = if path.starts_with("/auth") || path.contains("recover") {
                    &caller
                } else {
                    &user
                };
                let caller = caller.with_header("if-match", "*");
                let answer = caller
                    .send(method.clone(), &path, Some(body.to_string().into_bytes()))
                    .await
                    .unwrap();
                typed(
                    &answer,
                    &format!(
                        "{method} {path} {member} = {}",
                        value.to_string().chars().take(60).collect::<String>()
                    ),
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "{tried}");
    let after = (
        caller.get(&map).await.json(),
        user.get("/users/me/bookings").await.json(),
    );
    assert_eq!(before, after);
}

#[tokio::test]
async fn odd_paths_and_queries_are_typed_too() {
    let caller = stranger();
    let show = show().await;
    for path in [
        "/theaters/%00",
        "/theaters/%ff",
        "/theaters/..%2f..%2fetc",
        "/movies/%F0%9F%92%BA",
        "/bookings/",
        "/bookings/%20",
        "/shows//seats",
        "/cancel/",
        "/users/me",
        "/THEATERS",
        "/theaters/",
        "/v2",
        "/book/extra",
    ] {
        typed(&caller.get(path).await, path);
    }
    for query in [
        "limit=-1",
        "limit=1e9",
        "limit=%00",
        "near=,",
        "near=1",
        "near=1,2,3",
        "near=1e400,0",
        "cursor=%ff",
        "limit=1&limit=2",
    ] {
        let answer = caller.get(&format!("/theaters?{query}")).await;
        assert!(answer.status < 500, "{query}: {}", answer.status);
    }
    for count in ["", "1.5", "%00", "99999999999999999999", "null"] {
        typed(
            &caller
                .get(&format!("/shows/{show}/best-seats?count={count}"))
                .await,
            count,
        );
    }
    let long = "a".repeat(20_000);
    let answer = caller.get(&format!("/theaters?q={long}")).await;
    assert!(answer.status < 500, "{}", answer.status);
    // Below /api nothing falls back to a page.
    for path in [
        "//api",
        "//api/",
        "//api/v1",
        "//api/v2/theaters",
        "//api/v1/../../etc/passwd",
    ] {
        let answer = caller.get(path).await;
        if !path.contains("..") {
            answer.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn odd_credentials_are_401_and_never_anonymous() {
    let caller = stranger();
    for value in [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "bearer mg_",
        "Bearer ma_x y",
        "x",
    ] {
        let answer = caller
            .with_header("authorization", value)
            .get("/bookings/x")
            .await;
        assert!(
            matches!(answer.status, 401 | 404),
            "{value}: {}",
            answer.status
        );
        let answer = caller
            .with_header("authorization", value)
            .get("/users/me/bookings")
            .await;
        assert_eq!(answer.status, 401, "{value}");
    }
    let answer = caller
        .with_header("cookie", "matinee_session=forged")
        .get("/users/me/profile")
        .await;
    answer.expect_problem(401, "session_ended");
}

#[tokio::test]
async fn the_server_came_through_all_of_it() {
    stranger().get("/theaters").await.expect(200);
    assert!(!demo().log().contains("panicked"), "{}", demo().log());
}
