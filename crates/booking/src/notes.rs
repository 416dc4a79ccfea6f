//! What the jobs of one server remember between their rounds. Losing it costs a repeated line in the log, or a question
//! asked of the gateway once more; nothing that money depends on is here.

use chrono::{DateTime, Utc};
use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Things that were said, at most; then it begins anew.
const MOST: usize = 4096;

/// A server's notes.
#[derive(Debug, Default)]
pub struct JobNotes {
    said: Mutex<HashSet<String>>,
    asked: Mutex<Option<DateTime<Utc>>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl JobNotes {
    /// Whether this is said for the first time: an operator reads a line once, not every five seconds.
    pub(crate) fn first(&self, what: String) -> bool {
        let mut said = lock(&self.said);
        if said.len() >= MOST {
            said.clear();
        }
        said.insert(what)
    }

    /// It is over: should it come again, it is said again.
    pub(crate) fn over(&self, what: &str) {
        lock(&self.said).remove(what);
    }

    /// When people at the gateway were last asked after; they are asked after until `now` next.
    pub(crate) fn asked(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        lock(&self.asked).replace(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_said_once_until_it_is_over() {
        let notes = JobNotes::default();
        assert!(notes.first("a".into()) && !notes.first("a".into()));
        notes.over("a");
        assert!(notes.first("a".into()));
        for number in 0..2 * MOST {
            notes.first(number.to_string());
        }
        assert!(lock(&notes.said).len() <= MOST);
    }
}
