//! How fresh an answer is, and whether the server can be reached.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use specta::Type;
use tokio::sync::watch;

/// A value, when the server last said it, and whether it comes from the copy on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Fresh<T> {
    pub value: T,
    pub as_of: DateTime<Utc>,
    pub offline: bool,
}

impl<T> Fresh<T> {
    /// Said by the server just now.
    pub(crate) fn now(value: T) -> Self {
        Self {
            value,
            as_of: Utc::now(),
            offline: false,
        }
    }
    /// From the copy.
    pub(crate) fn copied(value: T, as_of: DateTime<Utc>) -> Self {
        Self {
            value,
            as_of,
            offline: true,
        }
    }
}

/// Whether the server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Status {
    pub online: bool,
    /// When the server was last heard; null if never.
    pub as_of: Option<DateTime<Utc>>,
}

/// What is known about reaching the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    Unknown,
    Yes,
    No,
}

/// Tells everybody who listens whether the server was heard.
pub(crate) struct Reach {
    status: watch::Sender<Status>,
    reached: watch::Sender<Reached>,
}

impl Reach {
    pub(crate) fn new(as_of: Option<DateTime<Utc>>) -> Self {
        Self {
            status: watch::Sender::new(Status {
                online: true,
                as_of,
            }),
            reached: watch::Sender::new(Reached::Unknown),
        }
    }

    pub(crate) fn report(&self, heard: bool) {
        self.reached
            .send_replace(if heard { Reached::Yes } else { Reached::No });
        self.status.send_if_modified(|status| {
            let changed = status.online != heard;
            status.online = heard;
            if heard {
                status.as_of = Some(Utc::now());
            }
            changed
        });
    }

    pub(crate) fn reached(&self) -> Reached {
        *self.reached.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_hear_of_a_change_and_not_of_every_call() {
        let reach = Reach::new(None);
        let mut listener = reach.subscribe();
        reach.report(true);
        assert!(!listener.has_changed().expect("it lives"));
        assert!(listener.borrow_and_update().as_of.is_some());
        reach.report(false);
        assert!(listener.has_changed().expect("it lives"));
        let down = *listener.borrow_and_update();
        assert!(!down.online && down.as_of.is_some());
        assert_eq!(reach.reached(), Reached::No);
    }
}
