//! Starting and stopping on real sockets.

use super::*;
use crate::config::UiFiles;
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
    let number = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().parse().ok())
            .unwrap_or(-1.0)
    };
    assert!(number("matinee_writer_queue ") >= 0.0, "{metrics}");
    // The database's keys were written.
    assert!(number("matinee_writer_commits ") >= 1.0, "{metrics}");
    assert!(number("matinee_writer_commit_seconds ") > 0.0, "{metrics}");
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
    no_ui.ui = Some(UiFiles::Folder(dir.path().to_owned()));
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

#[tokio::test]
async fn versions_of_a_restored_database_are_above_all_that_was_told_before() {
    let dir = tempfile::tempdir().unwrap();
    let (file, backup) = (dir.path().join("m.db"), dir.path().join("backup.db"));
    let started = || async { Server::start(config(&dir)).await.unwrap() };
    let first = started().await;
    assert_eq!(first.app().catalog.live.told(7), 7);
    first.app().store.backup(&backup).await.unwrap();
    first.stop().await;
    let mut told = 7;
    for _ in 0..2 {
        matinee_store_sqlite::restore(&backup, &file, true).unwrap();
        let restored = started().await;
        let now = restored.app().catalog.live.told(0);
        assert!(now > told && now < 1 << 53, "{now}");
        restored.stop().await;
        let again = started().await;
        assert_eq!(
            again.app().catalog.live.told(0),
            now,
            "a restart is no restore"
        );
        again.stop().await;
        told = now;
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
}

/// Over TLS the cookie's name says that it came so, and the browser is told to stay.
#[tokio::test]
async fn over_tls_the_session_cookie_is_host_only_and_secure() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = crate::config::TlsFiles {
        cert: dir.path().join("cert.pem"),
        key: dir.path().join("key.pem"),
    };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let mut config = config(&dir);
    config.tls = Some(files);
    let server = Server::start(config).await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let name = rustls_pki_types::ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let body = serde_json::json!({
        "email": "ada@example.org", "password": "correct horse", "name": "Ada", "session": "cookie"
    });
    let body = body.to_string();
    let request = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A peer that closes without a farewell has still said everything.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap_or_default();
    assert!(cookie.starts_with("__Host-matinee_session=ms_"), "{answer}");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Secure"] {
        assert!(
            cookie.split("; ").any(|found| found == part),
            "{part}: {cookie}"
        );
    }
    assert!(!cookie.contains("Domain"));
    assert!(answer.contains("strict-transport-security: max-age="));
    // Plain HTTP on this port is no way in.
    let plain = ask_or_nothing(server.address()).await;
    assert!(!plain.starts_with("HTTP/1.1 200"), "{plain}");
    server.stop().await;
}

async fn ask_or_nothing(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
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
