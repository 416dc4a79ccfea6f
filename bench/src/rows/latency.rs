//! Latency of holds against load, open-loop, from a tenth of the peak to beyond it.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    load::drive,
    paced::{Pace, paced},
    plan::Plan,
    plot::{Plot, line, linear, logarithmic},
    report::Report,
    server::ServerProcess,
    till::{self, Till},
    wire::Connection,
};
use std::time::Duration;

/// Enough that a request that is due hardly ever waits for a free one below the peak.
const CONNECTIONS: usize = 512;
const PEAK_CONNECTIONS: usize = 256;
const WARM_UP_ROUNDS: usize = 8;
/// Percent of the peak.
const STEPS: [u32; 9] = [10, 20, 40, 60, 80, 90, 100, 110, 120];
/// The step that the table shows.
const SHOWN: u32 = 60;

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(engine, Data::Arena).await?;
    let plan = Plan::make(server.address(), "").await?;
    let till = Till::new(&plan, "latency");
    let mut connections = Connection::open_many(server.address(), CONNECTIONS).await?;
    let peak = sustained(bench, &server, &till, &mut connections).await?;
    let time = bench.extent.slice * 2;
    let mut curves: [Vec<(f64, f64)>; 3] = Default::default();
    for step in STEPS {
        let per_second = peak * f64::from(step) / 100.0;
        let pace = Pace {
            per_second,
            time,
            give_up: false,
        };
        let ask = async |connection: &mut Connection, _| till.try_hold(connection).await;
        let mut round = paced(&mut connections, server.watched(), pace, ask).await?;
        expect("refused below an overload", 0, round.refused.len() as u64)?;
        expect("answers", round.planned, round.done.len() as u64)?;
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| round.done.ms(share));
        for (curve, ms) in curves.iter_mut().zip([p50, p99, p999]) {
            curve.push((f64::from(step), ms));
        }
        eprintln!("  {step} % of {peak:.0}/s: {p50:.2} / {p99:.2} / {p999:.2} ms");
        if step == SHOWN {
            report.add(
                &format!("hold_p99_ms_{}", engine.key()),
                &format!(
                    "{}: p99 of a hold at {SHOWN} % of the peak",
                    engine.name()
                ),
                p99,
                "ms",
                None,
                &format!(
                    "open-loop, {per_second:.0} per second, from the scheduled time; p50 {p50:.2} ms, p99.9 {p999:.2} ms"
                ),
            );
        }
    }
    let counted = till::check(&server, &[&till]).await?;
    report.effects(format!("Latency on {}: {counted}", engine.name()));
    server.stop().await?.remove()?;
    let lines = ["p50", "p99", "p99.9"].into_iter().zip(curves);
    report.plot(Plot {
        file: format!("latency-{}.svg", engine.key()),
        title: format!("Latency of a hold against load, {}", engine.name()),
        x: linear(&format!("load (% of the peak of {peak:.0} holds/s)")),
        y: logarithmic("latency from the scheduled time (ms)"),
        lines: lines.map(|(name, points)| line(name, points)).collect(),
    });
    Ok(())
}

/// Holds per second that busy connections keep up. Not the first seconds of an empty database: its indexes have few pages,
/// which the holds of one commit share, and SQLite is twice as fast then as it is 100,000 holds later.
pub async fn sustained(
    bench: &Bench,
    server: &ServerProcess,
    till: &Till<'_>,
    connections: &mut [Connection],
) -> Result<f64, Failure> {
    for _ in 0..WARM_UP_ROUNDS {
        peak(bench, server, till, connections).await?;
    }
    peak(bench, server, till, connections).await
}

/// Holds per second that busy connections reach; the shows were looked at before.
pub async fn peak(
    bench: &Bench,
    server: &ServerProcess,
    till: &Till<'_>,
    connections: &mut [Connection],
) -> Result<f64, Failure> {
    let many = connections.len().min(PEAK_CONNECTIONS);
    let connections = &mut connections[..many];
    let plan = till.plan();
    let touch = async |connection: &mut Connection| {
        Ok(plan.taken() < plan.shows() && till.hold(connection).await?)
    };
    let minute = Duration::from_mins(1);
    drive(connections, server.watched(), minute, touch).await?;
    let hold = async |connection: &mut Connection| till.hold(connection).await;
    let time = bench.extent.slice * 2;
    let round = drive(connections, server.watched(), time, hold).await?;
    Ok(round.per_second())
}
