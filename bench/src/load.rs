//! Closed-loop load: every connection sends its next request when it has its answer.

use crate::{failure::Failure, proc, wire::Connection};
use futures_util::future::try_join_all;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// The processes whose CPU time is measured.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    pub server: u32,
    /// PostgreSQL's first process, when that is the engine.
    pub database: Option<u32>,
}

impl Watched {
    /// A process that keeps no database.
    pub fn only(server: u32) -> Self {
        Self {
            server,
            database: None,
        }
    }

    /// CPU time of both so far.
    pub fn cpu(&self) -> Result<(Duration, Duration), Failure> {
        let database = self.database.map(proc::tree_cpu).transpose()?;
        Ok((proc::cpu(self.server)?, database.unwrap_or_default()))
    }

    pub fn cpu_since(&self, before: (Duration, Duration)) -> Result<(Duration, Duration), Failure> {
        let now = self.cpu()?;
        Ok((
            now.0.saturating_sub(before.0),
            now.1.saturating_sub(before.1),
        ))
    }
}

/// One round of one side.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    pub done: u64,
    pub elapsed: Duration,
    /// CPU time the measured process took meanwhile.
    pub cpu: Duration,
    /// CPU time PostgreSQL took meanwhile.
    pub database_cpu: Duration,
}

impl Round {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
    /// Microseconds of the server's CPU for one.
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.done.max(1)) as f64
    }
    /// Microseconds of PostgreSQL's CPU for one.
    pub fn database_cpu_us(&self) -> f64 {
        self.database_cpu.as_secs_f64() * 1e6 / (self.done.max(1)) as f64
    }
}

/// Keeps all connections busy for a while. `job` does one thing and says whether there was one left to do.
pub async fn drive<J>(
    connections: &mut [Connection],
    watched: Watched,
    time: Duration,
    job: J,
) -> Result<Round, Failure>
where
    J: AsyncFn(&mut Connection) -> Result<bool, Failure>,
{
    let done = Cell::new(0_u64);
    let (done, job) = (&done, &job);
    let cpu_before = watched.cpu()?;
    let began = Instant::now();
    let until = began + time;
    try_join_all(connections.iter_mut().map(async |connection| {
        while Instant::now() < until && job(connection).await? {
            done.set(done.get() + 1);
        }
        Ok::<(), Failure>(())
    }))
    .await?;
    let elapsed = began.elapsed();
    let (cpu, database_cpu) = watched.cpu_since(cpu_before)?;
    Ok(Round {
        done: done.get(),
        elapsed,
        cpu,
        database_cpu,
    })
}
