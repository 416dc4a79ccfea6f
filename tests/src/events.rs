//! A stream of server-sent events, read as they come.

use crate::Caller;
use serde_json::Value;
use std::time::Duration;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

/// An open stream.
pub struct Events {
    response: reqwest::Response,
    buffer: String,
}

impl Events {
    /// Opens one that is there.
    pub async fn open(caller: &Caller, path: &str) -> Self {
        let response = caller.open(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next event; `None` when the stream ended, or broke off. Panics when neither happens in time.
    pub async fn next(&mut self, within: Duration) -> Option<Event> {
        let next = tokio::time::timeout(within, self.read()).await;
        next.unwrap_or_else(|_| panic!("an event within {within:?}"))
    }

    /// True when no event comes, and the stream does not end, for so long.
    pub async fn is_quiet(&mut self, this_long: Duration) -> bool {
        tokio::time::timeout(this_long, self.read()).await.is_err()
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| {
                    let found = block.lines().find_map(|line| line.strip_prefix(name));
                    found.unwrap_or_default().trim().to_owned()
                };
                if !field("event:").is_empty() {
                    return Some(Event {
                        name: field("event:"),
                        id: field("id:"),
                        data: serde_json::from_str(&field("data:")).expect("its data are JSON"),
                    });
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.buffer
                .push_str(std::str::from_utf8(&chunk).expect("it is text"));
        }
    }
}
