//! Brokers that die under load, and a server that does: every event comes, and what comes twice is the same event.

use super::{TOPIC, are_as_described, due_at_once, options, shows};
use crate::until;
use matinee_tests::{
    Caller, Server, ServerOptions, TestError,
    brokers::{Got, Kafka, Nats, Sqs, ids, lives},
    server, small_house,
};
use serde_json::json;
use std::{
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

/// A broker that can be ended and comes back.
trait Broker {
    async fn events(&self) -> Result<Vec<Got>, TestError>;
    async fn end(&mut self, server: &Server) -> Result<(), TestError>;
    async fn back(&mut self) -> Result<(), TestError>;
}

impl Broker for Kafka {
    async fn events(&self) -> Result<Vec<Got>, TestError> {
        Kafka::events(self, TOPIC).await
    }
    async fn end(&mut self, _: &Server) -> Result<(), TestError> {
        self.kill()
    }
    async fn back(&mut self) -> Result<(), TestError> {
        self.restart().await
    }
}

impl Broker for Nats {
    async fn events(&self) -> Result<Vec<Got>, TestError> {
        Nats::events(self).await
    }
    async fn end(&mut self, _: &Server) -> Result<(), TestError> {
        self.kill()
    }
    async fn back(&mut self) -> Result<(), TestError> {
        self.restart().await
    }
}

impl Broker for Sqs {
    async fn events(&self) -> Result<Vec<Got>, TestError> {
        Sqs::events(self).await
    }
    /// It keeps nothing: while our server stands still, what is there is taken out.
    async fn end(&mut self, server: &Server) -> Result<(), TestError> {
        let signal = |name: &str| {
            let pid = server.pid().to_string();
            Command::new("kill").args([name, &pid]).status()
        };
        signal("-STOP")?;
        Sqs::events(self).await?;
        self.kill();
        signal("-CONT")?;
        Ok(())
    }
    async fn back(&mut self) -> Result<(), TestError> {
        self.restart().await
    }
}

/// Bookings that were acknowledged: their ids, and whether they were cancelled too.
type Sold = Arc<Mutex<Vec<(String, bool)>>>;

/// Buys, and cancels every second one, until told to stop. A server that is away is waited for.
async fn buy_on(caller: Caller, shows: Vec<String>, sold: Sold, stop: Arc<AtomicBool>) {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let show = &shows[number % shows.len()];
        if try_to_buy(&caller, show, number % 2 == 0, &sold)
            .await
            .is_none()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn try_to_buy(caller: &Caller, show: &str, cancel: bool, sold: &Sold) -> Option<()> {
    let post = async |caller: &Caller, path: &str, body: serde_json::Value| {
        let bytes = body.to_string().into_bytes();
        let answer = caller
            .send(reqwest::Method::POST, path, Some(bytes))
            .await
            .ok()?;
        (answer.status < 300).then(|| answer.json())
    };
    let body = json!({ "show_id": show, "best": 1, "guest_email": "guest@example.com" });
    let booking = post(caller, "/book", body).await?;
    let guest = caller.with_token(booking["guest_token"].as_str()?);
    let id = booking["booking_id"].as_str()?;
    let body = json!({ "booking_id": id, "payment_method": "pm_card_visa" });
    post(&guest, "/payment", body).await?;
    let at = {
        let mut sold = sold.lock().unwrap();
        sold.push((id.to_owned(), false));
        sold.len() - 1
    };
    if cancel {
        post(&guest, &format!("/cancel/{id}"), json!({})).await?;
        sold.lock().unwrap()[at].1 = true;
    }
    Some(())
}

/// Whether all that was sold has come, and what was cancelled too.
fn is_whole(sold: &Sold, got: &[Got]) -> bool {
    let lives = lives(got);
    let sold = sold.lock().unwrap();
    sold.iter().all(|(id, cancelled)| {
        let life = lives.get(id).map(Vec::as_slice).unwrap_or_default();
        let first = life.first().is_some_and(|kind| kind.contains("confirmed"));
        let told = |kind| life.iter().any(|life| life.contains(kind));
        first && (!cancelled || (told("cancelled") && told("refunded")))
    })
}

async fn nothing_is_lost(folder: &Path, lines: &[(&str, String)], mut broker: impl Broker) {
    small_house::fill(&server::database(folder), folder, 4).unwrap();
    // It stays at its address, so that buyers find it again.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap().to_string();
    drop(free);
    let begin = || {
        let options = ServerOptions {
            listen: Some(listen.clone()),
            ..options(folder, lines)
        };
        Server::start_in(folder, &options).unwrap()
    };
    let mut server = begin();
    let (sold, stop) = (Sold::default(), Arc::new(AtomicBool::new(false)));
    let shows = shows(&server).await;
    let mut buyers = JoinSet::new();
    for buyer in 0..2 {
        let mut shows = shows.clone();
        shows.rotate_left(buyer * 5);
        let (caller, sold) = (server.caller(), Arc::clone(&sold));
        buyers.spawn(buy_on(caller, shows, sold, Arc::clone(&stop)));
    }
    let count = || sold.lock().unwrap().len();
    let more = async |wanted: usize| {
        let before = count();
        until("more is sold", async || count() >= before + wanted).await;
    };
    more(6).await;
    broker.end(&server).await.unwrap();
    // Nothing else waits for it: people buy and have their mails.
    more(6).await;
    let at_least = count();
    let mailed = || {
        let mails = server.mails();
        mails
            .iter()
            .filter(|mail| mail.contains("Subject: Your tickets"))
            .count()
    };
    until("mails go out", async || mailed() + 4 >= at_least / 2).await;
    until("it is said", async || {
        server.log().contains("an outlet is away")
    })
    .await;
    server.kill().unwrap();
    let server = begin();
    more(3).await;
    broker.back().await.unwrap();
    due_at_once(folder);
    more(6).await;
    broker.end(&server).await.unwrap();
    more(2).await;
    broker.back().await.unwrap();
    more(2).await;
    stop.store(true, Ordering::Relaxed);
    buyers.join_all().await;
    until("everything came", async || {
        let got = broker.events().await.unwrap();
        is_whole(&sold, &got)
    })
    .await;
    let got = broker.events().await.unwrap();
    let twice = got.len() - ids(&got).len();
    println!(
        "{} bookings, {} events, {twice} of them again",
        count(),
        got.len()
    );
    are_as_described(folder, &got);
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_loses_nothing_by_crashes() {
    let folder = server::demo_folder(false).unwrap();
    let broker = Kafka::start(folder.path()).await.unwrap();
    broker.create_topic(TOPIC).await.unwrap();
    let lines = [("kafka", broker.address())];
    nothing_is_lost(folder.path(), &lines, broker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_loses_nothing_by_crashes() {
    let folder = server::demo_folder(false).unwrap();
    let broker = Nats::start(folder.path()).await.unwrap();
    broker.create_stream(TOPIC).await.unwrap();
    let lines = [
        ("nats", broker.address()),
        ("nats_credentials", Nats::credentials()),
    ];
    nothing_is_lost(folder.path(), &lines, broker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqs_loses_nothing_by_crashes() {
    let folder = server::demo_folder(false).unwrap();
    let broker = Sqs::start(folder.path(), false).await.unwrap();
    let lines = [
        ("sqs_queue_url", broker.url()),
        ("sqs_credentials", "test:test".into()),
    ];
    nothing_is_lost(folder.path(), &lines, broker).await;
}
