//! One hot show against sixteen: whatever is kept per show (its version, its seats, its lane) must not be what sales
//! wait for.

use crate::{
    arena,
    bench::{Bench, Data},
    database::Engine,
    failure::Failure,
    load::{Round, drive},
    plan::{self, Plan},
    report::{Report, column, ratio},
    till::{self, Till},
    wire::Connection,
};

const CONNECTIONS: usize = 256;
const SHOWS: usize = 16;

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(engine, Data::Arena).await?;
    let mut one = plan::shows(server.address(), arena::LARGE).await?;
    let many = one.split_off(one.len() / 2);
    let (one, many) = (Plan::of(one, 1), Plan::of(many, SHOWS));
    let (one, many) = (Till::new(&one, "one"), Till::new(&many, "many"));
    let mut connections = Connection::open_many(server.address(), CONNECTIONS).await?;
    let on_one = async |connection: &mut Connection| one.hold(connection).await;
    let on_many = async |connection: &mut Connection| many.hold(connection).await;
    let (watched, slice) = (server.watched(), bench.extent.slice);
    drive(&mut connections, watched, slice / 3, on_one).await?;
    drive(&mut connections, watched, slice / 3, on_many).await?;
    let (mut ones, mut manys) = (vec![], vec![]);
    for _ in 0..bench.extent.rounds {
        ones.push(drive(&mut connections, watched, slice, on_one).await?);
        manys.push(drive(&mut connections, watched, slice, on_many).await?);
    }
    let counted = till::check(&server, &[&one, &many]).await?;
    report.add(
        &format!("hot_over_many_{}", engine.key()),
        &format!("{}: one hot show ÷ {SHOWS} shows, holds/s", engine.name()),
        ratio(&ones, &manys),
        "",
        Some("≥ 0.9"),
        &format!(
            "halls of {} seats, sold out one after the other or {SHOWS} side by side, {CONNECTIONS} connections; {:.0} against {:.0} per second",
            arena::LARGE_SEATS,
            column(&ones, Round::per_second),
            column(&manys, Round::per_second),
        ),
    );
    report.effects(format!("Hot show on {}: {counted}", engine.name()));
    server.stop().await?.remove()
}
