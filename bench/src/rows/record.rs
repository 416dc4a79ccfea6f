//! The record hour: 107,000 tickets sold in one, here as 53,500 paid bookings of two seats, every one durable.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    load::drive,
    plan::Plan,
    report::Report,
    till::{self, Till},
    wire::Connection,
};
use std::time::Duration;

const BOOKINGS: u64 = 53_500;
const CONNECTIONS: usize = 256;
const AT_MOST: Duration = Duration::from_mins(3);

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let bookings = if bench.extent.quick { 2_000 } else { BOOKINGS };
    let server = bench.server(engine, Data::Demo).await?;
    let plan = Plan::make(server.address(), "").await?;
    let till = Till::new(&plan, "record");
    let mut connections = Connection::open_many(server.address(), CONNECTIONS).await?;
    // Asked for, not yet answered ones included.
    let buy = async |connection: &mut Connection| {
        Ok((plan.taken() as u64) < bookings && till.buy(connection).await?)
    };
    let round = drive(&mut connections, server.watched(), AT_MOST, buy).await?;
    expect("paid bookings", bookings, round.done)?;
    let memory = server.memory()?;
    let counted = till::check(&server, &[&till]).await?;
    let beside = match engine {
        Engine::Sqlite => String::new(),
        Engine::Postgres => format!(", {:.0} µs of PostgreSQL's", round.database_cpu_us()),
    };
    let note = format!(
        "measured from a cold start over {} shows; {:.0}/s, {:.0} µs of the server's CPU each{beside}; peak RSS of the server {:.0} MiB",
        plan.shows(),
        round.per_second(),
        round.cpu_us(),
        memory.peak
    );
    report.add(
        &format!("record_hour_s_{}", engine.key()),
        &format!(
            "{}: the record hour, {bookings} two-seat paid bookings",
            engine.name()
        ),
        round.elapsed.as_secs_f64(),
        "s",
        (engine == Engine::Sqlite).then_some("≤ 5 s"),
        &note,
    );
    report.effects(format!("Record hour on {}: {counted}", engine.name()));
    server.stop().await?.remove()
}
