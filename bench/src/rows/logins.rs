//! What booking costs while others sign in as fast as they can: checking a password takes as long as hundreds of
//! bookings, so it must not stand in their way.

use super::latency;
use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    paced::{Pace, Paced, paced},
    plan::Plan,
    report::Report,
    stats,
    till::{self, Till},
    wire::Connection,
};
use futures_util::future::{join, try_join_all};
use std::cell::Cell;

const CONNECTIONS: usize = 256;
/// More than passwords are checked at a time, fewer than may wait.
const LOGINS: usize = 32;
/// Share of the peak at which bookings arrive.
const LOAD: f64 = 0.3;
const WHO: &str = r#""email":"bench@example.org","password":"correct horse battery""#;

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(engine, Data::Arena).await?;
    let plan = Plan::make(server.address(), "").await?;
    let till = Till::new(&plan, "logins");
    let mut connections = Connection::open_many(server.address(), CONNECTIONS).await?;
    let mut doors = Connection::open_many(server.address(), LOGINS).await?;
    let body = format!(r#"{{{WHO},"name":"Bench"}}"#);
    let answer = doors[0].post("/api/v1/auth/register", format_args!(""), &body);
    answer.await?.expect("register", 201)?;
    let pace = Pace {
        per_second: LOAD * latency::sustained(bench, &server, &till, &mut connections).await?,
        time: bench.extent.slice * 2,
        give_up: false,
    };
    let (mut ratios, mut alone, mut beside, mut rates) = (vec![], vec![], vec![], vec![]);
    let hold = async |connection: &mut Connection, _| till.try_hold(connection).await;
    let p99 = |round: Result<Paced, Failure>| {
        let mut round = round?;
        expect("answers", round.planned, round.done.len() as u64)?;
        Ok::<_, Failure>((round.done.ms(0.99), round.elapsed))
    };
    for _ in 0..bench.extent.rounds {
        let (without, _) = p99(paced(&mut connections, server.watched(), pace, hold).await)?;
        let (over, many) = (Cell::new(false), Cell::new(0_u64));
        let booking = async {
            let round = paced(&mut connections, server.watched(), pace, hold).await;
            over.set(true);
            round
        };
        let (round, signed_in) = join(booking, sign_in(&mut doors, &over, &many)).await;
        signed_in?;
        let (with, took) = p99(round)?;
        ratios.push(with / without);
        alone.push(without);
        beside.push(with);
        rates.push(many.get() as f64 / took.as_secs_f64());
    }
    let counted = till::check(&server, &[&till]).await?;
    report.add(
        &format!("logins_p99_ratio_{}", engine.key()),
        &format!(
            "{}: booking p99 while logins run at full rate ÷ alone",
            engine.name()
        ),
        stats::median(&ratios),
        "",
        Some("≤ 1.2"),
        &format!(
            "open-loop, {:.0} holds per second; {:.2} against {:.2} ms; {:.0} logins per second from {LOGINS} connections",
            pace.per_second,
            stats::median(&beside),
            stats::median(&alone),
            stats::median(&rates),
        ),
    );
    report.effects(format!("Logins on {}: {counted}", engine.name()));
    server.stop().await?.remove()
}

async fn sign_in(
    doors: &mut [Connection],
    over: &Cell<bool>,
    many: &Cell<u64>,
) -> Result<(), Failure> {
    let body = format!("{{{WHO}}}");
    let body = &body;
    try_join_all(doors.iter_mut().map(async |door| {
        while !over.get() {
            let answer = door.post("/api/v1/auth/login", format_args!(""), body);
            answer.await?.expect("login", 200)?;
            many.set(many.get() + 1);
        }
        Ok::<(), Failure>(())
    }))
    .await?;
    Ok(())
}
