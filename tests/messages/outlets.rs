//! Events to Kafka, NATS JetStream and SQS: each booking's in their order, none lost by a crash of either side, and what is
//! wrong is said.

mod brokers;
mod life;
mod refused;
mod secured;

use matinee_tests::{Server, ServerOptions, brokers::Got, server, small_house};
use std::{path::Path, time::Duration};

const TOPIC: &str = "matinee.events";

/// A small theater with these outlets: `name = value` lines of the file of options.
fn options(folder: &Path, lines: &[(&str, String)]) -> ServerOptions {
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, value)| format!("{name} = {value:?}\n"))
        .collect();
    ServerOptions {
        demo: false,
        ..crate::options(folder, &lines.concat())
    }
}

/// A server for a small theater that stays at its address.
fn start(folder: &Path, lines: &[(&str, String)]) -> Server {
    small_house::fill(&server::database(folder), folder, 4).unwrap();
    Server::start_in(folder, &options(folder, lines)).unwrap()
}

/// Every show there is.
async fn shows(server: &Server) -> Vec<String> {
    let caller = server.caller();
    let theaters = caller.get("/theaters").await.expect(200).json();
    let theater = theaters["items"][0]["theater_id"].as_str().unwrap();
    let movies = caller.get(&format!("/theaters/{theater}/movies")).await;
    let movies = movies.expect(200).json();
    let movies = movies["items"].as_array().unwrap().iter();
    let shows = movies.flat_map(|movie| movie["shows"].as_array().unwrap());
    shows
        .map(|show| show["show_id"].as_str().unwrap().to_owned())
        .collect()
}

/// What `messages list` says.
fn list(folder: &Path, channel: &str, status: &str) -> String {
    let words = ["messages", "list", "--channel", channel, "--status", status];
    let (done, text) = server::run(folder, &words).unwrap();
    assert!(done.success(), "{text}");
    text
}

/// Nobody waits here for a claim that a crash left behind, or for the next attempt.
fn due_at_once(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("matinee.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "UPDATE messages SET due_at = 0 WHERE status = 'pending'";
    database.execute(sql, []).unwrap();
}

/// Holds events against the document that describes them.
fn are_as_described(folder: &Path, got: &[Got]) {
    let (done, document) = server::run(folder, &["asyncapi"]).unwrap();
    assert!(done.success(), "{document}");
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/asyncapi.json");
    assert_eq!(std::fs::read_to_string(committed).unwrap(), document);
    let events: Vec<_> = got.iter().map(|got| got.event.clone()).collect();
    matinee_tests::brokers::check(&document, &events).unwrap();
}
