//! Open-loop load: requests are due at times fixed beforehand, whatever became of those before them, and a latency
//! counts from when its request was due. A server that stalls makes later requests late, as it would real callers.
//!
//! A request that is due waits for a free connection of the pool; that wait is part of its latency.

use crate::{failure::Failure, load::Watched, stats::Times, wire::Connection};
use futures_util::future::try_join_all;
use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// A definite refusal, e.g. 503 with Retry-After.
    Refused,
    /// There was nothing left to ask for.
    Nothing,
}

/// The load of one round.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub per_second: f64,
    pub time: Duration,
    /// What is due and not yet sent at the end is given up, instead of being sent late.
    pub give_up: bool,
}

/// One round.
pub struct Paced {
    pub planned: u64,
    pub sent: u64,
    pub done: Times,
    pub refused: Times,
    pub elapsed: Duration,
    pub cpu: Duration,
}

impl Paced {
    pub fn done_per_second(&self) -> f64 {
        self.done.len() as f64 / self.elapsed.as_secs_f64()
    }
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.done.len().max(1) as f64
    }
}

/// Asks at a steady rate. `job` is told the number of its request.
pub async fn paced<J>(
    connections: &mut [Connection],
    watched: Watched,
    pace: Pace,
    job: J,
) -> Result<Paced, Failure>
where
    J: AsyncFn(&mut Connection, u64) -> Result<Outcome, Failure>,
{
    let planned = (pace.per_second * pace.time.as_secs_f64()) as u64;
    let due = Arc::new(Semaphore::new(0));
    let next = Cell::new(0_u64);
    let (done, refused) = (
        RefCell::new(Times::default()),
        RefCell::new(Times::default()),
    );
    let cpu_before = watched.cpu()?;
    let began = Instant::now();
    let clock = std::thread::spawn({
        let (due, many) = (due.clone(), connections.len());
        move || tick(&due, began, pace.per_second, planned, many)
    });
    let ends = began + pace.time;
    let parts = (&due, &next, &done, &refused, &job);
    try_join_all(connections.iter_mut().map(async |connection| {
        let (due, next, done, refused, job) = parts;
        loop {
            // The semaphore is never closed.
            if let Ok(permit) = due.acquire().await {
                permit.forget();
            }
            let number = next.get();
            if number >= planned || (pace.give_up && Instant::now() > ends) {
                return Ok::<(), Failure>(());
            }
            next.set(number + 1);
            let was_due = began + Duration::from_secs_f64(number as f64 / pace.per_second);
            let outcome = job(connection, number).await?;
            match outcome {
                Outcome::Done => done.borrow_mut().add(was_due.elapsed()),
                Outcome::Refused => refused.borrow_mut().add(was_due.elapsed()),
                Outcome::Nothing => return Err(Failure::Server("the seats ran out".into())),
            }
        }
    }))
    .await?;
    let elapsed = began.elapsed();
    let (cpu, _) = watched.cpu_since(cpu_before)?;
    // It ended before the last connection did.
    let _ = clock.join();
    Ok(Paced {
        planned,
        sent: next.get(),
        done: done.take(),
        refused: refused.take(),
        elapsed,
        cpu,
    })
}

/// A thread of its own, because the runtime's timers tick in whole milliseconds. At the end everybody is woken.
fn tick(due: &Semaphore, began: Instant, per_second: f64, planned: u64, waiting: usize) {
    let mut given = 0;
    while given < planned {
        let now = began.elapsed().as_secs_f64();
        let until = ((now * per_second) as u64 + 1).min(planned);
        if until > given {
            due.add_permits((until - given) as usize);
            given = until;
        }
        let next = Duration::from_secs_f64(given as f64 / per_second);
        let pause = next.saturating_sub(began.elapsed());
        std::thread::sleep(pause.max(Duration::from_micros(100)));
    }
    due.add_permits(waiting);
}
