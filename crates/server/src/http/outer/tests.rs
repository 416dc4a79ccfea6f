//! What every request meets, whatever its route.

use super::*;
use crate::testing::{Heard, House};
use axum::{http::StatusCode, routing::get};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

async fn plain(house: &House, path: &str, headers: &[(&str, &str)]) -> Heard {
    house.call(Method::GET, path, headers, Value::Null).await
}

#[test]
fn the_api_ends_where_its_path_does() {
    for (path, api) in [
        ("/api", true),
        ("/api/", true),
        ("/api/v1/x", true),
        ("/apiary", false),
        ("/", false),
    ] {
        assert_eq!(is_api(&path.parse().unwrap()), api, "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_no_end() {
    async fn broken() -> &'static str {
        panic!("as a test");
    }
    let house = House::with(|_| {}, Router::new().route("/api/broken", get(broken))).await;
    let heard = plain(&house, "/api/broken", &[]).await;
    assert_eq!(
        (heard.status, heard.code()),
        (StatusCode::INTERNAL_SERVER_ERROR, "internal")
    );
    assert_eq!(house.app.metrics.panics.get(), 1);
    assert_eq!(house.app.metrics.in_flight.get(), 0);
    assert_eq!(plain(&house, "/healthz", &[]).await.status, StatusCode::OK);
    house.close().await;
}

#[tokio::test]
async fn an_endless_handler_is_given_up() {
    let endless = get(async || std::future::pending::<()>().await);
    let house = House::with(|_| {}, Router::new().route("/api/endless", endless)).await;
    let house = house.impatient(Duration::from_millis(20));
    let heard = plain(&house, "/api/endless", &[]).await;
    assert_eq!(
        (heard.status, heard.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    );
    assert!(!heard.header("retry-after").is_empty());
    house.close().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_the_callers_delay() {
    let house = House::new().await.impatient(Duration::from_millis(20));
    let begun = futures_util::stream::once(async { Ok::<_, std::io::Error>("{\"reference\":") });
    let body = Body::from_stream(begun.chain(futures_util::stream::pending()));
    let request = axum::http::Request::post("/api/v1/bookings/recover")
        .header("host", "127.0.0.1:8080")
        .header("content-type", "application/json");
    let heard = house.send(request.body(body).unwrap()).await;
    assert_eq!(
        (heard.status, heard.code()),
        (StatusCode::REQUEST_TIMEOUT, "request_timeout")
    );
    assert_eq!(heard.header("connection"), "close");
    house.close().await;
}

#[tokio::test]
async fn an_empty_form_of_another_site_does_nothing_with_a_cookie() {
    let house = House::new().await;
    let cookie = [("cookie", "matinee_session=x")];
    for path in ["/auth/logout", "/auth/refresh", "/cancel/x"] {
        let heard = house.post(path, &cookie, Value::Null).await;
        assert_eq!(heard.code(), "unsupported_media_type", "{path}");
        let evil = [cookie[0], ("origin", "https://evil.example")];
        let heard = house.post(path, &evil, json!({})).await;
        assert_eq!(heard.code(), "origin_refused", "{path}");
        let heard = house.post(path, &cookie, json!({})).await;
        assert_ne!(heard.code(), "unsupported_media_type", "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn every_refusal_below_the_api_is_a_problem_with_its_request() {
    let house = House::new().await;
    for (method, path, status, code) in [
        (Method::GET, "/api", 404, "not_found"),
        (Method::GET, "/api/v1/nothing", 404, "not_found"),
        (Method::GET, "/api/v1//theaters", 404, "not_found"),
        (Method::GET, "/api/v1/theaters/", 404, "not_found"),
        (Method::GET, "/api/v1/shows/nonsense", 404, "not_found"),
        (Method::GET, "/api/v1/book", 405, "method_not_allowed"),
        (Method::OPTIONS, "/api/v1/book", 405, "method_not_allowed"),
        (Method::GET, "/api/v1/theaters?limit=0", 422, "invalid"),
    ] {
        let heard = house
            .call(method, path, &[("x-request-id", "mine")], Value::Null)
            .await;
        assert_eq!(
            (heard.status.as_u16(), heard.code()),
            (status, code),
            "{path}"
        );
        assert_eq!(heard.header("content-type"), "application/problem+json");
        assert_eq!(heard.header("x-request-id"), heard.text("request_id"));
        assert_ne!(heard.header("x-request-id"), "mine");
        assert_eq!(heard.headers.contains_key("allow"), status == 405);
        assert!(!heard.headers.contains_key("access-control-allow-origin"));
    }
    house.close().await;
}

#[tokio::test]
async fn strangers_names_and_pages_are_refused() {
    let house = House::new().await;
    let request = |host: &str| {
        let request = axum::http::Request::get("/api/v1/theaters").header("host", host);
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(
        house.send(request("127.0.0.1:1")).await.status,
        StatusCode::OK
    );
    let heard = house.send(request("rebound.example")).await;
    assert_eq!((heard.status.as_u16(), heard.code()), (421, "wrong_host"));
    let body = json!({ "email": "a@b.example" });
    let evil = [("origin", "https://evil.example")];
    let heard = house
        .post("/auth/password/forgot", &evil, body.clone())
        .await;
    assert_eq!(
        (heard.status, heard.code()),
        (StatusCode::FORBIDDEN, "origin_refused")
    );
    let own = [("origin", "http://127.0.0.1:8080")];
    assert_eq!(
        house.post("/auth/password/forgot", &own, body).await.status,
        StatusCode::ACCEPTED
    );
    let form = [("content-type", "text/plain")];
    let heard = house
        .call(Method::POST, "/api/v1/auth/logout", &form, Value::Null)
        .await;
    assert_eq!(heard.code(), "unsupported_media_type");
    house.close().await;
}

#[tokio::test]
async fn a_proxy_is_believed_only_when_it_is_trusted() {
    let app = |trusted: &'static str| async move {
        let trust = |config: &mut crate::config::Config| {
            config.trusted_proxies = vec![trusted.parse().unwrap()];
        };
        let echo = get(async |address: crate::auth::Address| {
            format!(
                "\"{}, {}\"",
                address.request.address, address.request.secure
            )
        });
        House::with(trust, Router::new().route("/api/echo", echo)).await
    };
    let told = [
        ("x-forwarded-for", "203.0.113.9, 198.51.100.7"),
        ("x-forwarded-proto", "https"),
    ];
    let trusting = app("192.0.2.0/24").await;
    assert_eq!(
        plain(&trusting, "/api/echo", &told).await.body,
        "198.51.100.7, true"
    );
    let wary = app("198.51.100.0/24").await;
    assert_eq!(
        plain(&wary, "/api/echo", &told).await.body,
        "192.0.2.1, false"
    );
    trusting.close().await;
    wary.close().await;
}

#[tokio::test]
async fn routes_are_counted_by_their_pattern() {
    let house = House::new().await;
    plain(&house, "/api/v1/shows/nonsense", &[]).await;
    plain(&house, "/api/v1/nothing/of/the/kind", &[]).await;
    let text = house.app.metrics.render();
    assert!(
        text.contains("route=\"/api/v1/shows/{show_id}\",class=\"4xx\"} 1"),
        "{text}"
    );
    assert!(!text.contains("nonsense") && !text.contains("of/the/kind"));
    house.close().await;
}
