//! The first administrator, made in a browser by whoever started the server.

use crate::shared::{PASSWORD, text};
use matinee_tests::{Caller, Server, ServerOptions};
use serde_json::{Value, json};

fn empty() -> ServerOptions {
    ServerOptions {
        demo: false,
        ..ServerOptions::default()
    }
}

/// The code in the address that a server prints.
fn code(server: &Server) -> String {
    let words = server.log();
    let (_, rest) = words
        .split_once("/setup#code=")
        .expect("a link to set it up");
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn needed(caller: &Caller) -> bool {
    caller.get("/setup").await.expect(200).json()["needed"] == true
}

fn body(code: &str, email: &str) -> Value {
    json!({ "code": code, "email": email, "password": PASSWORD, "name": "Owner" })
}

#[tokio::test]
async fn whoever_started_the_server_makes_its_administrator_once() {
    let server = Server::start(&empty()).unwrap();
    let caller = server.caller();
    assert!(needed(&caller).await);
    let code = code(&server);
    for wrong in ["", "x", &code[1..], &code.to_uppercase()] {
        let problem = caller.post("/setup", body(wrong, "boss@example.com")).await;
        let problem = problem.expect_problem(422, "invalid").json();
        assert_eq!(problem["errors"][0]["pointer"], "/code", "{wrong}");
    }
    assert!(needed(&caller).await);

    let answer = caller.post("/setup", body(&code, "boss@example.com")).await;
    let session = answer.expect(201).json();
    assert!(!needed(&caller).await);
    let again = caller
        .post("/setup", body(&code, "second@example.com"))
        .await;
    again.expect_problem(409, "set_up_already");
    caller
        .post(
            "/auth/login",
            json!({ "email": "second@example.com", "password": PASSWORD }),
        )
        .await
        .expect_problem(401, "bad_credentials");

    // Without a second factor the administrator is a customer.
    let boss = caller.with_token(text(&session, "access_token"));
    let who = boss.get("/auth/session").await.expect(200).json();
    assert_eq!(who["user"]["second_factor"], "missing");
    assert_eq!(who["user"]["administrator"], false);
    let theater = boss.post("/manage/theaters", json!({})).await;
    theater.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn the_code_stays_until_it_is_used_and_is_not_said_again() {
    let folder = tempfile::tempdir().unwrap();
    let begin = || Server::start_in(folder.path(), &empty()).unwrap();
    let mut server = begin();
    let first = code(&server);
    server.stop().unwrap();
    let mut server = begin();
    assert_eq!(code(&server), first);
    let request = body(&first, "boss@example.com");
    server.caller().post("/setup", request).await.expect(201);
    server.stop().unwrap();
    let server = begin();
    assert!(!server.log().contains("/setup#code="));
    assert!(!needed(&server.caller()).await);
}

#[tokio::test]
async fn a_demo_asks_nobody_to_set_it_up() {
    let server = Server::demo().unwrap();
    assert!(!server.log().contains("/setup#code="));
    assert!(!needed(&server.caller()).await);
}
