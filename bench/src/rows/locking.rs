//! Optimistic against pessimistic: two servers on one PostgreSQL, where nothing but the database keeps them apart.
//!
//! Low contention: all shows, every pair once. High: one hot show at a time, and seats that overlap, so that buyers of
//! both servers want the same.

use crate::{
    arena,
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    load::{Round, drive},
    plan::{self, Pair, Plan},
    proc,
    report::{Report, column, ratio},
    server::ServerProcess,
    stats::{Random, Times},
    till::{self, Till},
    wire::Connection,
};
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

/// Of both servers together.
const CONNECTIONS: usize = 128;
/// Tries for each hot show before the next; it has half as many pairs.
const TRIES: usize = 5_000;
const MODES: [&str; 2] = ["optimistic", "pessimistic"];

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let first = Servers::start(bench, MODES[0]).await?;
    let spread = Plan::make(first.one.address(), arena::SMALL).await?;
    let hot = plan::shows(first.one.address(), arena::LARGE).await?;
    let hot: Vec<&str> = hot.iter().map(|sold| sold.show.as_str()).collect();
    let second = Servers::start(bench, MODES[1]).await?;
    let other = Plan::make(second.one.address(), arena::SMALL).await?;
    let mut sides = [
        Side::new(&first, &spread, &hot).await?,
        Side::new(&second, &other, &hot).await?,
    ];
    let slice = bench.extent.slice;
    for side in &mut sides {
        side.low(slice / 2).await?;
        side.high(slice / 2).await?;
    }
    let mut lows: [Vec<Round>; 2] = Default::default();
    let mut highs: [Vec<Round>; 2] = Default::default();
    for _ in 0..bench.extent.rounds {
        for (at, side) in sides.iter_mut().enumerate() {
            lows[at].push(side.low(slice).await?);
        }
        for (at, side) in sides.iter_mut().enumerate() {
            highs[at].push(side.high(slice).await?);
        }
    }
    let mut counted = vec![];
    for side in &sides {
        counted.push(side.check(&hot).await?);
    }
    for (key, what, rounds) in [
        ("low", "many shows, every pair once", &lows),
        ("high", "one hot show, overlapping seats", &highs),
    ] {
        let words = |at: usize| {
            format!(
                "{:.0} bookings/s, {:.0} µs of both servers' and {:.0} of PostgreSQL's CPU each",
                column(&rounds[at], Round::per_second),
                column(&rounds[at], Round::cpu_us),
                column(&rounds[at], Round::database_cpu_us)
            )
        };
        let race = if key == "high" {
            format!(
                "; answers p99 {:.0} against {:.0} ms; {:.0} and {:.0} % lost the race (409)",
                sides[0].times.borrow_mut().ms(0.99),
                sides[1].times.borrow_mut().ms(0.99),
                sides[0].lost(),
                sides[1].lost()
            )
        } else {
            String::new()
        };
        let note = format!(
            "two servers on one database, {what}; {} against {}{race}",
            words(0),
            words(1)
        );
        report.add(
            &format!("locking_{key}"),
            &format!("PostgreSQL: bookings/s optimistic ÷ pessimistic, {key} contention"),
            ratio(&rounds[0], &rounds[1]),
            "",
            None,
            &note,
        );
    }
    report.effects(format!("Locking: {}", counted.join("; ")));
    drop(sides);
    first.stop().await?;
    second.stop().await
}

/// Two on one database.
struct Servers {
    one: ServerProcess,
    two: ServerProcess,
}

impl Servers {
    async fn start(bench: &Bench, mode: &str) -> Result<Self, Failure> {
        let database = bench.copy(Engine::Postgres, Data::Arena).await?;
        let arguments = ["--pg-locking", mode];
        Ok(Self {
            one: bench.server_on(database.clone(), &arguments)?,
            two: bench.server_on(database, &arguments)?,
        })
    }

    async fn stop(self) -> Result<(), Failure> {
        self.two.stop().await?;
        self.one.stop().await?.remove()
    }
}

/// One mode with its buyers.
struct Side<'a> {
    servers: &'a Servers,
    till: Till<'a>,
    hot: &'a [&'a str],
    connections: Vec<Connection>,
    next: Cell<usize>,
    booked: Cell<u64>,
    refused: Cell<u64>,
    times: RefCell<Times>,
    random: RefCell<Random>,
}

impl<'a> Side<'a> {
    async fn new(
        servers: &'a Servers,
        plan: &'a Plan,
        hot: &'a [&'a str],
    ) -> Result<Self, Failure> {
        let mut connections = vec![];
        for _ in 0..CONNECTIONS / 2 {
            for server in [&servers.one, &servers.two] {
                connections.push(Connection::open(server.address()).await?);
            }
        }
        Ok(Self {
            servers,
            till: Till::new(plan, "locking"),
            hot,
            connections,
            next: Cell::new(0),
            booked: Cell::new(0),
            refused: Cell::new(0),
            times: RefCell::default(),
            random: RefCell::new(Random(1)),
        })
    }

    async fn low(&mut self, time: Duration) -> Result<Round, Failure> {
        let till = &self.till;
        let hold = async |connection: &mut Connection| till.hold(connection).await;
        let second = self.servers.two.pid();
        let before = proc::cpu(second)?;
        let watched = self.servers.one.watched();
        let mut round = drive(&mut self.connections, watched, time, hold).await?;
        round.cpu += proc::cpu_since(second, before)?;
        Ok(round)
    }

    async fn high(&mut self, time: Duration) -> Result<Round, Failure> {
        let mut connections = std::mem::take(&mut self.connections);
        let second = self.servers.two.pid();
        let (before, booked) = (proc::cpu(second)?, self.booked.get());
        let attempt = async |connection: &mut Connection| self.attempt(connection).await;
        let watched = self.servers.one.watched();
        let mut round = drive(&mut connections, watched, time, attempt).await?;
        self.connections = connections;
        round.cpu += proc::cpu_since(second, before)?;
        round.done = self.booked.get() - booked;
        Ok(round)
    }

    /// Two neighbours somewhere in the hot show: somebody may have one of them.
    async fn attempt(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let number = self.next.replace(self.next.get() + 1);
        let Some(show) = self.hot.get(number / TRIES) else {
            return Err(Failure::Server("the hot shows ran out".into()));
        };
        let seat = self.random.borrow_mut().below(arena::LARGE_SEATS - 1);
        let (left, right) = (arena::seat_id(seat), arena::seat_id(seat + 1));
        let pair = Pair {
            number,
            show,
            seats: (&left, &right),
        };
        let began = Instant::now();
        let answer = till::book(connection, "hot", &pair, "").await?;
        self.times.borrow_mut().add(began.elapsed());
        if answer.status == 409 {
            self.refused.set(self.refused.get() + 1);
        } else {
            answer.expect("book", 201)?;
            self.booked.set(self.booked.get() + 1);
        }
        Ok(true)
    }

    fn lost(&self) -> f64 {
        let refused = self.refused.get() as f64;
        100.0 * refused / (refused + self.booked.get() as f64).max(1.0)
    }

    /// Every acknowledged seat once, in the maps of both servers and in the rows.
    async fn check(&self, hot: &[&str]) -> Result<String, Failure> {
        let held = self.till.held.get() + self.booked.get();
        let mut shows = self.till.plan().touched();
        shows.extend(&hot[..=(self.next.get() / TRIES).min(hot.len() - 1)]);
        // The other server's changes arrive within moments.
        tokio::time::sleep(Duration::from_secs(2)).await;
        for server in [&self.servers.one, &self.servers.two] {
            let (seats, _) = till::count_seats(server, &shows).await?;
            expect("held seats in the seat maps", held * 2, seats)?;
        }
        let rows = self
            .servers
            .one
            .database()
            .number("SELECT count(*) FROM seats")?;
        expect("seats", held * 2, rows)?;
        self.servers.one.verify()?;
        Ok(format!(
            "{held} holds of two servers, {} lost the race; as many seats in both servers' maps and in the rows, `verify` without a finding",
            self.refused.get()
        ))
    }
}
