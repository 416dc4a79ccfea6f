//! A server that was opened to its network, as devices there meet it.

use matinee_tests::{Server, ServerOptions, server};
use std::{net::SocketAddr, time::Duration};

fn options(more: &[&str]) -> ServerOptions {
    let arguments = ["--lan", "--lan-port", "0"].iter().chain(more);
    ServerOptions {
        demo: false,
        sandbox: false,
        limits: true,
        arguments: arguments.map(ToString::to_string).collect(),
        ..ServerOptions::default()
    }
}

/// What it prints for whoever started it.
fn printed(server: &Server, before: &str) -> String {
    let log = server.log();
    let (_, rest) = log.split_once(before).unwrap_or_else(|| panic!("{log}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

/// A device that trusts this authority and no other, or nobody. Names lead where the address does.
fn device(authority: Option<&[u8]>, names: &[&str], at: SocketAddr) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = authority.map(|der| reqwest::Certificate::from_der(der).unwrap());
    let mut client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .tls_certs_only(roots);
    for name in names {
        client = client.resolve(name, at);
    }
    client.build().unwrap()
}

#[tokio::test]
async fn a_device_trusts_its_authority_and_gets_in_by_address_and_by_name() {
    let mut server = Server::start(&options(&[])).unwrap();
    let url = printed(&server, "Open on your network: ");
    let at: SocketAddr = url.strip_prefix("https://").unwrap().parse().unwrap();
    let stranger = device(None, &[], at);

    // Whoever forgets the https is sent there, and fetches the certificate on the way.
    let plainly = format!("http://{at}");
    let sent = stranger
        .get(format!("{plainly}/setup"))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 307);
    assert_eq!(sent.headers()["location"], format!("{url}/setup"));
    let fetched = stranger
        .get(format!("{plainly}/setup/ca.crt"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        fetched.headers()["content-type"],
        "application/x-x509-ca-cert"
    );
    let authority = fetched.bytes().await.unwrap();
    // The same is on the loopback address.
    let local = format!("{}/setup/ca.crt", server.url());
    let same = stranger
        .get(local)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(same, authority);

    let names = ["localhost"];
    let trusting = device(Some(&authority), &names, at);
    for site in [url.clone(), format!("https://localhost:{}", at.port())] {
        let read = trusting
            .get(format!("{site}/api/v1/setup"))
            .send()
            .await
            .unwrap();
        assert_eq!(read.status(), 200, "{site}");
        let refused = stranger.get(format!("{site}/api/v1/setup")).send().await;
        assert!(refused.is_err(), "{site}: nobody vouches for it");
    }
    // A name that leads here and is not this machine's is another site.
    let other = device(Some(&authority), &["evil.example"], at);
    let site = format!("https://evil.example:{}/", at.port());
    assert!(other.get(site).send().await.is_err());

    // Whoever trusts it once trusts it after a restart.
    let folder = tempfile::tempdir().unwrap();
    let began = |folder: &std::path::Path| Server::start_in(folder, &options(&[])).unwrap();
    let mut first = began(folder.path());
    let fingerprint = printed(&first, "to compare: ");
    first.stop().unwrap();
    let again = began(folder.path());
    assert_eq!(printed(&again, "to compare: "), fingerprint);
    assert_eq!(fingerprint.split(':').count(), 32);
    server.stop().unwrap();
}

#[tokio::test]
async fn it_is_opened_by_choice_alone() {
    let options = ServerOptions {
        demo: false,
        sandbox: false,
        ..ServerOptions::default()
    };
    let server = Server::start(&options).unwrap();
    assert!(!server.log().contains("Open on your network"));
    let path = format!("{}/setup/ca.crt", server.url());
    let answer = device(None, &[], server.url()[7..].parse().unwrap())
        .get(path)
        .send()
        .await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("not open to a local network")
    );
}

#[test]
fn what_is_no_place_for_others_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--gateway", "sandbox"][..], "--allow-test-payments"),
        (&["--listen", "0.0.0.0:0"], "--lan: "),
        (&["--rate-limit", "off"], "load tests"),
    ] {
        let serve = ["serve", "--lan", "--lan-port", "0"];
        let all: Vec<_> = serve.iter().chain(arguments).copied().collect();
        let (status, said) = server::run(folder.path(), &all).unwrap();
        assert!(!status.success() && said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn the_terminal_shows_a_code_and_the_setup_link_stays_on_this_machine() {
    let server = Server::start(&options(&[])).unwrap();
    let log = server.log();
    assert!(log.contains('█') || log.contains('▀'), "{log}");
    let link = printed(&server, "To set it up, open ");
    assert!(link.starts_with(server.url()), "{link}");
    let state = server.caller().get("/setup").await.expect(200).json();
    assert_eq!(state["needed"], true);
}
