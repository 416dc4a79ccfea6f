//! The rows of the table, each on databases of its own: one that fails takes no other with it.

mod concurrency;
mod cores;
mod fanout;
mod growth;
mod hot;
mod latency;
mod locking;
mod logins;
mod overload;
mod pretix;
mod reads;
mod record;
mod redis;
mod rush;
mod sales;
mod seating;
mod single;
mod start;
mod sync;
mod writer;

use crate::{
    bench::Bench,
    database::Engine::{self, Postgres, Sqlite},
    disk,
    failure::Failure,
    report::Report,
};

/// A group of figures that are measured together, on one engine or on none.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    engine: Option<Engine>,
}

const fn row(name: &'static str, engine: Engine) -> Row {
    Row {
        name,
        engine: Some(engine),
    }
}

/// In the order of the table.
pub const ROWS: &[Row] = &[
    Row {
        name: "disk",
        engine: None,
    },
    row("sales", Sqlite),
    row("sales", Postgres),
    row("record", Sqlite),
    row("record", Postgres),
    row("single", Postgres),
    row("locking", Postgres),
    row("hot", Sqlite),
    row("hot", Postgres),
    row("latency", Sqlite),
    row("latency", Postgres),
    row("concurrency", Sqlite),
    row("concurrency", Postgres),
    row("cores", Sqlite),
    row("logins", Sqlite),
    row("growth", Sqlite),
    row("growth", Postgres),
    Row {
        name: "fanout",
        engine: None,
    },
    row("rush", Sqlite),
    row("rush", Postgres),
    row("overload", Sqlite),
    row("overload", Postgres),
    row("redis", Postgres),
    Row {
        name: "seating",
        engine: None,
    },
    Row {
        name: "sync",
        engine: None,
    },
    Row {
        name: "start",
        engine: None,
    },
];

/// Only on demand.
pub const PRETIX: Row = Row {
    name: "pretix",
    engine: None,
};

impl Row {
    /// As `--only` knows it.
    pub fn full_name(&self) -> String {
        match self.engine {
            Some(engine) => format!("{}-{}", self.name, engine.key()),
            None => self.name.to_owned(),
        }
    }

    pub async fn run(&self, bench: &Bench, report: &mut Report) -> Result<(), Failure> {
        let engine = self.engine.unwrap_or(Sqlite);
        match self.name {
            "disk" => fsync(bench, report),
            "sales" => sales::run(bench, engine, report).await,
            "record" => record::run(bench, engine, report).await,
            "single" => single::run(bench, report).await,
            "locking" => locking::run(bench, report).await,
            "growth" => growth::run(bench, engine, report).await,
            "fanout" => fanout::run(bench, report).await,
            "rush" => rush::run(bench, engine, report).await,
            "cores" => cores::run(bench, engine, report).await,
            "redis" => redis::run(bench, report).await,
            "start" => start::run(bench, report).await,
            "seating" => seating::run(report),
            "sync" => sync::run(bench, report).await,
            "pretix" => pretix::run(bench, report).await,
            "hot" => hot::run(bench, engine, report).await,
            "latency" => latency::run(bench, engine, report).await,
            "concurrency" => concurrency::run(bench, engine, report).await,
            "logins" => logins::run(bench, engine, report).await,
            "overload" => overload::run(bench, engine, report).await,
            name => Err(Failure::Server(format!("no row is called {name}"))),
        }
    }
}

fn fsync(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let p50 = disk::fsync_p50_us(bench.folder())?;
    report.add(
        "fsync_p50_us",
        "fsync of 4 KiB on this disk, p50",
        p50,
        "µs",
        None,
        "",
    );
    Ok(())
}
