//! Measures Matinee on the machine it runs on: `cargo xtask bench`.
//!
//! Absolute rates say more about the machine than about the program, so nearly every figure is a ratio of two things
//! measured in turns within one run (A, B, A, B, …; the median counts), and every effect is counted afterwards: in
//! the seat maps the server answers, in the rows of its database, and by its own `verify`.
//! The clients share the machine with the server. Latency, other engines and live viewers are not measured here.

mod args;
mod disk;
mod failure;
mod hello;
mod load;
mod machine;
mod plan;
mod proc;
mod reads;
mod report;
mod sales;
mod server;
mod stats;
mod wire;
mod writer;

use args::{Args, Mode};
use clap::Parser;
use failure::Failure;
use report::Report;
use server::ServerProcess;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.mode {
        Some(Mode::Hello) => hello::serve(),
        None => measure(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("matinee-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<(), Failure> {
    // One thread drives all connections: what it takes is taken from the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(args))
}

async fn run(args: &Args) -> Result<(), Failure> {
    let pace = args.pace();
    let folder = args.folder()?;
    let mut report = Report::begin();
    let binary = args.server_binary()?;
    say("fsync");
    let fsync_us = disk::fsync_p50_us(folder.path())?;
    report.add(
        "fsync_p50_us",
        "fsync of 4 KiB on this disk, p50",
        fsync_us,
        "µs",
        None,
        "",
    );

    say("starting the server with the demo data");
    let server = ServerProcess::start(&binary, folder.path())?;
    let template = folder.path().join("template.db");
    server.backup(&template)?;
    let idle = server.memory_after_rest().await?;
    let plan = plan::Plan::make(server.address()).await?;
    say(&format!(
        "the demo sells {} pairs of seats in {} shows",
        plan.pairs(),
        plan.shows()
    ));

    say("seat maps and hello-world");
    reads::measure(&server, &plan, &pace, &mut report).await?;
    say("holds and no-op POSTs");
    let sales = sales::Sales::new(&server, &plan).await?;
    let holds = sales.holds(&pace, &mut report).await?;
    say("paid bookings");
    let paid = sales.paid(&pace, &mut report).await?;
    let loaded = server.memory()?;
    report::memory(&mut report, idle, loaded);
    say("counting what was sold");
    sales.check(&mut report).await?;
    server.stop().await?;

    say("the writer and the raw group commit");
    let writer =
        writer::measure(&template, folder.path(), &holds.answer, &pace, &mut report).await?;
    report::derived(&mut report, &holds, &paid, &writer);
    report.finish();
    println!("{}", report.markdown());
    if let Some(path) = &args.json {
        std::fs::write(path, report.json()?)?;
    }
    if let Some(path) = &args.update {
        report.update(path)?;
    }
    Ok(())
}

fn say(what: &str) {
    eprintln!("· {what}");
}
