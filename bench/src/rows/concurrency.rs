//! Throughput against the number of connections, closed-loop.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::Failure,
    load::{Round, drive},
    plan::Plan,
    plot::{Plot, line, linear, logarithmic},
    report::Report,
    till::{self, Till},
    wire::Connection,
};
use std::time::Duration;

const STEPS: [usize; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(engine, Data::Arena).await?;
    let plan = Plan::make(server.address(), "").await?;
    let till = Till::new(&plan, "concurrency");
    let most = STEPS[STEPS.len() - 1];
    let mut connections = Connection::open_many(server.address(), most).await?;
    let hold = async |connection: &mut Connection| till.hold(connection).await;
    let touch = async |connection: &mut Connection| {
        Ok(plan.taken() < plan.shows() && till.hold(connection).await?)
    };
    let minute = Duration::from_mins(1);
    drive(&mut connections, server.watched(), minute, touch).await?;
    let mut points = vec![];
    for step in STEPS {
        let some = &mut connections[..step];
        let round = drive(some, server.watched(), bench.extent.slice, hold).await?;
        eprintln!("  {step}: {:.0}/s", round.per_second());
        points.push((step as f64, round));
    }
    let counted = till::check(&server, &[&till]).await?;
    report.effects(format!("Concurrency on {}: {counted}", engine.name()));
    let curve: Vec<(f64, f64)> = points
        .iter()
        .map(|(step, round)| (*step, Round::per_second(round)))
        .collect();
    let best = curve.iter().map(|point| point.1).fold(0.0, f64::max);
    let last = curve.last().map_or(0.0, |point| point.1);
    report.add(
        &format!("last_over_best_{}", engine.key()),
        &format!(
            "{}: holds/s with {most} connections ÷ with the best number of them",
            engine.name()
        ),
        last / best,
        "",
        None,
        &format!(
            "{:.0}/s with one connection, {best:.0}/s at best, {last:.0}/s with {most}",
            curve.first().map_or(0.0, |point| point.1)
        ),
    );
    server.stop().await?.remove()?;
    report.plot(Plot {
        file: "concurrency.svg".into(),
        title: "Throughput against concurrency".into(),
        x: logarithmic("connections"),
        y: linear("holds per second (1/s)"),
        lines: vec![line(engine.name(), curve)],
    });
    Ok(())
}
