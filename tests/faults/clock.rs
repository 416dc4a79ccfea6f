//! The clock of the machine jumps forwards and back while seats are sold: holds end sooner or later for it, and nothing
//! else happens.

use matinee_tests::{
    Server, ServerOptions,
    crowd::{Crowd, Manners, load::Load},
    history::Recorder,
    server, small_house, wrong_clock,
};
use std::{sync::Arc, time::Duration};

/// Jumps in turn, in seconds off the truth: past every hold's end, before its beginning, and home again.
const JUMPS: [&str; 8] = ["+1200", "+0", "-1200", "+540", "-3", "-10800", "+30", "+0"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_loses_nothing_and_sells_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let time = folder.path().join("time");
    wrong_clock::tell(&time, "+0").unwrap();
    let Some(wrapper) = wrong_clock::as_told(&time) else {
        println!("SKIPPED: faketime is not installed");
        return;
    };
    let options = ServerOptions {
        wrapper,
        ..small_house::options()
    };
    small_house::fill(&server::database(folder.path()), folder.path(), 12).unwrap();
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    // A jump may end any hold.
    let recorder = Arc::new(Recorder::new(Duration::ZERO));
    let doors = vec![server.url().to_owned()];
    let crowd = Arc::new(Crowd::at(doors, Manners::default(), Arc::clone(&recorder)));
    let shows = crowd.shows("", 40).await;
    let load = Load::begin(&crowd, shows, Duration::from_millis(30), 0);
    for off in JUMPS {
        tokio::time::sleep(Duration::from_millis(450)).await;
        wrong_clock::tell(&time, off).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(450)).await;
    load.end().await;
    println!("{}", crowd.summary(0, recorder.now()));
    assert_eq!(
        crowd.settle(false).await,
        0,
        "every request finds its answer"
    );
    crowd.repeat().await;
    let history = crowd.close(None).await;
    let expired = history
        .finals
        .iter()
        .filter(|last| last.status == "expired");
    println!("{} holds ran out with a jump", expired.count());
    let report = history.check();
    println!("{report}");
    report.expect_possible();
    assert!(report.acknowledged > 50, "too little was sold to tell");
    assert!(server.stop().unwrap().success());
    let (status, said) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "{said}");
}
