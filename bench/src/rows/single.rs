//! Through the server, which commits in batches, against the best that one statement per booking can do on the same
//! PostgreSQL: everything a hold writes in a single round trip and a single commit.

use crate::{
    arena,
    bench::{Bench, Data},
    database::{Database, Engine},
    failure::{Failure, expect},
    load::{Round, drive},
    plan::Plan,
    report::{Report, column, ratio},
    stats::Random,
    till::{self, Till},
    wire::Connection,
};
use futures_util::future::try_join_all;
use matinee_domain::ids::{Reference, time_ordered};
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};
use tokio_postgres::{Client, NoTls, Statement};

const CONNECTIONS: usize = 256;
const RAW: usize = 32;

const STATEMENT: &str = "WITH b AS (
   INSERT INTO bookings (theater, booking, show, reference, status, version, caller, seats, seat_count, total_minor,
     currency, lines, advice, test, created_at, held_at, expires_at, extensions)
   VALUES ($1, $4, $2, $5, 'held', 1, $6, $7::text::json, 2, 2200, 'EUR', $8::text::json, '[]', true, $9::bigint, $9::bigint,
     $9::bigint + 1200000000, 0)
 ), s AS (
   INSERT INTO seats (theater, show, seat, state, booking) VALUES ($1, $2, $3, 1, $4), ($1, $2, $3 + 1, 1, $4)
 ), i AS (
   INSERT INTO idempotency (scope, body, status, answer, keep_until) VALUES ($10, $6, 201, $11, $9::bigint + 100000000000)
 )
 UPDATE show_state SET version = version + 1, taken = taken + 2 WHERE theater = $1 AND show = $2";

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(Engine::Postgres, Data::Arena).await?;
    let plan = Plan::make(server.address(), arena::SMALL).await?;
    let till = Till::new(&plan, "single");
    let mut connections = Connection::open_many(server.address(), CONNECTIONS).await?;
    let hold = async |connection: &mut Connection| till.hold(connection).await;
    let touch = async |connection: &mut Connection| {
        Ok(plan.taken() < plan.shows() && till.hold(connection).await?)
    };
    let minute = Duration::from_mins(1);
    drive(&mut connections, server.watched(), minute, touch).await?;
    let database = bench.copy(Engine::Postgres, Data::Arena).await?;
    let answer = till.answer.borrow().to_vec();
    let many = Raw::open(&database, arena::SMALL_SEATS, false, &answer).await?;
    let hot = Raw::open(&database, arena::LARGE_SEATS, true, &answer).await?;
    let slice = bench.extent.slice;
    many.round(slice / 3).await?;
    let (mut ours, mut manys, mut hots) = (vec![], vec![], vec![]);
    for _ in 0..bench.extent.rounds {
        ours.push(drive(&mut connections, server.watched(), slice, hold).await?);
        manys.push(many.round(slice).await?);
        hots.push(hot.round(slice).await?);
    }
    let counted = till::check(&server, &[&till]).await?;
    let raw = many.done.get() + hot.done.get();
    let rows = database.number("SELECT count(*) FROM bookings")?;
    expect("bookings by single statements", raw, rows)?;
    let taken = database.number("SELECT sum(taken) FROM show_state")?;
    expect("seats by single statements", raw * 2, taken)?;
    report.add(
        "batched_over_single",
        "PostgreSQL: holds/s through the server ÷ raw single-booking statements, 32 connections",
        ratio(&ours, &manys),
        "",
        Some("≥ 10"),
        &format!(
            "the same rows in one statement and commit each, spread over many shows; {:.0} (with HTTP, checks, prices) against {:.0} per second; PostgreSQL's CPU {:.0} against {:.0} µs",
            column(&ours, Round::per_second),
            column(&manys, Round::per_second),
            column(&ours, Round::database_cpu_us),
            column(&manys, Round::database_cpu_us),
        ),
    );
    report.add(
        "batched_over_single_hot",
        "PostgreSQL: the same ÷ raw single-booking statements for one hot show",
        ratio(&ours, &hots),
        "",
        None,
        &format!(
            "they wait for each other at the show's version: {:.0} per second",
            column(&hots, Round::per_second)
        ),
    );
    report.effects(format!(
        "Single statements: {counted} {raw} raw bookings with {taken} seats."
    ));
    drop((many, hot));
    database.remove()?;
    server.stop().await?.remove()
}

/// Who books without a server.
struct Raw {
    clients: Vec<(Client, Statement)>,
    watched: crate::load::Watched,
    shows: Vec<(Vec<u8>, Vec<u8>)>,
    seats: usize,
    /// One show after the other, instead of all side by side.
    hot: bool,
    next: Cell<usize>,
    done: Cell<u64>,
    random: RefCell<Random>,
    answer: Vec<u8>,
}

impl Raw {
    async fn open(
        database: &Database,
        seats: usize,
        hot: bool,
        answer: &[u8],
    ) -> Result<Self, Failure> {
        let mut clients = vec![];
        for _ in 0..RAW {
            let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await?;
            tokio::spawn(connection);
            let statement = client.prepare(STATEMENT).await?;
            clients.push((client, statement));
        }
        let all = "SELECT theater, show FROM shows WHERE seats_total = $1::int8 ORDER BY show";
        let rows = clients[0].0.query(all, &[&(seats as i64)]).await?;
        let server = std::process::id();
        Ok(Self {
            clients,
            watched: crate::load::Watched {
                database: database.process(),
                ..crate::load::Watched::only(server)
            },
            shows: rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
            seats,
            hot,
            next: Cell::new(0),
            done: Cell::new(0),
            random: RefCell::new(Random(seats as u64)),
            answer: answer.to_vec(),
        })
    }

    async fn round(&self, time: Duration) -> Result<Round, Failure> {
        let before = self.done.get();
        let cpu_before = self.watched.cpu()?;
        let began = Instant::now();
        let until = began + time;
        try_join_all(self.clients.iter().map(async |(client, statement)| {
            while Instant::now() < until {
                self.book(client, statement).await?;
            }
            Ok::<(), Failure>(())
        }))
        .await?;
        let elapsed = began.elapsed();
        let (cpu, database_cpu) = self.watched.cpu_since(cpu_before)?;
        Ok(Round {
            done: self.done.get() - before,
            elapsed,
            cpu,
            database_cpu,
        })
    }

    async fn book(&self, client: &Client, statement: &Statement) -> Result<(), Failure> {
        let number = self.next.replace(self.next.get() + 1);
        let pairs = self.seats / 2;
        let (show, pair) = if self.hot {
            (number / pairs, number % pairs)
        } else {
            (number % self.shows.len(), number / self.shows.len())
        };
        let Some((theater, show)) = self.shows.get(show).filter(|_| pair < pairs) else {
            return Err(Failure::Server("the seats ran out".into()));
        };
        let now = chrono::Utc::now();
        let (seat, at) = (pair as i32 * 2, now.timestamp_micros());
        let (booking, reference, caller, scope) = {
            let mut random = self.random.borrow_mut();
            (
                time_ordered(now.timestamp_millis(), random.bytes()),
                Reference::from_random(random.bytes()),
                random.bytes(),
                random.bytes(),
            )
        };
        let seats = format!(
            r#"[{{"seat":{seat},"ticket_type":"standard","price_minor":1100}},{{"seat":{},"ticket_type":"standard","price_minor":1100}}]"#,
            seat + 1
        );
        let lines = r#"[{"label":"2 × Adult","amount":{"amount_minor":2200,"currency":"EUR"},"kind":"part"},{"label":"incl. VAT 9 %","amount":{"amount_minor":182,"currency":"EUR"},"kind":"contained"}]"#;
        let rows = client
            .execute(
                statement,
                &[
                    theater,
                    show,
                    &seat,
                    &booking.as_slice(),
                    &reference.as_str(),
                    &caller.as_slice(),
                    &seats,
                    &lines,
                    &at,
                    &scope.as_slice(),
                    &self.answer,
                ],
            )
            .await?;
        expect("shows of a booking", 1, rows)?;
        self.done.set(self.done.get() + 1);
        Ok(())
    }
}
