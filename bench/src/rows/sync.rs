//! What the app asks when nothing is new.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    report::Report,
    stats::Times,
    till,
    wire::Connection,
};
use std::time::Instant;

const TIMES: usize = 1_000;
const PAGES: usize = 100;

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(Engine::Sqlite, Data::Demo).await?;
    let mut connection = Connection::open(server.address()).await?;
    let mut path = String::from("/api/v1/sync");
    let mut pages = 0;
    let mut whole = 0;
    loop {
        let answer = connection.get(&path, "Accept-Encoding: zstd\r\n").await?;
        whole += answer.bytes;
        let answer = connection.get(&path, "").await?;
        let body = answer.expect("sync", 200)?;
        path = format!("/api/v1/sync?cursor={}", till::text(body, "cursor")?);
        pages += 1;
        if !body.windows(11).any(|part| part == b"\"more\":true") || pages > PAGES {
            break;
        }
    }
    let mut times = Times::default();
    let mut bytes = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        let answer = connection.get(&path, "").await?;
        times.add(began.elapsed());
        bytes = answer.bytes;
        expect(
            "status of a sync of nothing new",
            304,
            u64::from(answer.status),
        )?;
    }
    report.add(
        "sync_nothing_bytes",
        "client: sync of nothing new, the whole answer",
        bytes as f64,
        "bytes",
        Some("one request, 304, ≤ 1 kB"),
        &format!(
            "one request of the app's; p50 {:.2} ms, p99 {:.2} ms; the whole demo takes {pages} requests and {:.0} kB of zstd",
            times.ms(0.5),
            times.ms(0.99),
            whole as f64 / 1000.0
        ),
    );
    drop(connection);
    server.stop().await?.remove()
}
