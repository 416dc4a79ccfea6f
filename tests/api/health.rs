//! For supervisors and load balancers.

use crate::shared::stranger;
use matinee_tests::{Server, ServerOptions};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn the_server_says_that_it_lives_and_works() {
    let caller = stranger();
    for path in ["//healthz", "//readyz"] {
        let answer = caller.get(path).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
    }
    caller.get("//metrics").await.expect(404);
}

#[tokio::test]
async fn every_answer_carries_its_request_id_and_the_safe_headers() {
    let caller = stranger();
    let one = caller.get("/theaters").await.expect(200);
    let two = caller
        .get("/nothing")
        .await
        .expect_problem(404, "not_found");
    assert!(one.header("x-request-id").len() >= 16);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_eq!(
        two.header("x-request-id"),
        two.json()["request_id"].as_str().unwrap()
    );
    assert_eq!(one.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn metrics_are_on_a_listener_of_their_own() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let options = ServerOptions {
        demo: false,
        arguments: vec!["--metrics".into(), port.to_string()],
        ..ServerOptions::default()
    };
    let server = Server::start(&options).unwrap();
    server.caller().get("/theaters").await.expect(200);
    server.caller().get("/nothing").await.expect(404);
    let mut socket = TcpStream::connect(port).unwrap();
    write!(
        socket,
        "GET /metrics HTTP/1.1\r\nHost: {port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(
        text.contains("matinee_http_requests_total{route=\"/api/v1/theaters\",class=\"2xx\"} 1"),
        "{text}"
    );
    assert!(
        !text.contains("/nothing"),
        "no path of a stranger's choice becomes a label"
    );
}
