//! Live viewers: what it costs to tell many of a seat, how soon they know, and that nobody misses one.

use crate::{
    arena,
    bench::{Bench, Data},
    crowd::Crowd,
    database::Engine,
    failure::{Failure, expect},
    paced::{Outcome, Pace, Paced, paced},
    plan::{self, Plan, Sold},
    plot::{Plot, line, linear, logarithmic},
    report::{Report, thousands},
    server::ServerProcess,
    till,
    wire::Connection,
};
use std::time::Instant;

const CONNECTIONS: usize = 64;
/// Viewers, and holds of two seats per second; the first step is what the holds cost by themselves.
const STEPS: [(usize, f64); 5] = [
    (0, 600.0),
    (10, 600.0),
    (100, 600.0),
    (1_000, 600.0),
    (10_000, 60.0),
];
const SHOWN: usize = 1_000;

/// One number of viewers.
struct Step {
    viewers: usize,
    per_second: f64,
    /// Microseconds of server CPU for one seat at one viewer.
    cpu_us: f64,
    p50: f64,
    p99: f64,
    events: f64,
    snapshots: u64,
}

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(Engine::Sqlite, Data::Arena).await?;
    let shows = plan::shows(server.address(), arena::LARGE).await?;
    let mut connections = Connection::open_many(server.address(), CONNECTIONS).await?;
    let (mut steps, mut alone_us, mut held) = (vec![], 0.0, 0);
    for (show, (viewers, rate)) in shows.into_iter().zip(STEPS) {
        if bench.extent.quick && viewers > SHOWN {
            continue;
        }
        let pace = Pace {
            per_second: rate,
            time: bench.extent.slice * 2,
            give_up: false,
        };
        let (round, step) = step(&server, show, viewers, pace, &mut connections, alone_us).await?;
        held += round.done.len() as u64;
        match step {
            None => alone_us = round.cpu_us(),
            Some(step) => {
                eprintln!(
                    "  {viewers}: {:.0} deliveries/s, {:.3} µs, p99 {:.0} ms",
                    step.per_second, step.cpu_us, step.p99
                );
                steps.push(step);
            }
        }
    }
    let rows = server.database().number("SELECT count(*) FROM bookings")?;
    expect("holds before the viewers", held, rows)?;
    server.verify()?;
    add(report, &steps);
    report.effects(format!(
        "Live viewers: {held} holds, and every viewer saw every one of their seats taken."
    ));
    server.stop().await?.remove()?;
    let of = |value: fn(&Step) -> f64| {
        let points = steps.iter().map(|step| (step.viewers as f64, value(step)));
        points.collect::<Vec<_>>()
    };
    report.plot(Plot {
        file: "fanout-delay.svg".into(),
        title: "From a hold to its viewers".into(),
        x: logarithmic("live viewers of one show"),
        y: linear("delay from when the hold was sent (ms)"),
        lines: vec![
            line("p50", of(|step| step.p50)),
            line("p99", of(|step| step.p99)),
        ],
    });
    report.plot(Plot {
        file: "fanout-rate.svg".into(),
        title: "Seat changes delivered to viewers".into(),
        x: logarithmic("live viewers of one show"),
        y: logarithmic("deliveries per second (1/s)"),
        lines: vec![line("deliveries", of(|step| step.per_second))],
    });
    Ok(())
}

async fn step(
    server: &ServerProcess,
    show: Sold,
    viewers: usize,
    pace: Pace,
    connections: &mut [Connection],
    alone_us: f64,
) -> Result<(Paced, Option<Step>), Failure> {
    let name = show.show.clone();
    let plan = Plan::of(vec![show], 1);
    let crowd = Crowd::gather(server.address(), &name, arena::LARGE_SEATS, viewers).await?;
    let seen = &crowd.seen;
    let key = name.as_str();
    let hold = async |connection: &mut Connection, _| {
        let Some(pair) = plan.take() else {
            return Ok(Outcome::Nothing);
        };
        let now = Instant::now();
        for id in [pair.seats.0, pair.seats.1] {
            if let Some(seat) = arena::seat_number(id) {
                seen.mark(seat, now);
            }
        }
        till::book(connection, key, &pair, "")
            .await?
            .expect("book", 201)?;
        Ok(Outcome::Done)
    };
    let (events, began) = (seen.events.get(), Instant::now());
    let before = server.watched().cpu()?;
    let round = paced(connections, server.watched(), pace, hold).await?;
    crowd.all_seen().await?;
    let elapsed = began.elapsed().as_secs_f64();
    let (cpu, _) = server.watched().cpu_since(before)?;
    if viewers == 0 {
        return Ok((round, None));
    }
    let deliveries = seen.deliveries.get() as f64;
    let alone = alone_us * round.done.len() as f64;
    let mut delays = seen.delays.take();
    Ok((
        round,
        Some(Step {
            viewers,
            per_second: deliveries / elapsed,
            cpu_us: (cpu.as_secs_f64() * 1e6 - alone).max(0.0) / deliveries,
            p50: delays.ms(0.5),
            p99: delays.ms(0.99),
            events: (seen.events.get() - events) as f64 / elapsed,
            snapshots: seen.snapshots.get(),
        }),
    ))
}

fn add(report: &mut Report, steps: &[Step]) {
    for step in steps.iter().filter(|step| step.viewers >= SHOWN) {
        let what = thousands(step.viewers as f64);
        report.add(
            &format!("fanout_{}", step.viewers),
            &format!("live seat changes delivered to {what} viewers of one show"),
            step.per_second,
            "/s",
            (step.viewers == SHOWN).then_some("≥ 1,000,000"),
            &format!(
                "{:.0} events/s (ticks of 50 ms), {:.3} µs of the server's CPU per seat and viewer; every viewer saw every seat, {} new snapshots",
                step.events, step.cpu_us, step.snapshots
            ),
        );
        report.add(
            &format!("fanout_p99_ms_{}", step.viewers),
            &format!("p99 from sending a hold to {what} viewers knowing it"),
            step.p99,
            "ms",
            (step.viewers == SHOWN).then_some("≤ 200"),
            &format!(
                "the hold's own time and up to a tick included; p50 {:.0} ms",
                step.p50
            ),
        );
    }
}
