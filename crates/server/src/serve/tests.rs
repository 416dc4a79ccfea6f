//! Starting and stopping on real sockets.

use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn config(dir: &tempfile::TempDir) -> Config {
    Config::in_process(&dir.path().join("m.db"))
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_until_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(&dir);
    config.metrics = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let server = Server::start(config).await.unwrap();
    let address = server.address();
    assert!(ask(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "/readyz").await.contains("ready"));
    let metrics = ask(server.metrics_address().unwrap(), "/metrics").await;
    assert!(metrics.contains("matinee_http_requests_total"), "{metrics}");
    assert!(
        !ask(address, "/metrics")
            .await
            .contains("matinee_http_requests_total")
    );
    // An idle connection does not hold the end up.
    let idle = TcpStream::connect(address).await.unwrap();
    let began = std::time::Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(idle);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(config(&dir)).await.unwrap();
    let mut taken = config(&dir);
    taken.listen = server.address();
    let message = Server::start(taken).await.err().unwrap().to_string();
    assert!(
        message.contains("another program listens there"),
        "{message}"
    );
    server.stop().await;
    let mut nowhere = config(&dir);
    nowhere.database = crate::config::Database::Sqlite(dir.path().join("no/such/folder/m.db"));
    let message = Server::start(nowhere).await.err().unwrap().to_string();
    assert!(message.contains("no/such/folder"), "{message}");
    let mut no_ui = config(&dir);
    no_ui.ui = Some(dir.path().to_owned());
    let message = Server::start(no_ui).await.err().unwrap().to_string();
    assert!(message.contains("index.html"), "{message}");
}

#[tokio::test]
async fn tokens_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = Server::start(config(&dir)).await.unwrap();
    let booking = matinee_domain::ids::BookingId::from_parts(
        matinee_domain::ids::TheaterId::from_bytes([1; 16]),
        [2; 22],
    );
    let token = first.app().keys.guest_token(booking);
    let key_id = first.app().keys.ticket_key_id().to_owned();
    first.stop().await;
    let second = Server::start(config(&dir)).await.unwrap();
    assert!(second.app().keys.is_guest_token(booking, &token));
    assert_eq!(second.app().keys.ticket_key_id(), key_id);
    second.stop().await;
}

/// Money that is under way at a gateway is not left behind by a start without it.
#[tokio::test]
async fn a_gateway_with_unfinished_payments_cannot_be_left_out() {
    use crate::testing::House;
    use matinee_store::conformance::fixtures;
    use serde_json::json;
    let house = House::with(|config| config.sandbox_payments = true, axum::Router::new()).await;
    fixtures::apply(&*house.app.store, fixtures::catalog()).await;
    let hold = json!({
        "show_id": fixtures::show_id(1, 1), "best": 2, "guest_email": "guest@example.org"
    });
    let held = house.post("/book", &[], hold).await;
    let token = format!("Bearer {}", held.text("guest_token"));
    let auth = [("authorization", token.as_str())];
    let pay =
        |method: &str| json!({ "booking_id": held.text("booking_id"), "payment_method": method });
    let waits = house.post("/payment", &auth, pay("pm_card_authenticationRequired"));
    let waits = waits.await;
    assert_eq!(waits.status, 202, "{waits:?}");
    let config = house.app.config.clone();
    house.app.store.close().await;
    let mut without = config.clone();
    without.sandbox_payments = false;
    let message = Server::start(without.clone())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(message.contains("--gateway sandbox"), "{message}");
    // Once it is finished, nothing stands in the way.
    let house = house.restarted().await;
    let simulate = format!("/payments/{}/simulate", waits.text("payment_id"));
    let declined = house
        .post(&simulate, &auth, json!({ "outcome": "fail" }))
        .await;
    assert_eq!(declined.status, 402, "{declined:?}");
    house.app.store.close().await;
    Server::start(without).await.unwrap().stop().await;
}
