//! Seat maps against hello-world: what the routes, checks and headers of a real server cost on top of the least that
//! an HTTP server can do.

use crate::{
    args::Extent,
    failure::Failure,
    hello::HelloProcess,
    load::{Round, Watched, drive},
    plan::Plan,
    report::{Report, column, ratio},
    server::ServerProcess,
    wire::Connection,
};
use std::cell::Cell;

const CONNECTIONS: usize = 64;
/// What browsers and the app ask for; the server has the compressed bytes ready.
const ACCEPT: &str = "Accept-Encoding: zstd\r\n";

pub async fn measure(
    server: &ServerProcess,
    plan: &Plan,
    extent: &Extent,
    report: &mut Report,
) -> Result<(), Failure> {
    let hello = HelloProcess::start()?;
    let mut to_hello = Connection::open_many(hello.address(), CONNECTIONS).await?;
    let mut to_server = Connection::open_many(server.address(), CONNECTIONS).await?;
    let paths: Vec<String> = plan
        .samples()
        .iter()
        .map(|show| format!("/api/v1/shows/{show}/seats"))
        .collect();
    let (next, bytes) = (Cell::new(0_u32), Cell::new(0_u64));
    let seats = async |connection: &mut Connection| {
        let path = &paths[next.get() as usize % paths.len()];
        next.set(next.get() + 1);
        let answer = connection.get(path, ACCEPT).await?;
        bytes.set(bytes.get() + answer.expect("seats", 200)?.len() as u64);
        Ok(true)
    };
    let health = async |connection: &mut Connection| {
        let answer = connection.get("/healthz", "").await?;
        answer.expect("healthz", 200).map(|_| true)
    };
    let world = async |connection: &mut Connection| {
        let answer = connection.get("/", "").await?;
        answer.expect("hello-world", 200).map(|_| true)
    };
    // Once to warm up: each seat map is compressed when it is first asked for.
    drive(
        &mut to_server,
        Watched::only(server.pid()),
        extent.slice / 3,
        seats,
    )
    .await?;
    drive(
        &mut to_hello,
        Watched::only(hello.pid()),
        extent.slice / 3,
        world,
    )
    .await?;
    let mut rounds: [Vec<Round>; 3] = Default::default();
    for _ in 0..extent.rounds {
        rounds[0].push(
            drive(
                &mut to_server,
                Watched::only(server.pid()),
                extent.slice,
                seats,
            )
            .await?,
        );
        rounds[1].push(
            drive(
                &mut to_server,
                Watched::only(server.pid()),
                extent.slice,
                health,
            )
            .await?,
        );
        rounds[2].push(
            drive(
                &mut to_hello,
                Watched::only(hello.pid()),
                extent.slice,
                world,
            )
            .await?,
        );
    }
    let [seats, health, world] = &rounds;
    let size = bytes.get() as f64 / f64::from(next.get().max(1));
    let note = format!(
        "pre-compressed zstd, {:.1} kB on average over {} seat maps; {:.0} against {:.0} requests/s; {:.1} and {:.1} µs of CPU",
        size / 1000.0,
        paths.len(),
        column(seats, Round::per_second),
        column(health, Round::per_second),
        column(seats, Round::cpu_us),
        column(health, Round::cpu_us),
    );
    report.add(
        "seats_over_health",
        "seat map ÷ small JSON (`GET /healthz`) on the same server",
        ratio(seats, health),
        "",
        Some("≥ 0.9"),
        &note,
    );
    let note = format!(
        "a separate process without any checks or headers: {:.0} requests/s, {:.1} µs of CPU",
        column(world, Round::per_second),
        column(world, Round::cpu_us)
    );
    report.add(
        "seats_over_hello",
        "seat map ÷ hello-world JSON on bare axum",
        ratio(seats, world),
        "",
        None,
        &note,
    );
    Ok(())
}
