//! One core against two: the server held to one of the machine's cores, and free to use all of them.
//!
//! The clients run on the same machine. Beside a server held to one core they have the others to themselves, beside a
//! free one they share; so the second figure is what this machine sells, not twice what one core could.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::Failure,
    load::{Round, drive},
    plan::Plan,
    report::{Report, column, ratio},
    server::ServerProcess,
    till::{self, Till},
    wire::Connection,
};
use std::time::Duration;

const CONNECTIONS: usize = 256;
const WARM_UP: Duration = Duration::from_secs(20);
const NAMES: [&str; 2] = ["one core", "all cores"];

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let held = bench.copy(engine, Data::Demo).await?;
    let servers = [
        bench.server_on_core(held, 0)?,
        bench.server(engine, Data::Demo).await?,
    ];
    let plans = [
        Plan::make(servers[0].address(), "").await?,
        Plan::make(servers[1].address(), "").await?,
    ];
    let tills = [Till::new(&plans[0], "one"), Till::new(&plans[1], "all")];
    let mut sides = [
        Side::new(&servers[0], &tills[0]).await?,
        Side::new(&servers[1], &tills[1]).await?,
    ];
    for side in &mut sides {
        side.warm_up().await?;
    }
    let mut holds: [Vec<Round>; 2] = Default::default();
    let mut paid: [Vec<Round>; 2] = Default::default();
    for _ in 0..bench.extent.rounds {
        for (at, side) in sides.iter_mut().enumerate() {
            holds[at].push(side.holds(bench.extent.slice).await?);
        }
        for (at, side) in sides.iter_mut().enumerate() {
            paid[at].push(side.paid(bench.extent.slice).await?);
        }
    }
    drop(sides);
    for (key, what, rounds) in [
        ("holds", "durable holds", &holds),
        ("paid", "paid bookings", &paid),
    ] {
        let words = |at: usize| {
            format!(
                "{}: {:.0} per second, {:.0} µs of CPU each",
                NAMES[at],
                column(&rounds[at], Round::per_second),
                column(&rounds[at], Round::cpu_us)
            )
        };
        report.add(
            &format!("cores_{key}_{}", engine.key()),
            &format!("{}: {what} per second, all cores ÷ one core", engine.name()),
            ratio(&rounds[1], &rounds[0]),
            "",
            None,
            &format!("{}; {}; the clients share all cores", words(0), words(1)),
        );
    }
    for (at, (server, till)) in servers.into_iter().zip(&tills).enumerate() {
        let counted = till::check(&server, &[till]).await?;
        report.effects(format!(
            "{} on {}: {counted}",
            capital(NAMES[at]),
            engine.name()
        ));
        server.stop().await?.remove()?;
    }
    Ok(())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// One server with its buyers.
struct Side<'a> {
    server: &'a ServerProcess,
    till: &'a Till<'a>,
    connections: Vec<Connection>,
}

impl<'a> Side<'a> {
    async fn new(server: &'a ServerProcess, till: &'a Till<'a>) -> Result<Self, Failure> {
        Ok(Self {
            server,
            till,
            connections: Connection::open_many(server.address(), CONNECTIONS).await?,
        })
    }

    /// The first look at a show reads it from the database, once per start: not what is measured.
    async fn warm_up(&mut self) -> Result<(), Failure> {
        let till = self.till;
        let plan = till.plan();
        let touch = async |connection: &mut Connection| {
            Ok(plan.taken() < plan.shows() && till.hold(connection).await?)
        };
        let watched = self.server.watched();
        drive(&mut self.connections, watched, WARM_UP, touch).await?;
        Ok(())
    }

    async fn holds(&mut self, slice: Duration) -> Result<Round, Failure> {
        let till = self.till;
        let hold = async |connection: &mut Connection| till.hold(connection).await;
        drive(&mut self.connections, self.server.watched(), slice, hold).await
    }

    async fn paid(&mut self, slice: Duration) -> Result<Round, Failure> {
        let till = self.till;
        let buy = async |connection: &mut Connection| till.buy(connection).await;
        drive(&mut self.connections, self.server.watched(), slice, buy).await
    }
}
