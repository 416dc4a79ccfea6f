//! What a Redis between several servers saves PostgreSQL: two servers with one, two without, in turns.
//!
//! News: each hold at the first server has to reach the second, which answers the show's seat map afterwards. Maps: a
//! server that just started needs the map of every show.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    load::{Round, Watched, drive},
    plan::Plan,
    proc,
    redis::Redis,
    report::{Report, column},
    server::ServerProcess,
    till::{self, Till},
    wire::Connection,
};
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 64;
const MINUTE: Duration = Duration::from_mins(1);
/// Until news has to have arrived.
const HEARD_WITHIN: Duration = Duration::from_secs(10);
const ACCEPT: &str = "Accept-Encoding: zstd\r\n";

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let redis = Redis::start()?;
    let sides = [
        Side::start(bench, vec![]).await?,
        Side::start(bench, vec!["--redis".into(), redis.url()]).await?,
    ];
    let plans = [
        Plan::make(sides[0].one.address(), "").await?,
        Plan::make(sides[1].one.address(), "").await?,
    ];
    let tills = [Till::new(&plans[0], "alone"), Till::new(&plans[1], "redis")];
    let mut news: [Vec<Round>; 2] = Default::default();
    for (side, plan) in sides.iter().zip(&plans) {
        side.read_all(&side.two, plan).await?;
    }
    let redis_before = cpu_of(&redis)?;
    for _ in 0..bench.extent.rounds {
        for (at, (side, till)) in sides.iter().zip(&tills).enumerate() {
            news[at].push(side.news(till, bench.extent.slice).await?);
        }
    }
    let redis_news = proc::us_each(
        cpu_of(&redis)?.saturating_sub(redis_before),
        tills[1].held.get(),
    );
    for (side, till) in sides.iter().zip(&tills) {
        side.heard(till).await?;
    }
    report_news(report, &news, redis_news);
    // The first of them finds older maps in Redis, or none; the second what the first one left.
    let (mut stale, mut kept) = (vec![], vec![]);
    for (side, plan) in sides.iter().zip(&plans) {
        for maps in [&mut stale, &mut kept] {
            let fresh = side.another(bench)?;
            maps.push(side.read_all(&fresh, plan).await?);
            fresh.stop().await?;
        }
    }
    report_maps(report, "stale", "and Redis has only older ones of", &stale);
    report_maps(report, "kept", "and another one read before", &kept);
    let mut counted = vec![];
    for (side, till) in sides.iter().zip(&tills) {
        counted.push(till::check(&side.one, &[till]).await?);
    }
    report.effects(format!(
        "Redis: without and with it {}; the other server's seat maps said the same.",
        counted.join(" and ")
    ));
    for side in sides {
        side.two.stop().await?;
        side.one.stop().await?.remove()?;
    }
    Ok(())
}

fn report_news(report: &mut Report, news: &[Vec<Round>; 2], redis_us: f64) {
    let each = |at: usize| column(&news[at], Round::database_cpu_us);
    report.add(
        "redis_news",
        "Redis: PostgreSQL's CPU per hold of one server that another one hears of, with ÷ without",
        each(1) / each(0),
        "",
        None,
        &format!(
            "{:.0} against {:.0} µs; both servers' {:.0} against {:.0} µs; Redis itself {redis_us:.1} µs; {:.0} against {:.0} holds/s",
            each(1),
            each(0),
            column(&news[1], Round::cpu_us),
            column(&news[0], Round::cpu_us),
            column(&news[1], Round::per_second),
            column(&news[0], Round::per_second),
        ),
    );
}

fn report_maps(report: &mut Report, key: &str, which: &str, maps: &[Round]) {
    report.add(
        &format!("redis_maps_{key}"),
        &format!(
            "Redis: PostgreSQL's CPU per seat map that a server just started needs {which}, with ÷ without"
        ),
        maps[1].database_cpu_us() / maps[0].database_cpu_us(),
        "",
        None,
        &format!(
            "{:.0} against {:.0} µs; the server's {:.0} against {:.0} µs; {} shows each once, {:.2} against {:.2} s",
            maps[1].database_cpu_us(),
            maps[0].database_cpu_us(),
            maps[1].cpu_us(),
            maps[0].cpu_us(),
            maps[0].done,
            maps[1].elapsed.as_secs_f64(),
            maps[0].elapsed.as_secs_f64(),
        ),
    );
}

/// Two servers on one database.
struct Side {
    arguments: Vec<String>,
    one: ServerProcess,
    two: ServerProcess,
}

impl Side {
    async fn start(bench: &Bench, arguments: Vec<String>) -> Result<Self, Failure> {
        let database = bench.copy(Engine::Postgres, Data::Demo).await?;
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let one = bench.server_on(database.clone(), &words)?;
        let two = bench.server_on(database, &words)?;
        Ok(Self {
            arguments,
            one,
            two,
        })
    }

    /// A third one, which knows no map yet.
    fn another(&self, bench: &Bench) -> Result<ServerProcess, Failure> {
        let words: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        bench.server_on(self.one.database().clone(), &words)
    }

    /// The map of every show once.
    async fn read_all(&self, server: &ServerProcess, plan: &Plan) -> Result<Round, Failure> {
        let shows = plan.all();
        let next = Cell::new(0);
        let read = async |connection: &mut Connection| {
            let Some(show) = shows.get(next.get()) else {
                return Ok(false);
            };
            next.set(next.get() + 1);
            let path = format!("/api/v1/shows/{show}/seats");
            let answer = connection.get(&path, ACCEPT).await?;
            answer.expect("seats", 200).map(|_| true)
        };
        let mut connections = Connection::open_many(server.address(), 8).await?;
        let round = drive(&mut connections, server.watched(), MINUTE, read).await?;
        expect("seat maps read", shows.len() as u64, round.done)?;
        Ok(round)
    }

    /// Holds at the first server while the second keeps up. The CPU is that of both.
    async fn news(&self, till: &Till<'_>, slice: Duration) -> Result<Round, Failure> {
        let hold = async |connection: &mut Connection| till.hold(connection).await;
        let mut connections = Connection::open_many(self.one.address(), CONNECTIONS).await?;
        let before = proc::cpu(self.two.pid())?;
        let watched: Watched = self.one.watched();
        let mut round = drive(&mut connections, watched, slice, hold).await?;
        round.cpu += proc::cpu_since(self.two.pid(), before)?;
        Ok(round)
    }

    /// The second server's maps show what the first one sold.
    async fn heard(&self, till: &Till<'_>) -> Result<(), Failure> {
        let shows = till.plan().touched();
        let until = Instant::now() + HEARD_WITHIN;
        loop {
            let (held, _) = till::count_seats(&self.two, &shows).await?;
            if held == till.held.get() * 2 {
                return Ok(());
            }
            if Instant::now() > until {
                return expect("held seats at the other server", till.held.get() * 2, held);
            }
        }
    }
}

/// CPU time of Redis so far.
fn cpu_of(redis: &Redis) -> Result<Duration, Failure> {
    let pid = redis.pid();
    proc::cpu(pid.ok_or_else(|| Failure::Server("Redis has ended".into()))?)
}
