//! Brokers behind TLS and passwords, and what makes them refuse us: a certificate that ran out or that another authority
//! signed, a password that was changed, a user that is not known. Each is said in words that say what to mend, is counted,
//! and costs no event.

use super::{TOPIC, list, options, shows};
use crate::until;
use matinee_tests::{
    Server, ServerOptions,
    brokers::{Kafka, Nats, Sqs, certificates::Certificates, lives, nats_accounts::Standing},
    openid::free_port,
    server, small_house,
};
use serde_json::Value;
use std::path::Path;

const BELIEVE: &str = "name that one's certificate in SSL_CERT_FILE";

/// A server that believes one authority, and where its metrics are.
fn start(folder: &Path, lines: &[(&str, String)], authority: &Path) -> (Server, u16) {
    small_house::fill(&server::database(folder), folder, 4).unwrap();
    let metrics = free_port().unwrap();
    let mut options = options(folder, lines);
    let address = format!("127.0.0.1:{metrics}");
    options.arguments.extend(["--metrics".to_owned(), address]);
    let believe = format!("SSL_CERT_FILE={}", authority.display());
    let options = ServerOptions {
        wrapper: vec!["env".into(), believe],
        ..options
    };
    (Server::start_in(folder, &options).unwrap(), metrics)
}

/// Waits until the log has these words, events of the outlet wait, and the metrics say so.
async fn is_refused(server: &Server, metrics: u16, channel: &str, says: &[&str]) {
    for says in says {
        until(says, async || server.log().contains(says)).await;
    }
    let waits = format!(" pending {channel} confirmation outlet:{channel} ");
    until(&waits, async || {
        let text = list(server.folder(), channel, "pending");
        text.contains(&waits) && text.contains("the provider refuses us")
    })
    .await;
    let url = format!("http://127.0.0.1:{metrics}/metrics");
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let counted =
        format!("matinee_channel_attempts_total{{channel=\"{channel}\",outcome=\"refused\"}}");
    assert!(text.contains(&counted), "{counted} in {text}");
    assert!(text.contains("\nmatinee_channels_refused 1"), "{text}");
    assert!(!server.log().contains("hunter2"), "{}", server.log());
}

async fn buy(server: &Server) -> Value {
    let show = shows(server).await.remove(0);
    server.caller().buy(&show, 1).await.0
}

async fn mended(server: &Server) {
    let says = "the provider takes our messages again";
    until(says, async || server.log().contains(says)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_behind_tls_takes_what_it_refused_for_its_certificate_or_our_password() {
    let folder = server::demo_folder(false).unwrap();
    let made = Certificates::make(folder.path()).unwrap();
    let mut nats = Nats::start(folder.path()).await.unwrap();
    nats.create_stream(TOPIC).await.unwrap();
    let authority = &made.authority;
    nats.restart_as("secret", &made.expired, authority)
        .await
        .unwrap();
    let lines = [
        ("nats", nats.address()),
        ("nats_credentials", "matinee:hunter2".into()),
    ];
    let (server, metrics) = start(folder.path(), &lines, authority);
    let booking = buy(&server).await;
    let ran_out = ["invalid peer certificate", "xpired", BELIEVE];
    is_refused(&server, metrics, "nats", &ran_out).await;
    // Now it is our password that is not the broker's any more.
    nats.restart_as("secret", &made.good, authority)
        .await
        .unwrap();
    let password = ["authorization violation", "MATINEE_NATS_CREDENTIALS"];
    is_refused(&server, metrics, "nats", &password).await;
    nats.restart_as("hunter2", &made.good, authority)
        .await
        .unwrap();
    mended(&server).await;
    let told = lives(&nats.events().await.unwrap());
    let life = &told[booking["booking_id"].as_str().unwrap()];
    assert_eq!(life.as_slice(), ["matinee.booking.confirmed.v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_behind_tls_takes_what_was_kept_from_a_certificate_that_is_not_believed() {
    let folder = server::demo_folder(false).unwrap();
    let made = Certificates::make(folder.path()).unwrap();
    let mut kafka = Kafka::start(folder.path()).await.unwrap();
    kafka
        .restart_behind_tls(&made.good, &made.authority)
        .await
        .unwrap();
    kafka.create_topic(TOPIC).await.unwrap();
    kafka.show(&made.foreign).unwrap();
    let lines = [("kafka", kafka.address())];
    let (server, metrics) = start(folder.path(), &lines, &made.authority);
    let booking = buy(&server).await;
    let foreign = ["invalid peer certificate", BELIEVE];
    is_refused(&server, metrics, "kafka", &foreign).await;
    kafka.show(&made.good).unwrap();
    mended(&server).await;
    let told = lives(&kafka.events(TOPIC).await.unwrap());
    let life = &told[booking["booking_id"].as_str().unwrap()];
    assert_eq!(life.as_slice(), ["matinee.booking.confirmed.v1"]);
}

/// Only the refusal: the broker of these tests keeps no users, so that nobody can be let in by name.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_kafka_does_not_know_is_said() {
    let folder = server::demo_folder(false).unwrap();
    let made = Certificates::make(folder.path()).unwrap();
    let mut kafka = Kafka::start(folder.path()).await.unwrap();
    kafka.create_topic(TOPIC).await.unwrap();
    kafka.restart_closed(true).await.unwrap();
    let lines = [
        ("kafka", kafka.address()),
        ("kafka_credentials", "scram-sha-256:matinee:hunter2".into()),
    ];
    let (server, metrics) = start(folder.path(), &lines, &made.authority);
    buy(&server).await;
    is_refused(&server, metrics, "kafka", &["MATINEE_KAFKA_CREDENTIALS"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqs_takes_what_was_kept_from_a_certificate_that_is_not_believed() {
    let folder = server::demo_folder(false).unwrap();
    let made = Certificates::make(folder.path()).unwrap();
    let mut sqs = Sqs::start(folder.path(), false).await.unwrap();
    sqs.show(&made.foreign).await.unwrap();
    let lines = [
        ("sqs_queue_url", sqs.url()),
        ("sqs_credentials", "AKID:hunter2".into()),
    ];
    let (server, metrics) = start(folder.path(), &lines, &made.authority);
    let booking = buy(&server).await;
    let foreign = ["invalid peer certificate", BELIEVE];
    is_refused(&server, metrics, "sqs", &foreign).await;
    sqs.show(&made.good).await.unwrap();
    mended(&server).await;
    let told = lives(&sqs.events().await.unwrap());
    let life = &told[booking["booking_id"].as_str().unwrap()];
    assert_eq!(life.as_slice(), ["matinee.booking.confirmed.v1"]);
}

/// What `nsc` writes: a user's JWT with its seed, in an account of an operator's.
#[tokio::test(flavor = "multi_thread")]
async fn nats_takes_a_file_of_credentials_until_its_user_is_revoked() {
    let folder = server::demo_folder(false).unwrap();
    let made = Certificates::make(folder.path()).unwrap();
    let mut nats = Nats::start_with_accounts(folder.path()).await.unwrap();
    nats.create_stream(TOPIC).await.unwrap();
    let creds = nats.creds(Standing::Good).unwrap();
    let lines = [("nats", nats.address()), ("nats_credentials", creds)];
    let (server, metrics) = start(folder.path(), &lines, &made.authority);
    let first = buy(&server).await;
    until("the first event", async || {
        nats.events().await.is_ok_and(|got| got.len() == 1)
    })
    .await;

    nats.revoke(true).await.unwrap();
    let second = buy(&server).await;
    let revoked = ["authorization violation", "MATINEE_NATS_CREDENTIALS"];
    is_refused(&server, metrics, "nats", &revoked).await;
    nats.revoke(false).await.unwrap();
    mended(&server).await;
    let told = lives(&nats.events().await.unwrap());
    for booking in [first, second] {
        let life = &told[booking["booking_id"].as_str().unwrap()];
        assert_eq!(life.as_slice(), ["matinee.booking.confirmed.v1"]);
    }
    assert!(!server.log().contains("USER NKEY SEED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_nats_whose_time_is_over_is_said() {
    let folder = server::demo_folder(false).unwrap();
    let made = Certificates::make(folder.path()).unwrap();
    let nats = Nats::start_with_accounts(folder.path()).await.unwrap();
    nats.create_stream(TOPIC).await.unwrap();
    let creds = nats.creds(Standing::Over).unwrap();
    let lines = [("nats", nats.address()), ("nats_credentials", creds)];
    let (server, metrics) = start(folder.path(), &lines, &made.authority);
    buy(&server).await;
    let over = ["MATINEE_NATS_CREDENTIALS"];
    is_refused(&server, metrics, "nats", &over).await;
}
