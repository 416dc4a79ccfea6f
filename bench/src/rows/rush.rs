//! The rush: everybody watches one hall and thousands press the button in the same moment.

use crate::{
    arena,
    bench::{Bench, Data},
    crowd::Crowd,
    database::Engine,
    failure::{Failure, expect},
    plan::{self, Pair},
    plot::{Plot, line, linear},
    report::Report,
    stats::{Random, Times},
    till,
    wire::Connection,
};
use futures_util::future::try_join_all;
use std::{
    cell::{Cell, RefCell},
    time::Instant,
};

const VIEWERS: usize = 10_000;
const BUYERS: usize = 3_000;

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let part = if bench.extent.quick { 10 } else { 1 };
    let (viewers, buyers) = (VIEWERS / part, BUYERS / part);
    let server = bench.server(engine, Data::Arena).await?;
    let shows = plan::shows(server.address(), arena::SMALL).await?;
    let show = shows[0].show.as_str();
    let crowd = Crowd::gather(server.address(), show, arena::SMALL_SEATS, viewers).await?;
    let mut connections = Connection::open_many(server.address(), buyers).await?;
    let (won, lost) = (Cell::new(0_u64), Cell::new(0_u64));
    let times = RefCell::new(Times::default());
    let mut random = Random(7);
    let wanted: Vec<usize> = (0..buyers)
        .map(|_| random.below(arena::SMALL_SEATS / 2) * 2)
        .collect();
    // All at once: every latency counts from this moment.
    let began = Instant::now();
    try_join_all(connections.iter_mut().zip(wanted).enumerate().map(
        async |(number, (connection, seat))| {
            let (left, right) = (arena::seat_id(seat), arena::seat_id(seat + 1));
            let pair = Pair {
                number,
                show,
                seats: (&left, &right),
            };
            let answer = till::book(connection, "rush", &pair, "").await?;
            let now = Instant::now();
            times.borrow_mut().add(now - began);
            if answer.status == 409 {
                lost.set(lost.get() + 1);
                return Ok::<(), Failure>(());
            }
            answer.expect("book", 201)?;
            won.set(won.get() + 1);
            crowd.seen.mark(seat, now);
            crowd.seen.mark(seat + 1, now);
            Ok(())
        },
    ))
    .await?;
    crowd.all_seen().await?;
    expect("definite answers", buyers as u64, won.get() + lost.get())?;
    let (held, _) = till::count_seats(&server, &[show]).await?;
    expect("held seats in the seat map", won.get() * 2, held)?;
    let rows = server.database().number("SELECT count(*) FROM seats")?;
    expect("held seats", won.get() * 2, rows)?;
    server.verify()?;
    let memory = server.memory()?;
    let mut times = times.take();
    let mut delays = crowd.seen.delays.take();
    report.add(
        &format!("rush_p99_ms_{}", engine.key()),
        &format!(
            "{}: the rush, {viewers} live viewers and {buyers} simultaneous buyers on one 400-seat show, p99 of their answers",
            engine.name()
        ),
        times.ms(0.99),
        "ms",
        Some("≤ 1,000 ms"),
        &format!(
            "from the moment all pressed; p50 {:.0} ms; {} bought, {} were told that somebody was faster (409), 0 errors; RSS of the server {:.0} MiB",
            times.ms(0.5),
            won.get(),
            lost.get(),
            memory.rss
        ),
    );
    report.add(
        &format!("rush_seen_ms_{}", engine.key()),
        &format!(
            "{}: the rush, p99 from a buyer's answer to a viewer seeing it",
            engine.name()
        ),
        delays.ms(0.99),
        "ms",
        Some("≤ 300 ms"),
        &format!(
            "{} deliveries, the slowest after {:.0} ms; clients on the same cores",
            delays.len(),
            delays.ms(1.0)
        ),
    );
    report.effects(format!(
        "Rush on {}: {held} seats held by {} buyers in the map and in the rows, every viewer saw every one, `matinee-server verify` without a finding.",
        engine.name(),
        won.get()
    ));
    drop(crowd);
    server.stop().await?.remove()?;
    report.plot(Plot {
        file: format!("rush-{}.svg", engine.key()),
        title: format!("The rush on {}", engine.name()),
        x: linear("milliseconds"),
        y: linear("share that has it (%)"),
        lines: vec![
            line("buyers answered", curve(&mut times)),
            line("viewers, since then", curve(&mut delays)),
        ],
    });
    Ok(())
}

/// After how many milliseconds which percentage has it.
fn curve(times: &mut Times) -> Vec<(f64, f64)> {
    let percent = (1..=20).map(|n| f64::from(n) * 5.0);
    percent
        .map(|share| (times.ms(share / 100.0), share))
        .collect()
}
