//! What can be told without a provider: that there is none, that it is away, and what is refused before it is asked. The
//! whole way, with a real provider, is in the workspace's `tests/api/openid.rs`.

use crate::{config::OpenId, testing::House};
use axum::{Router, http::StatusCode};
use serde_json::{Value, json};

/// A house whose provider is at a port where nobody listens.
async fn with_provider_away() -> House {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let change = |config: &mut crate::config::Config| {
        config.openid = Some(OpenId {
            issuer: format!("http://127.0.0.1:{port}"),
            client_id: "matinee".into(),
            client_secret: None,
            name: "Example ID".into(),
        });
    };
    House::with(change, Router::new()).await
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_sign_in() {
    let house = House::new().await;
    let methods = house.get("/auth/methods", &[]).await;
    assert_eq!(methods.body["provider"], Value::Null);
    let start = house.post("/auth/openid/start", &[], json!({})).await;
    assert_eq!(start.code(), "not_found");
    let body = json!({ "code": "c", "state": "s" });
    let finish = house.post("/auth/openid/finish", &[], body).await;
    assert_eq!(finish.code(), "not_found");
    house.close().await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_and_counted() {
    let house = with_provider_away().await;
    let methods = house.get("/auth/methods", &[]).await;
    assert_eq!(methods.body["provider"], "Example ID");
    let start = house.post("/auth/openid/start", &[], json!({})).await;
    assert_eq!(
        (start.status, start.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable")
    );
    assert!(start.text("detail").contains("sign in with your"));
    assert_eq!(start.header("retry-after"), "30");
    assert_eq!(house.app.metrics.provider_unreachable.get(), 1);
    // The first port that is no system's is an app's.
    let body = json!({ "handoff": { "port": 1024, "challenge": "A".repeat(43) } });
    let app = house.post("/auth/openid/start", &[], body).await;
    assert_eq!(app.code(), "provider_unavailable", "{app:?}");
    house.close().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let house = with_provider_away().await;
    for (pointer, handoff) in [
        (
            "/handoff/port",
            json!({ "port": 1023, "challenge": "A".repeat(43) }),
        ),
        (
            "/handoff/challenge",
            json!({ "port": 8080, "challenge": "short" }),
        ),
    ] {
        let body = json!({ "handoff": handoff });
        let refused = house.post("/auth/openid/start", &[], body).await;
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    for state in ["never begun".to_owned(), "x".repeat(5000)] {
        let body = json!({ "code": "c", "state": state });
        let refused = house.post("/auth/openid/finish", &[], body).await;
        assert_eq!(refused.code(), "session_ended");
    }
    let body = json!({ "code": "c", "secret": "s" });
    let refused = house.post("/auth/openid/handoff", &[], body).await;
    assert_eq!(refused.code(), "session_ended");
    assert_eq!(house.app.metrics.provider_unreachable.get(), 0);
    house.close().await;
}
