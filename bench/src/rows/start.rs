//! The app's start from its copy, with no network: from opening the copy until the theaters are there to be shown.
//!
//! The client core in this process, as the shell uses it; the window's own time is not in it.

use crate::{
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    report::Report,
    stats::Times,
};
use matinee_client::{Client, Options, Origin, SessionOnly, TheaterQuery};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Instant,
};

const STARTS: usize = 50;

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let folder = bench.folder().join("device");
    let server = bench.server(Engine::Sqlite, Data::Demo).await?;
    let address = server.address();
    let theaters = fill(&folder, address).await?;
    server.stop().await?.remove()?;
    let starts = if bench.extent.quick { 5 } else { STARTS };
    let mut refused = starts_of(&folder, address, starts, theaters).await?;
    // The same port again: who calls is let in and hears nothing, as when packets vanish.
    let silent = TcpListener::bind(address)?;
    let mut vanished = starts_of(&folder, address, starts, theaters).await?;
    drop(silent);
    for (key, what, times) in [
        ("refused", "no network", &mut refused),
        (
            "vanished",
            "a network that swallows everything",
            &mut vanished,
        ),
    ] {
        report.add(
            &format!("client_start_{key}_ms"),
            &format!("client: cached start with {what} → theaters, p99"),
            times.ms(0.99),
            "ms",
            Some("≤ 500 ms"),
            &format!(
                "{starts} starts of the client core with the whole demo in its copy ({theaters} theaters); p50 {:.1} ms; without the window",
                times.ms(0.5)
            ),
        );
    }
    Ok(())
}

fn options(folder: &Path, address: SocketAddr) -> Result<Options, Failure> {
    let origin = Origin::at(&format!("http://{address}"))
        .map_err(|error| Failure::Server(error.to_string()))?;
    Ok(Options {
        origin,
        cache_dir: Some(folder.to_owned()),
        secrets: Arc::new(SessionOnly::default()),
        session_only: true,
    })
}

/// The whole demo into the copy; how many theaters its first page shows.
async fn fill(folder: &Path, address: SocketAddr) -> Result<usize, Failure> {
    let client = open(folder, address).await?;
    client.sync().await.map_err(client_failure)?;
    let page = client.theaters(TheaterQuery::default()).await;
    Ok(page.map_err(client_failure)?.value.items.len())
}

async fn open(folder: &Path, address: SocketAddr) -> Result<Client, Failure> {
    Client::open(options(folder, address)?)
        .await
        .map_err(client_failure)
}

fn client_failure(error: impl std::fmt::Display) -> Failure {
    Failure::Server(format!("the client: {error}"))
}

async fn starts_of(
    folder: &Path,
    address: SocketAddr,
    starts: usize,
    theaters: usize,
) -> Result<Times, Failure> {
    let mut times = Times::default();
    for _ in 0..starts {
        let began = Instant::now();
        let client = open(folder, address).await?;
        client.start();
        let page = client.theaters(TheaterQuery::default()).await;
        let page = page.map_err(client_failure)?;
        times.add(began.elapsed());
        expect("offline", 1, u64::from(page.offline))?;
        expect("theaters", theaters as u64, page.value.items.len() as u64)?;
    }
    Ok(times)
}
