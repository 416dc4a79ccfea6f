//! What a sale costs: durable holds against POSTs without effect, paid bookings, memory; on either engine. On the
//! embedded one also seat maps, and the writer alone.

use super::{reads, writer};
use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::Failure,
    load::{Round, drive},
    plan::Plan,
    proc::Memory,
    report::{Report, column, ratio},
    server::ServerProcess,
    till::{self, Till},
    wire::Connection,
};
use bytes::Bytes;
use std::time::Duration;

const CONNECTIONS: usize = 256;
/// Time to hold seats of every show once, at most.
const WARM_UP: Duration = Duration::from_secs(20);

/// What later parts need to know about the holds.
struct Holds {
    /// The bytes of one answer, as the server keeps them for repetitions.
    answer: Bytes,
    cpu_us: f64,
    no_op_cpu_us: f64,
}

pub async fn run(bench: &Bench, engine: Engine, report: &mut Report) -> Result<(), Failure> {
    let server = bench.server(engine, Data::Demo).await?;
    let idle = server.memory_after_rest().await?;
    let plan = Plan::make(server.address(), "").await?;
    eprintln!(
        "  the demo sells {} pairs of seats in {} shows",
        plan.pairs(),
        plan.shows()
    );
    if engine == Engine::Sqlite {
        reads::measure(&server, &plan, &bench.extent, report).await?;
    }
    let till = Till::new(&plan, "sales");
    let mut sales = Sales {
        engine,
        server: &server,
        till: &till,
        connections: Connection::open_many(server.address(), CONNECTIONS).await?,
    };
    let holds = sales.holds(bench, report).await?;
    sales.paid(bench, report).await?;
    sales.memory(idle, server.memory()?, report);
    let counted = till::check(&server, &[&till]).await?;
    report.effects(format!("Sales on {}: {counted}", engine.name()));
    server.stop().await?.remove()?;
    if let Some(template) = bench.template(engine, Data::Demo).await?.file() {
        let raw_cpu_us = writer::measure(
            template,
            bench.folder(),
            &holds.answer,
            &bench.extent,
            report,
        )
        .await?;
        over_the_floor(report, &holds, raw_cpu_us);
    }
    Ok(())
}

struct Sales<'a> {
    engine: Engine,
    server: &'a ServerProcess,
    till: &'a Till<'a>,
    connections: Vec<Connection>,
}

impl Sales<'_> {
    fn key(&self, key: &str) -> String {
        format!("{key}_{}", self.engine.key())
    }

    fn what(&self, what: &str) -> String {
        format!("{}: {what}", self.engine.name())
    }

    /// Durable holds ÷ POSTs without effect.
    async fn holds(&mut self, bench: &Bench, report: &mut Report) -> Result<Holds, Failure> {
        let (till, extent, watched) = (self.till, &bench.extent, self.server.watched());
        let hold = async |connection: &mut Connection| till.hold(connection).await;
        let connections = &mut self.connections;
        drive(connections, watched, extent.slice / 3, no_op).await?;
        // The first look at a show reads it from the database, once per start of the server: not what is measured.
        let plan = till.plan();
        let touch = async |connection: &mut Connection| {
            Ok(plan.taken() < plan.shows() && till.hold(connection).await?)
        };
        let first = drive(connections, watched, WARM_UP, touch).await?;
        let (mut holds, mut no_ops) = (Vec::new(), Vec::new());
        for _ in 0..extent.rounds {
            holds.push(drive(connections, watched, extent.slice, hold).await?);
            no_ops.push(drive(connections, watched, extent.slice, no_op).await?);
        }
        let out = Holds {
            answer: till.answer.borrow().clone(),
            cpu_us: column(&holds, Round::cpu_us),
            no_op_cpu_us: column(&no_ops, Round::cpu_us),
        };
        let note = format!(
            "{CONNECTIONS} connections, {} shows, with Idempotency-Key; {:.0} against {:.0} per second; the no-op is `POST /auth/logout` of nobody",
            plan.shows(),
            column(&holds, Round::per_second),
            column(&no_ops, Round::per_second),
        );
        report.add(
            &self.key("holds_over_no_op"),
            &self.what("durable hold (`POST /book`, 2 seats) ÷ no-op POST on the same server"),
            ratio(&holds, &no_ops),
            "",
            (self.engine == Engine::Sqlite).then_some("≥ 0.7"),
            &note,
        );
        report.add(
            &self.key("hold_cpu_us"),
            &self.what("server CPU per hold"),
            out.cpu_us,
            "µs",
            None,
            &match self.engine {
                Engine::Sqlite => "commit and fsync included".into(),
                Engine::Postgres => beside(&holds),
            },
        );
        report.add(
            &self.key("no_op_cpu_us"),
            &self.what("server CPU per no-op POST"),
            out.no_op_cpu_us,
            "µs",
            None,
            "",
        );
        report.add(
            &self.key("first_hold_cpu_us"),
            &self.what("server CPU of the first hold of a show since the start"),
            first.cpu_us(),
            "µs",
            None,
            &format!("{} shows once each, before the rounds above", first.done),
        );
        Ok(out)
    }

    async fn paid(&mut self, bench: &Bench, report: &mut Report) -> Result<(), Failure> {
        let (till, extent, watched) = (self.till, &bench.extent, self.server.watched());
        let buy = async |connection: &mut Connection| till.buy(connection).await;
        drive(&mut self.connections, watched, extent.slice / 3, buy).await?;
        let mut rounds = Vec::new();
        for _ in 0..extent.rounds {
            rounds.push(drive(&mut self.connections, watched, extent.slice, buy).await?);
        }
        let goal = |goal| (self.engine == Engine::Sqlite).then_some(goal);
        report.add(
            &self.key("paid_per_second"),
            &self.what("paid bookings per second"),
            column(&rounds, Round::per_second),
            "/s",
            goal("≥ 12,000"),
            &format!(
                "`POST /book` and `POST /payment` with pm_card_visa: confirmed, tickets issued, mail queued; {CONNECTIONS} connections"
            ),
        );
        report.add(
            &self.key("paid_cpu_us"),
            &self.what("server CPU per paid booking"),
            column(&rounds, Round::cpu_us),
            "µs",
            goal("≤ 90"),
            &match self.engine {
                Engine::Sqlite => "with the mails sent meanwhile".into(),
                Engine::Postgres => format!("with the mails sent meanwhile; {}", beside(&rounds)),
            },
        );
        Ok(())
    }

    /// Memory of the server, at rest and after the load.
    fn memory(&self, idle: Memory, loaded: Memory, report: &mut Report) {
        report.add(
            &self.key("idle_rss_mib"),
            &self.what("memory of the server, idle with the demo data (RSS)"),
            idle.rss,
            "MiB",
            Some("≤ 40 MB"),
            &format!("PSS {:.0} MiB", idle.pss),
        );
        report.add(
            &self.key("loaded_rss_mib"),
            &self.what("memory of the server after the load above (RSS)"),
            loaded.rss,
            "MiB",
            Some("≤ 250 MB"),
            &format!("PSS {:.0} MiB, peak RSS {:.0} MiB", loaded.pss, loaded.peak),
        );
    }
}

/// What PostgreSQL took meanwhile.
pub fn beside(rounds: &[Round]) -> String {
    let own = column(rounds, Round::database_cpu_us);
    format!("PostgreSQL beside it: {own:.0} µs")
}

fn over_the_floor(report: &mut Report, holds: &Holds, raw_cpu_us: f64) {
    report.add(
        "hold_cpu_over_floor",
        "SQLite: server CPU per hold ÷ (no-op POST + raw row work)",
        holds.cpu_us / (holds.no_op_cpu_us + raw_cpu_us),
        "",
        Some("≤ 1.3"),
        &format!(
            "{:.1} ÷ ({:.1} + {:.1}) µs",
            holds.cpu_us, holds.no_op_cpu_us, raw_cpu_us
        ),
    );
}

/// Signing out without being signed in: routed, checked, its JSON read, and nothing done.
async fn no_op(connection: &mut Connection) -> Result<bool, Failure> {
    let answer = connection
        .post("/api/v1/auth/logout", format_args!(""), "{}")
        .await?;
    answer.expect("logout", 204).map(|_| true)
}
