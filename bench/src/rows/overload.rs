//! Ten times more requests than the server can take: it must refuse what is too much, at once and politely, go on
//! selling, and be itself again afterwards.

use super::latency;
use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    load::drive,
    paced::{Pace, Paced, paced},
    plan::Plan,
    report::Report,
    till::{self, Till},
    wire::Connection,
};
use std::time::Duration;

/// More than the server answers at a time.
const CONNECTIONS: usize = 12_000;
const TIMES: f64 = 10.0;
const PAUSE: Duration = Duration::from_secs(5);
/// Load at which latency is compared before and after.
const CALM: f64 = 0.5;

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(engine, Data::Arena).await?;
    let plan = Plan::make(server.address(), "").await?;
    let till = Till::new(&plan, "overload");
    let mut few = Connection::open_many(server.address(), 256).await?;
    let peak = latency::sustained(bench, &server, &till, &mut few).await?;
    let hold = async |connection: &mut Connection, _| till.try_hold(connection).await;
    let calm = Pace {
        per_second: CALM * peak,
        time: bench.extent.slice * 2,
        give_up: false,
    };
    let mut before = paced(&mut few, server.watched(), calm, hold).await?;
    let mut many = Connection::open_many(server.address(), CONNECTIONS).await?;
    let storm = Pace {
        per_second: TIMES * peak,
        time: bench.extent.slice * 4,
        give_up: true,
    };
    let mut round = paced(&mut many, server.watched(), storm, hold).await?;
    let memory = server.memory()?;
    drop(many);
    tokio::time::sleep(PAUSE).await;
    let mut after = paced(&mut few, server.watched(), calm, hold).await?;
    expect("refused after the overload", 0, after.refused.len() as u64)?;
    let again = async |connection: &mut Connection| till.hold(connection).await;
    let again = drive(&mut few, server.watched(), storm.time / 2, again).await?;
    let counted = till::check(&server, &[&till]).await?;
    let sent = round.sent as f64 / round.elapsed.as_secs_f64();
    let refusing = refusing(&round, before.cpu_us());
    report.add(
        &format!("overload_goodput_{}", engine.key()),
        &format!("{}: holds/s at ten times the load ÷ peak", engine.name()),
        round.done_per_second() / peak,
        "",
        Some("≥ 0.9"),
        &format!(
            "{:.0} per second were due and {sent:.0} could be sent over {CONNECTIONS} connections by clients on the same cores; {} taken (p99 {:.0} ms), {} refused with Retry-After (p99 {:.0} ms, {refusing}), nothing else; RSS {:.0} MiB",
            storm.per_second,
            round.done.len(),
            round.done.ms(0.99),
            round.refused.len(),
            round.refused.ms(0.99),
            memory.rss,
        ),
    );
    report.add(
        &format!("overload_recovery_{}", engine.key()),
        &format!(
            "{}: holds/s five seconds later ÷ peak before",
            engine.name()
        ),
        again.per_second() / peak,
        "",
        Some("≥ 0.9"),
        &format!(
            "without a restart; p99 at half the peak {:.2} ms before, {:.2} ms after",
            before.done.ms(0.99),
            after.done.ms(0.99)
        ),
    );
    report.effects(format!("Overload on {}: {counted}", engine.name()));
    server.stop().await?.remove()
}

/// CPU of one refusal: what the holds of the storm did not cost, at the price of a hold at calm load. In a storm more holds
/// share a commit, so that nothing may be left.
fn refusing(storm: &Paced, hold_us: f64) -> String {
    let holds = storm.done.len() as f64 * hold_us;
    let rest = storm.cpu.as_secs_f64() * 1e6 - holds;
    if rest <= 0.0 {
        return "too little CPU each to tell it from that of the holds".into();
    }
    let each = rest / storm.refused.len().max(1) as f64;
    format!("{each:.0} µs of CPU each, the database's included")
}
