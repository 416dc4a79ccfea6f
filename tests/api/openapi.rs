//! The document of the interface, and every call of it made by people who may not.

use crate::shared::{account, demo, items, show, stranger, text};
use matinee_tests::{Answer, Caller};
use reqwest::Method;
use serde_json::{Value, json};

struct Operation {
    method: Method,
    path: String,
    answers: Vec<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse() else {
                continue;
            };
            let answers = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect();
            found.push(Operation {
                method,
                path: path.clone(),
                answers,
            });
        }
    }
    found
}

async fn document() -> Value {
    stranger().get("/openapi.json").await.expect(200).json()
}

/// Sends an operation to things that are there but somebody else's, or to nothing.
async fn send(
    caller: &Caller,
    operation: &Operation,
    ids: &[(&str, String)],
    body: Option<Value>,
) -> Answer {
    let mut path = operation
        .path
        .strip_prefix("/api/v1")
        .unwrap_or(&operation.path)
        .to_owned();
    for (name, id) in ids {
        path = path.replace(&format!("{{{name}}}"), id);
    }
    assert!(
        !path.contains('{'),
        "{path}: every parameter is known to this test"
    );
    let body = body.map(|body| body.to_string().into_bytes());
    caller
        .with_header("if-match", "*")
        .send(operation.method.clone(), &path, body)
        .await
        .unwrap()
}

fn nothing() -> Vec<(&'static str, String)> {
    let id = |letter: &str, count| format!("{letter}{}", "a".repeat(count));
    vec![
        ("theater_id", id("t", 26)),
        ("screen_id", id("a", 26)),
        ("movie_id", id("m", 26)),
        ("show_id", id("s", 52)),
        ("user_id", "me".into()),
        ("shift_id", id("h", 26)),
        ("booking_id", id("b", 61)),
        ("payment_id", id("p", 61)),
        ("subscription_id", id("y", 26)),
        ("session_id", "a".repeat(26)),
        ("passkey_id", "AQID".into()),
        ("gateway", "sandbox".into()),
        ("message_id", id("n", 26)),
        ("date", "2030-05-04".into()),
    ]
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_the_command_line_prints_the_same() {
    let document = document().await;
    assert!(text(&document, "openapi").starts_with("3.1"));
    assert!(operations(&document).len() > 30);
    let (status, printed) = matinee_tests::server::run(demo().folder(), &["openapi"]).unwrap();
    assert!(status.success());
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), document);
}

#[tokio::test]
async fn every_promised_call_is_described() {
    let document = document().await;
    let described = operations(&document);
    for (method, path) in [
        ("GET", "/theaters"),
        ("GET", "/theaters/{theater_id}"),
        ("GET", "/theaters/{theater_id}/movies"),
        ("GET", "/movies"),
        ("GET", "/movies/{movie_id}"),
        ("GET", "/movies/{movie_id}/shows"),
        ("GET", "/shows/{show_id}"),
        ("GET", "/shows/{show_id}/seats"),
        ("GET", "/shows/{show_id}/seats/live"),
        ("GET", "/shows/{show_id}/best-seats"),
        ("POST", "/book"),
        ("GET", "/bookings/{booking_id}"),
        ("PATCH", "/bookings/{booking_id}"),
        ("DELETE", "/bookings/{booking_id}"),
        ("POST", "/bookings/{booking_id}/extend"),
        ("POST", "/payment"),
        ("GET", "/bookings/{booking_id}/tickets"),
        ("GET", "/bookings/{booking_id}/receipt"),
        ("POST", "/cancel/{booking_id}"),
        ("GET", "/users/{user_id}/bookings"),
        ("GET", "/users/{user_id}/profile"),
        ("PUT", "/users/{user_id}/profile"),
        ("DELETE", "/users/{user_id}"),
        ("GET", "/subscriptions/{subscription_id}/live"),
        (
            "POST",
            "/subscriptions/{subscription_id}/messages/{message_id}/shown",
        ),
        ("POST", "/auth/register"),
        ("POST", "/auth/login"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/password/forgot"),
        ("POST", "/auth/password/reset"),
        ("POST", "/bookings/recover"),
        ("POST", "/payments/{payment_id}/simulate"),
        ("GET", "/payments/{payment_id}/page"),
        ("POST", "/webhooks/{gateway}"),
        ("GET", "/sync"),
        ("GET", "/manage/theaters"),
        ("PUT", "/manage/theaters/{theater_id}/staff"),
        ("GET", "/manage/theaters/{theater_id}/audit"),
        ("POST", "/manage/theaters/{theater_id}/shows"),
        ("POST", "/manage/shows/{show_id}/seats/block"),
    ] {
        let found = described
            .iter()
            .any(|o| o.method.as_str() == method && o.path.trim_start_matches("/api/v1") == path);
        assert!(found, "{method} {path}");
    }
}

#[tokio::test]
async fn every_described_call_exists_and_answers_as_described() {
    let caller = stranger();
    for operation in operations(&document().await) {
        if operation.path.ends_with("/auth/session") {
            caller.get("/auth/session").await.expect(200);
            continue;
        }
        let body = (operation.method != Method::GET).then(|| json!({}));
        let answer = send(&caller, &operation, &nothing(), body).await;
        let name = format!("{} {}", operation.method, operation.path);
        assert_ne!(answer.status, 405, "{name} is routed");
        assert!(answer.status < 500, "{name}: {}", answer.status);
        assert!(
            operation.answers.contains(&answer.status.to_string()),
            "{name} answers {}, described are {:?}",
            answer.status,
            operation.answers
        );
        if answer.status >= 400 {
            assert!(
                answer
                    .header("content-type")
                    .starts_with("application/problem+json"),
                "{name}"
            );
        }
        if answer.status == 404 {
            assert_eq!(answer.code(), "not_found", "{name}");
        }
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_somebody_elses() {
    let caller = stranger();
    let show = show().await;
    let (_, session, owner) = account(&caller).await;
    let (_, _, other) = account(&caller).await;
    let (_, other_guest) = caller.hold(&show, 1).await;
    let booking = owner
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201)
        .json();
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_authenticationRequired" });
    let waiting = owner.post("/payment", pay.clone()).await.expect(202).json();
    let booking_id = text(&booking, "booking_id").to_owned();
    // The app, since more can be asked of its subscription than of a browser's.
    let app = json!({ "channel": "app", "token": "the-owners-computer_1" });
    let subscribed = owner
        .put("/users/me/subscriptions", app)
        .await
        .expect(200)
        .json();
    let subscription_id = text(&subscribed["items"][0], "subscription_id").to_owned();
    let ids = [
        ("booking_id", booking_id.clone()),
        ("payment_id", text(&waiting, "payment_id").to_owned()),
        ("user_id", text(&session, "user_id").to_owned()),
        ("shift_id", format!("h{}", "a".repeat(26))),
        ("subscription_id", subscription_id),
        ("message_id", format!("n{}", "a".repeat(26))),
        ("session_id", "a".repeat(26)),
        ("passkey_id", "AQID".into()),
    ];
    let before = owner
        .get(&format!("/bookings/{booking_id}"))
        .await
        .expect(200)
        .json();
    let mut tried = 0;
    for operation in operations(&document().await) {
        let private = [
            "{booking_id}",
            "{payment_id}",
            "{user_id}",
            "{subscription_id}",
        ]
        .iter()
        .any(|id| operation.path.contains(id));
        // What staff may is the matrix's.
        let managed = operation.path.contains("/manage/");
        if managed || (!private && !operation.path.ends_with("/payment")) {
            continue;
        }
        // A browser goes there that knows no token: the payment's id is the secret, and all there is, is to pay.
        if operation.path.ends_with("/page") {
            continue;
        }
        let body = match operation.path.as_str() {
            path if path.ends_with("/payment") => Some(pay.clone()),
            path if path.ends_with("/simulate") => Some(json!({ "outcome": "succeed" })),
            path if path.ends_with("/profile") && operation.method == Method::PUT => {
                Some(json!({ "name": "Eve" }))
            }
            _ => (operation.method != Method::GET).then(|| json!({})),
        };
        let name = format!("{} {}", operation.method, operation.path);
        for (who, caller) in [
            ("anonymous", &caller),
            ("another user", &other),
            ("another guest", &other_guest),
        ] {
            let answer = send(caller, &operation, &ids, body.clone()).await;
            let wanted: &[u16] = match who {
                "another user" => &[404],
                // A guest's token opens one booking; for accounts a guest is nobody.
                "another guest" => &[401, 404],
                _ if operation.path.ends_with("/simulate") => &[401, 404],
                _ => &[401],
            };
            assert!(
                wanted.contains(&answer.status),
                "{name} as {who}: {} {}",
                answer.status,
                answer.json()
            );
            tried += 1;
        }
    }
    assert!(tried >= 30, "{tried}");
    assert_eq!(
        owner
            .get(&format!("/bookings/{booking_id}"))
            .await
            .expect(200)
            .json(),
        before,
        "nothing was changed"
    );
    owner.get("/users/me/profile").await.expect(200);
}

#[tokio::test]
async fn every_problem_code_in_the_document_is_listed_once() {
    let document = document().await;
    let codes = document["components"]["schemas"]["ProblemCode"].clone();
    let listed = codes["enum"].as_array().map_or_else(
        || {
            items(&codes["oneOf"])
                .iter()
                .map(|one| one["const"].clone())
                .collect::<Vec<_>>()
        },
        Clone::clone,
    );
    for code in [
        "seats_unavailable",
        "payment_declined",
        "hold_expired",
        "idempotency_key_reused",
        "not_cancellable",
    ] {
        assert_eq!(
            listed.iter().filter(|one| *one == code).count(),
            1,
            "{code} in {codes}"
        );
    }
}
