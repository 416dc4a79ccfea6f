//! Closed-loop load: every connection sends its next request when it has its answer.

use crate::{failure::Failure, proc, wire::Connection};
use futures_util::future::try_join_all;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// One round of one side.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    pub done: u64,
    pub elapsed: Duration,
    /// CPU time the measured process took meanwhile.
    pub cpu: Duration,
}

impl Round {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
    /// Microseconds of CPU for one.
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.done.max(1)) as f64
    }
}

/// Keeps all connections busy for a while. `job` does one thing and says whether there was one left to do.
pub async fn drive<J>(
    connections: &mut [Connection],
    pid: u32,
    time: Duration,
    job: J,
) -> Result<Round, Failure>
where
    J: AsyncFn(&mut Connection) -> Result<bool, Failure>,
{
    let done = Cell::new(0_u64);
    let (done, job) = (&done, &job);
    let cpu_before = proc::cpu(pid)?;
    let began = Instant::now();
    let until = began + time;
    try_join_all(connections.iter_mut().map(async |connection| {
        while Instant::now() < until && job(connection).await? {
            done.set(done.get() + 1);
        }
        Ok::<(), Failure>(())
    }))
    .await?;
    Ok(Round {
        done: done.get(),
        elapsed: began.elapsed(),
        cpu: proc::cpu_since(pid, cpu_before)?,
    })
}
