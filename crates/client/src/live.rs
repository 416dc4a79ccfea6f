//! A show's seats as they change: follows the server's stream, reconnects by itself, and tells when it is down.

use crate::{
    client::{Client, Inner},
    error::ClientError,
    http::events::{Event, EventParser},
    queries::SeatEvent,
};
use matinee_api::{SeatChanges, SeatSnapshot, ShowId};
use std::{sync::Weak, time::Duration};
use tokio::task::AbortHandle;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Three heartbeats: a stream silent for longer is dead, whatever the connection says.
const SILENCE: Duration = Duration::from_secs(45);

/// Follows the seats until it is dropped.
#[derive(Debug)]
pub struct SeatWatch(AbortHandle);

impl Drop for SeatWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes the events; answers false when nobody listens any more.
type Listener = Box<dyn Fn(SeatEvent) -> bool + Send + Sync>;

impl Client {
    /// Follows a show's seats. Must be called inside a tokio runtime.
    pub fn watch_seats(
        &self,
        show: ShowId,
        listener: impl Fn(SeatEvent) -> bool + Send + Sync + 'static,
    ) -> SeatWatch {
        let follower = Follower {
            client: self.weak(),
            show,
            version: None,
            listener: Box::new(listener),
        };
        SeatWatch(tokio::spawn(follower.run()).abort_handle())
    }
}

struct Follower {
    client: Weak<Inner>,
    show: ShowId,
    /// The last version told.
    version: Option<u64>,
    listener: Listener,
}

/// Why a stream ended.
enum End {
    /// Connect again.
    Broken { was_live: bool },
    /// The server asks for a pause.
    Refused(Option<Duration>),
    /// Nobody listens, or there is nothing to follow.
    Over,
}

impl Follower {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let end = self.follow().await;
            if matches!(end, End::Over) || !(self.listener)(SeatEvent::Connection { live: false }) {
                return;
            }
            let asked = match end {
                End::Broken { was_live: true } => {
                    pause = FIRST_PAUSE;
                    None
                }
                End::Refused(asked) => asked,
                End::Broken { was_live: false } | End::Over => None,
            };
            tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn follow(&mut self) -> End {
        let Some(inner) = self.client.upgrade() else {
            return End::Over;
        };
        let path = format!("/shows/{}/seats/live", self.show);
        let opened = inner.http.open_stream(&path, self.version, None).await;
        // The stream must not keep the client of a server left behind alive.
        drop(inner);
        let mut response = match opened {
            Ok(response) => response,
            Err(error) => return refused(&error),
        };
        if !(self.listener)(SeatEvent::Connection { live: true }) {
            return End::Over;
        }
        let mut parser = EventParser::default();
        loop {
            let Ok(Ok(Some(chunk))) = tokio::time::timeout(SILENCE, response.chunk()).await else {
                return End::Broken { was_live: true };
            };
            let Ok(events) = parser.push(&chunk) else {
                return End::Broken { was_live: false };
            };
            for event in events {
                if let Some(told) = self.understood(&event)
                    && !(self.listener)(told)
                {
                    return End::Over;
                }
            }
        }
    }

    /// What an event says that was not said before.
    fn understood(&mut self, event: &Event) -> Option<SeatEvent> {
        match event.name.as_str() {
            "snapshot" => {
                let snapshot: SeatSnapshot = serde_json::from_str(&event.data).ok()?;
                self.version = Some(snapshot.version);
                Some(snapshot.into())
            }
            "seats" => {
                let changes: SeatChanges = serde_json::from_str(&event.data).ok()?;
                if self.version.is_some_and(|told| changes.version <= told) {
                    return None;
                }
                self.version = Some(changes.version);
                Some(changes.into())
            }
            _ => None,
        }
    }
}

fn refused(error: &ClientError) -> End {
    match error.status {
        // The show is gone: asking again will not bring it back.
        Some(404 | 410) => End::Over,
        Some(_) => End::Refused(
            error
                .retry_after
                .map(|seconds| Duration::from_secs(seconds.into())),
        ),
        None => End::Broken { was_live: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_api::TheaterId;

    fn follower() -> Follower {
        let show = ShowId::from_parts(TheaterId::from_bytes([1; 16]), [2; 16]);
        Follower {
            client: Weak::new(),
            show,
            version: None,
            listener: Box::new(|_| true),
        }
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
            id: None,
        }
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        let mut follower = follower();
        let snapshot = event(
            "snapshot",
            r#"{"version":5,"seats":[{"seat_id":"a","status":"sold"}]}"#,
        );
        assert!(matches!(
            follower.understood(&snapshot),
            Some(SeatEvent::Snapshot { version: 5, .. })
        ));
        let old = event(
            "seats",
            r#"{"version":5,"changes":[{"seat_id":"a","status":"held"}]}"#,
        );
        assert_eq!(follower.understood(&old), None);
        let new = event(
            "seats",
            r#"{"version":6,"changes":[{"seat_id":"a","status":"available"}]}"#,
        );
        assert!(matches!(
            follower.understood(&new),
            Some(SeatEvent::Seats { version: 6, .. })
        ));
    }

    #[test]
    fn a_new_snapshot_counts_even_when_its_version_is_lower() {
        // The server was restored from a backup.
        let mut follower = follower();
        follower.version = Some(9);
        let snapshot = event("snapshot", r#"{"version":2,"seats":[]}"#);
        assert!(follower.understood(&snapshot).is_some());
        assert_eq!(follower.version, Some(2));
    }

    #[test]
    fn what_cannot_be_understood_is_passed_over() {
        assert_eq!(follower().understood(&event("seats", "{")), None);
        assert_eq!(follower().understood(&event("news", "{}")), None);
    }
}
