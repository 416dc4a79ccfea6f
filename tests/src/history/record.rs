//! Takes down what happens, from many tasks at once.

use super::{BookingRead, FinalBooking, History, Moment, Operation, Outcome, Snapshot};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A recording. Moments are of this process's monotonic clock, so that those of different tasks compare.
pub struct Recorder {
    begun: Instant,
    history: Mutex<History>,
}

/// A span as moments are counted.
pub fn moments(span: Duration) -> Moment {
    Moment::try_from(span.as_micros()).unwrap_or(Moment::MAX)
}

impl Recorder {
    /// Begins now. Holds run out no sooner than `hold_lasts`.
    pub fn new(hold_lasts: Duration) -> Self {
        let history = History {
            hold_lasts: moments(hold_lasts),
            ..History::default()
        };
        Self {
            begun: Instant::now(),
            history: Mutex::new(history),
        }
    }

    /// This moment.
    pub fn now(&self) -> Moment {
        moments(self.begun.elapsed())
    }

    fn with<T>(&self, change: impl FnOnce(&mut History) -> T) -> T {
        change(&mut self.history.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes down an operation; its number, to tell more of it later.
    pub fn operation(&self, operation: Operation) -> usize {
        self.with(|history| {
            history.operations.push(operation);
            history.operations.len() - 1
        })
    }

    /// Corrects an operation: it was asked again and the answer is known now, or came once more.
    pub fn amend(&self, number: usize, change: impl FnOnce(&mut Operation)) {
        self.with(|history| change(&mut history.operations[number]));
    }

    /// What is known of each operation now.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.with(|history| history.operations.iter().map(|o| o.outcome).collect())
    }

    /// Takes down a seat map.
    pub fn snapshot(&self, snapshot: Snapshot) {
        self.with(|history| history.snapshots.push(snapshot));
    }

    /// How many seats a show has.
    pub fn capacity(&self, show: &str, seats: usize) {
        self.with(|history| history.capacity.insert(show.to_owned(), seats));
    }

    /// Takes down how a booking was seen.
    pub fn read(&self, read: BookingRead) {
        self.with(|history| history.reads.push(read));
    }

    /// What was taken down so far, with how it stands in the end.
    pub fn closed(&self, finals: Vec<FinalBooking>, stored_bookings: Option<usize>) -> History {
        let closed = self.now();
        self.with(|history| History {
            finals,
            closed,
            stored_bookings,
            ..history.clone()
        })
    }
}
