//! A server that is open to its network, asked the way devices ask.

use super::*;
use crate::{config::Config, serve::Server};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn at(folder: &std::path::Path, addresses: &[&str]) -> Lan {
    let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    Lan::at(addresses, folder, (8443, None), now()).unwrap()
}

/// A device that trusts these authorities, asking for a page under this name.
async fn ask(
    port: u16,
    name: &str,
    trusts: &[CertificateDer<'static>],
    path: &str,
) -> Option<String> {
    let mut roots = RootCertStore::empty();
    for root in trusts {
        roots.add(root.clone()).unwrap();
    }
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))
        .await
        .unwrap();
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = TlsConnector::from(Arc::new(client))
        .connect(server, stream)
        .await
        .ok()?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

async fn ask_plainly(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn port_of(lan: &Lan) -> u16 {
    lan.port
}

#[tokio::test]
async fn who_trusts_its_authority_gets_in_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::in_process(&dir.path().join("m.db"));
    config.lan = Some(0);
    let server = Server::start(config).await.unwrap();
    let lan = server.app().lan.clone().unwrap();
    let port = port_of(&lan);
    let trusted = [lan.authority().unwrap().0.clone()];
    let mut names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    names.extend(lan.now.load().addresses.iter().map(ToString::to_string));
    names.extend(lan.names().iter().cloned());
    for name in &names {
        let answer = ask(port, name, &trusted, "/healthz")
            .await
            .unwrap_or_default();
        assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
        assert!(!answer.contains("strict-transport-security"), "{answer}");
        assert!(
            ask(port, name, &[], "/healthz").await.is_none(),
            "{name}: nobody to trust"
        );
    }
    let stranger = rcgen::generate_simple_self_signed(names.clone()).unwrap();
    let stranger = [stranger.cert.der().clone()];
    assert!(
        ask(port, "localhost", &stranger, "/healthz")
            .await
            .is_none()
    );
    // Only for this machine.
    for other in ["10.99.99.99", "example.org"] {
        assert!(
            ask(port, other, &trusted, "/healthz").await.is_none(),
            "{other}"
        );
    }
    // The loopback address is what it was.
    assert!(server.url().starts_with("http://127.0.0.1:"));
    assert!(server.app().base_url.starts_with("https://"));
    let link = server.setup_link().await.unwrap().unwrap();
    assert!(link.starts_with(server.url()), "{link}");
    server.stop().await;
}

#[tokio::test]
async fn plain_text_is_shown_the_way_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::in_process(&dir.path().join("m.db"));
    config.lan = Some(0);
    let server = Server::start(config).await.unwrap();
    let lan = server.app().lan.clone().unwrap();
    let port = port_of(&lan);
    let address = lan.now.load().addresses[0];
    let get = |host: String, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        async move { ask_plainly(port, &request).await }
    };
    let answer = get(format!("{address}:{port}"), "/manage?a=b").await;
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    assert!(
        answer.contains(&format!(
            "location: https://{address}:{port}/manage?a=b\r\n"
        )),
        "{answer}"
    );
    // Nobody is sent elsewhere, and nothing is done.
    let answer = get("evil.example".into(), "/").await;
    assert!(!answer.contains("evil"), "{answer}");
    let answer = get(format!("{address}"), "/api/v1/theaters").await;
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    let post = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = ask_plainly(port, post).await;
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("https://"),
        "{answer}"
    );
    // What a device installs comes both ways.
    let answer = get(format!("{address}"), CA_PATH).await;
    assert!(answer.contains("application/x-x509-ca-cert"), "{answer}");
    let trusted = [lan.authority().unwrap().0.clone()];
    let over_tls = ask(port, "localhost", &trusted, CA_PATH).await.unwrap();
    assert!(
        over_tls.contains("application/x-x509-ca-cert"),
        "{over_tls}"
    );
    server.stop().await;
}

#[test]
fn a_new_address_has_a_new_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let lan = at(dir.path(), &["192.168.1.5"]);
    let shown = |lan: &Lan| lan.own.as_ref().unwrap().newest.0.load().cert[0].clone();
    let first = shown(&lan);
    lan.look(vec!["192.168.1.5".parse().unwrap()], now());
    assert_eq!(shown(&lan), first, "nothing changed");
    lan.look(vec!["192.168.1.9".parse().unwrap()], now());
    assert_ne!(shown(&lan), first);
    assert_eq!(lan.url(), "https://192.168.1.9:8443");
    // One it may not speak for is no reason to make another.
    let second = shown(&lan);
    lan.look(vec!["198.51.100.1".parse().unwrap()], now());
    assert_eq!(shown(&lan), second);
    // Before the end there is a new one.
    lan.look(
        vec!["192.168.1.9".parse().unwrap()],
        now() + Days::new(LEAF_DAYS - 10),
    );
    assert_ne!(shown(&lan), second);
}

#[test]
fn the_announcement_names_what_a_phone_needs() {
    let dir = tempfile::tempdir().unwrap();
    let lan = at(dir.path(), &["192.168.1.5"]);
    let text = lan.announcement(&lan.url());
    for part in [
        "https://192.168.1.5:8443\n",
        "https://192.168.1.5:8443/setup/ca.crt",
        "SHA-256",
        "█",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn only_what_comes_to_the_local_network_is_admitted() {
    let dir = tempfile::tempdir().unwrap();
    let lan = at(dir.path(), &["192.168.1.5"]);
    for local in ["192.168.1.5", "127.0.0.1", "::ffff:10.0.0.1"] {
        assert!(lan.admits(local.parse().unwrap()), "{local}");
    }
    for other in ["8.8.8.8", "2001:db8::1"] {
        assert!(!lan.admits(other.parse().unwrap()), "{other}");
    }
}
