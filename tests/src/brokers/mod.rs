//! Where events go in tests: a broker that speaks Kafka (Tansu, which keeps its records in moto's S3), NATS with JetStream,
//! and moto's SQS. Each can be killed and comes back with what it acknowledged. `cargo xtask test` installs them.

pub mod certificates;
mod front;
mod kafka;
mod nats;
pub mod nats_accounts;
mod sqs;

pub use kafka::Kafka;
pub use nats::Nats;
pub use sqs::Sqs;

use crate::{TestError, message_peers::tools};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    process::{Command, Stdio},
};

/// An event as a consumer got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Got {
    /// What keeps events in order there: a record's key, a subject, a message group.
    pub lane: String,
    pub event: Value,
}

impl Got {
    fn new(lane: impl Into<String>, body: &[u8]) -> Self {
        Self {
            lane: lane.into(),
            event: serde_json::from_slice(body).expect("an event is JSON"),
        }
    }

    /// A text of the event.
    pub fn text(&self, name: &str) -> &str {
        self.event[name].as_str().unwrap_or_default()
    }
}

/// The types of events by booking, in the order in which they came; what came again is passed over, as a consumer should.
/// Panics when two events of a booking came in another order than their own.
pub fn lives(got: &[Got]) -> BTreeMap<String, Vec<String>> {
    let mut seen: BTreeMap<&str, &Got> = BTreeMap::new();
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    let mut lives: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for got in got {
        let (id, booking) = (got.text("id"), got.text("subject"));
        assert!(!id.is_empty() && !booking.is_empty(), "{got:?}");
        assert!(got.lane.ends_with(booking), "{got:?}");
        if let Some(before) = seen.insert(id, got) {
            for same in ["type", "subject", "sequence", "time", "source"] {
                assert_eq!(
                    before.text(same),
                    got.text(same),
                    "{id} came as something else"
                );
            }
            continue;
        }
        let sequence = got.text("sequence");
        let before = last.insert(booking, sequence);
        assert!(before < Some(sequence), "out of order: {got:?}");
        let life = lives.entry(booking.to_owned()).or_default();
        life.push(got.text("type").to_owned());
    }
    lives
}

/// The ids of events.
pub fn ids(got: &[Got]) -> BTreeSet<String> {
    got.iter().map(|got| got.text("id").to_owned()).collect()
}

const CHECK: &str = r##"
import json, sys
from jsonschema import Draft7Validator
document = json.loads(sys.argv[1])
names = {message["name"]: schema for schema, message in document["components"]["messages"].items()}
for event in json.load(sys.stdin):
    schema = {"$ref": "#/components/schemas/" + names[event["type"]], "components": document["components"]}
    Draft7Validator.check_schema(document["components"]["schemas"][names[event["type"]]])
    Draft7Validator(schema).validate(event)
"##;

/// Whether events are what an AsyncAPI document says, by Python's jsonschema; what is wrong when they are not.
pub fn check(document: &str, events: &[Value]) -> Result<(), TestError> {
    let mut child = Command::new("python3")
        .args(["-c", CHECK, document])
        .env("PYTHONPATH", tools().join("python"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("it reads nothing")?;
    let events = serde_json::to_vec(events)?;
    let written = stdin.write_all(&events);
    drop(stdin);
    let output = child.wait_with_output()?;
    if output.status.success() {
        return written.map_err(Into::into);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}
