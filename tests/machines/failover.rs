//! The primary of a PostgreSQL pair dies under load and the synchronous standby takes over.

use matinee_tests::{
    Server, ServerOptions,
    crowd::{Crowd, Manners, Summary, load::Load},
    history::Recorder,
    pair::{Pair, Place},
    server, small_house,
};
use std::{sync::Arc, time::Duration};

/// Between two buyers.
const EVERY: Duration = Duration::from_millis(50);
/// What a supervisor needs to be sure that a primary is gone.
const NOTICED: Duration = Duration::from_secs(1);
const DATABASE: &str = "matinee";

fn start(url: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        database: Some(url.to_owned()),
        ..small_house::options()
    };
    let server = Server::start_in(folder.path(), &options).unwrap();
    (server, folder)
}

/// Two servers sell; connections break, then the primary is killed at once and the standby promoted. Buyers ask again
/// with their keys. Afterwards nothing acknowledged is lost, nothing is sold twice, and the ledger agrees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_under_load_loses_nothing() {
    let _alone = crate::ALONE.lock().await;
    let mut pair = Pair::start([Place::here(), Place::here()]).unwrap();
    let create = format!("CREATE DATABASE {DATABASE}");
    pair.primary.sql("postgres", &create).unwrap();
    let url = pair.url(DATABASE);
    let folder = tempfile::tempdir().unwrap();
    small_house::fill(&url, folder.path(), 12).unwrap();
    let servers = [start(&url), start(&url)];
    let doors = servers.iter().map(|(server, _)| server.url().to_owned());
    let manners = Manners {
        // What the other server sold just before is seen when the new primary was reached.
        behind: Duration::from_secs(30),
        ..Manners::default()
    };
    let recorder = Arc::new(Recorder::new(Duration::from_mins(7)));
    let crowd = Arc::new(Crowd::at(doors.collect(), manners, Arc::clone(&recorder)));
    let shows = crowd.shows("", 24).await;
    assert_eq!(shows.len(), 24);
    let load = Load::begin(&crowd, shows, EVERY, 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calm = recorder.now();

    let broken = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = 'matinee' AND application_name = 'matinee'";
    let broken = pair.primary.sql("postgres", broken).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cut = recorder.now();

    pair.primary.kill().unwrap();
    tokio::time::sleep(NOTICED).await;
    pair.promote().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let over = recorder.now();
    load.end().await;

    println!("{}", Summary::HEAD);
    println!("| calm | {} |", crowd.summary(0, calm));
    println!(
        "| {broken} connections broken | {} |",
        crowd.summary(calm, cut)
    );
    println!("| failover | {} |", crowd.summary(cut, over));
    let unanswered = crowd.settle(true).await;
    assert_eq!(unanswered, 0, "every request finds its answer");
    crowd.repeat().await;
    let stored = pair.standby.sql(DATABASE, "SELECT count(*) FROM bookings");
    let history = crowd.close(stored.unwrap().parse().ok()).await;
    let report = history.check();
    println!("{report}");
    report.expect_possible();
    assert!(report.acknowledged > 50, "too little was sold to tell");
    let failover = crowd.summary(cut, over);
    assert!(failover.done > 0, "selling goes on after the failover");
    assert!(
        !failover.errors.keys().any(|kind| kind == "500"),
        "{failover}"
    );
    let (status, said) = server::run_on(&url, &["verify"]).unwrap();
    assert!(status.success(), "{said}");
}
