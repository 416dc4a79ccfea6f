//! A steady stream of buyers and viewers: each comes at the appointed time, whether those before are served or not.

use super::{Crowd, Plan};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::{JoinHandle, JoinSet};

/// A show with its seats.
pub type Shows = Vec<(String, Vec<String>)>;

/// Buyers under way that a stream may have at most; past it nobody comes until one has gone.
const MOST: usize = 2_000;

/// A stream that goes on until it is ended.
pub struct Load {
    stop: Arc<AtomicBool>,
    task: JoinHandle<usize>,
}

impl Load {
    /// Buyers come `every` so often, two viewers with each. The first has the number `first`, and everything anybody
    /// wants follows from the numbers.
    pub fn begin(crowd: &Arc<Crowd>, shows: Shows, every: Duration, first: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (crowd, stopped) = (Arc::clone(crowd), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let shows = Arc::new(shows);
            let mut next = tokio::time::interval(every);
            let (mut buyers, mut number) = (JoinSet::new(), first);
            while !stopped.load(Ordering::Relaxed) {
                next.tick().await;
                while buyers.try_join_next().is_some() {}
                if buyers.len() >= MOST {
                    continue;
                }
                let (crowd, shows) = (Arc::clone(&crowd), Arc::clone(&shows));
                buyers.spawn(async move {
                    let plan = Plan::of(number as u64, &shows);
                    let (before, after) = (crowd.look(&plan.show), crowd.buy(number, &plan));
                    tokio::join!(before, after);
                    crowd.look(&plan.show).await;
                });
                number += 1;
            }
            buyers.join_all().await;
            number
        });
        Self { stop, task }
    }

    /// Nobody comes any more; returns when the last has gone, with the next free number.
    pub async fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("no buyer panics")
    }
}
