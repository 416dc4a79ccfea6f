//! What a booking costs when much is stored: the same bookings on two servers in turns, one with a thousand stored
//! bookings, one with ever more.

use super::latency;
use crate::{
    arena,
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    fill::fill,
    load::{Round, drive},
    paced::{Pace, paced},
    plan::{self, Plan},
    plot::{Plot, line, linear, logarithmic},
    report::{Report, column, ratio, thousands},
    server::ServerProcess,
    stats,
    till::{self, Till},
    wire::Connection,
};
use std::time::Duration;

const CONNECTIONS: usize = 256;
const BASE: u64 = 1_000;
/// Share of the peak at which latencies are compared.
const LOAD: f64 = 0.3;
const ROUNDS: usize = 3;
/// Time to hold seats of every show once, at most.
const WARM_UP: Duration = Duration::from_mins(1);

/// How much more a booking costs than with a thousand stored.
struct Ratios {
    cpu: f64,
    p50: f64,
    time: f64,
    note: String,
}

/// A server with its bookings and buyers.
struct Side<'a> {
    server: &'a ServerProcess,
    till: &'a Till<'a>,
    connections: Vec<Connection>,
}

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    // One paid booking to copy, in a small hall; no row of this measurement books in that show.
    let server = bench.server(engine, Data::Arena).await?;
    let mut shows = plan::shows(server.address(), arena::SMALL).await?;
    let one = Plan::of(shows.split_off(shows.len() - 1), 1);
    let first = Till::new(&one, "first");
    let mut connection = Connection::open(server.address()).await?;
    first.buy(&mut connection).await?;
    drop(connection);
    let large = server.stop().await?;
    let small = large.copy(bench.folder(), &format!("small_{}", engine.key()))?;
    fill(&small, 0, BASE, bench.grow).await?;
    fill(&large, 0, BASE, bench.grow).await?;

    let base = bench.server_on(small, &[])?;
    let base_plan = Plan::of(shows.clone(), plan::ALL);
    let base_till = Till::new(&base_plan, "base");
    let mut base = Side::new(&base, &base_till).await?;
    let peak = latency::peak(bench, base.server, base.till, &mut base.connections).await?;
    let plan = Plan::of(shows, plan::ALL);
    let till = Till::new(&plan, "large");
    let (mut large, mut stored, mut curves) = (large, BASE, Curves::default());
    loop {
        let server = bench.server_on(large, &[])?;
        let mut side = Side::new(&server, &till).await?;
        let ratios = compare(bench, &mut base, &mut side, peak * LOAD).await?;
        eprintln!(
            "  {stored}: CPU {:.2}, p50 {:.2}, time {:.2}",
            ratios.cpu, ratios.p50, ratios.time
        );
        curves.add(stored, &ratios);
        if stored >= bench.grow {
            let counted = side.check(stored).await?;
            drop(side);
            server.stop().await?.remove()?;
            curves.report(engine, stored, &ratios, report);
            report.effects(format!("Growth on {}: {counted}", engine.name()));
            return Ok(());
        }
        drop(side);
        large = server.stop().await?;
        let next = (stored * 10).min(bench.grow);
        fill(&large, stored, next, bench.grow).await?;
        stored = next;
    }
}

async fn compare(
    bench: &Bench,
    base: &mut Side<'_>,
    large: &mut Side<'_>,
    per_second: f64,
) -> Result<Ratios, Failure> {
    // The server has closed what stood idle while bookings were filled in.
    base.connect().await?;
    large.touch().await?;
    let slice = bench.extent.slice;
    let (mut bases, mut larges) = (vec![], vec![]);
    let (mut cpu, mut p50, mut times) = (vec![], vec![], vec![]);
    for _ in 0..bench.extent.rounds.min(ROUNDS) {
        let (one, other) = (base.round(slice).await?, large.round(slice).await?);
        cpu.push(whole_cpu(&other) / whole_cpu(&one));
        bases.push(one);
        larges.push(other);
        let pace = Pace {
            per_second,
            time: slice,
            give_up: false,
        };
        let (one, other) = (base.p50(pace).await?, large.p50(pace).await?);
        p50.push(other / one);
        times.push((one, other));
    }
    let of =
        |side: fn(&(f64, f64)) -> f64| stats::median(&times.iter().map(side).collect::<Vec<_>>());
    Ok(Ratios {
        cpu: stats::median(&cpu),
        p50: stats::median(&p50),
        time: ratio(&bases, &larges),
        note: format!(
            "p50 {:.2} against {:.2} ms at {per_second:.0} per second, open-loop; {:.0} against {:.0} holds/s; {:.0} against {:.0} µs of CPU, the database's included",
            of(|pair| pair.1),
            of(|pair| pair.0),
            column(&larges, Round::per_second),
            column(&bases, Round::per_second),
            column(&larges, whole_cpu),
            column(&bases, whole_cpu),
        ),
    })
}

fn whole_cpu(round: &Round) -> f64 {
    round.cpu_us() + round.database_cpu_us()
}

impl<'a> Side<'a> {
    async fn new(server: &'a ServerProcess, till: &'a Till<'a>) -> Result<Self, Failure> {
        let mut side = Self {
            server,
            till,
            connections: vec![],
        };
        side.connect().await?;
        Ok(side)
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        self.connections = Connection::open_many(self.server.address(), CONNECTIONS).await?;
        Ok(())
    }

    /// A hold in every show: the first look at one reads it from the database.
    async fn touch(&mut self) -> Result<(), Failure> {
        let (till, plan) = (self.till, self.till.plan());
        let until = plan.taken() + plan.shows();
        let touch = async |connection: &mut Connection| {
            Ok(plan.taken() < until && till.hold(connection).await?)
        };
        let watched = self.server.watched();
        drive(&mut self.connections, watched, WARM_UP, touch).await?;
        Ok(())
    }

    async fn round(&mut self, time: Duration) -> Result<Round, Failure> {
        let till = self.till;
        let hold = async |connection: &mut Connection| till.hold(connection).await;
        let watched = self.server.watched();
        drive(&mut self.connections, watched, time, hold).await
    }

    async fn p50(&mut self, pace: Pace) -> Result<f64, Failure> {
        let till = self.till;
        let hold = async |connection: &mut Connection, _| till.try_hold(connection).await;
        let watched = self.server.watched();
        let mut round = paced(&mut self.connections, watched, pace, hold).await?;
        expect("answers", round.planned, round.done.len() as u64)?;
        Ok(round.done.ms(0.5))
    }

    /// What was filled in and what was held is all there.
    async fn check(&self, stored: u64) -> Result<String, Failure> {
        let held = self.till.held.get();
        let (maps_held, _) = till::count_seats(self.server, &self.till.plan().touched()).await?;
        expect("held seats in the seat maps", held * 2, maps_held)?;
        // One more was bought to be copied.
        for (what, sql, expected) in [
            (
                "confirmed bookings",
                "SELECT count(*) FROM bookings WHERE status = 'confirmed'",
                stored + 1,
            ),
            (
                "seats",
                "SELECT count(*) FROM seats",
                (stored + 1 + held) * 2,
            ),
        ] {
            expect(what, expected, self.server.database().number(sql)?)?;
        }
        self.server.verify()?;
        Ok(format!(
            "{} stored bookings and {held} holds, as many in the seat maps and rows, `matinee-server verify` without a finding.",
            thousands(stored as f64)
        ))
    }
}

/// The ratios against what is stored.
#[derive(Default)]
struct Curves {
    cpu: Vec<(f64, f64)>,
    p50: Vec<(f64, f64)>,
    time: Vec<(f64, f64)>,
}

impl Curves {
    fn add(&mut self, stored: u64, ratios: &Ratios) {
        let stored = stored as f64;
        self.cpu.push((stored, ratios.cpu));
        self.p50.push((stored, ratios.p50));
        self.time.push((stored, ratios.time));
    }

    fn report(self, engine: Engine, stored: u64, ratios: &Ratios, report: &mut Report) {
        let name = engine.name();
        report.add(
            &format!("growth_p50_{}", engine.key()),
            &format!(
                "{name}: booking latency with {} bookings and {} shows stored ÷ with 1,000",
                thousands(stored as f64),
                thousands((stored / 10) as f64)
            ),
            ratios.p50,
            "",
            Some("≤ 1.2"),
            &ratios.note,
        );
        report.add(
            &format!("growth_cpu_{}", engine.key()),
            &format!("{name}: CPU per hold, the same"),
            ratios.cpu,
            "",
            Some("≤ 1.2"),
            &format!("time per hold at full rate: {:.2}", ratios.time),
        );
        report.plot(Plot {
            file: "growth.svg".into(),
            title: "What a booking costs as stored bookings grow".into(),
            x: logarithmic("stored bookings"),
            y: linear("÷ with 1,000 stored (ratio)"),
            lines: vec![
                line(&format!("CPU, {name}"), self.cpu),
                line(&format!("p50, {name}"), self.p50),
                line(&format!("1 ÷ rate, {name}"), self.time),
            ],
        });
    }
}
