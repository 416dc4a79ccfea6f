//! One thing fails after the other while buyers keep coming, and what they saw of each.

use crate::{
    ALONE,
    house::{House, cannot},
    net::Side,
};
use matinee_tests::{
    TestError,
    crowd::{Crowd, Manners, Summary, load::Load},
    history::{Recorder, Report},
};
use std::{sync::Arc, time::Duration};

type Event = (
    &'static str,
    fn(&mut House, Duration) -> Result<(), TestError>,
);

const EVENTS: &[Event] = &[
    ("nothing", |_, calm| {
        std::thread::sleep(calm);
        Ok(())
    }),
    ("a server is killed and started again", |house, calm| {
        house.machines[0].kill()?;
        std::thread::sleep(calm / 2);
        house.machines[0].start()?;
        std::thread::sleep(calm / 2);
        Ok(())
    }),
    (
        "a server is asked to end (SIGTERM) and started again",
        |house, calm| {
            house.machines[1].stop()?;
            house.machines[1].start()?;
            std::thread::sleep(calm);
            Ok(())
        },
    ),
    ("a server cannot reach the database", |house, calm| {
        let space = house.machines[0].space.clone();
        house.net.plug(&space, Side::Back, false)?;
        std::thread::sleep(calm.max(Duration::from_secs(6)));
        house.net.plug(&space, Side::Back, true)?;
        std::thread::sleep(calm);
        Ok(())
    }),
    ("Redis is killed", |house, calm| {
        if let Some(mut redis) = house.redis.take() {
            redis.kill()?;
            std::thread::sleep(calm);
        }
        Ok(())
    }),
    (
        "the primary's machine is lost, the standby promoted",
        |house, calm| {
            house.lose_primary()?;
            let took = house.supervise()?;
            println!("noticed and promoted after {took:.1?}");
            std::thread::sleep(calm + Duration::from_secs(6));
            Ok(())
        },
    ),
];

/// The standby falls silent for longer than any timeout, then the primary's machine is lost: whoever was told "done" in
/// between would have lost it.
const STANDBY_AWAY: &[Event] = &[
    ("the standby cannot be reached", |house, _| {
        house.net.plug(&house.standby, Side::Back, false)?;
        std::thread::sleep(Duration::from_secs(36));
        Ok(())
    }),
    (
        "then the primary's machine is lost, and the standby promoted",
        |house, calm| {
            house.lose_primary()?;
            house.net.plug(&house.standby, Side::Back, true)?;
            house.supervise()?;
            std::thread::sleep(calm + Duration::from_secs(6));
            Ok(())
        },
    ),
];

/// Plays the events at so many buyers a second.
async fn play(
    (servers, demo): (u8, bool),
    events: &[Event],
    calm: Duration,
    every: Duration,
) -> Result<(Report, Vec<Summary>), TestError> {
    let mut house = House::build(servers, demo)?;
    let manners = Manners {
        patience: Duration::from_secs(16),
        persistence: Duration::from_mins(1),
        // A server that is cut off goes on showing the map it has.
        behind: Duration::from_mins(2),
        addresses: true,
        pause: Duration::from_millis(250),
    };
    let recorder = Arc::new(Recorder::new(Duration::from_mins(7)));
    let crowd = Arc::new(Crowd::at(
        vec![house.door()],
        manners,
        Arc::clone(&recorder),
    ));
    let shows = crowd.shows(if demo { "spreebogen" } else { "" }, 40).await;
    let load = Load::begin(&crowd, shows, every, 0);
    let mut spans = Vec::new();
    for (name, event) in events {
        if name.starts_with("Redis") && house.redis.is_none() {
            continue;
        }
        let begun = recorder.now();
        let (event, mut lent) = (*event, house);
        let (back, done) = tokio::task::spawn_blocking(move || {
            let done = event(&mut lent, calm);
            (lent, done)
        })
        .await?;
        house = back;
        done.map_err(|error| format!("{name}: {error}"))?;
        spans.push((*name, begun, recorder.now()));
    }
    load.end().await;
    println!("{}", Summary::HEAD);
    let mut summaries = Vec::new();
    for (name, from, to) in spans {
        let summary = crowd.summary(from, to);
        println!("| {name} | {summary} |");
        summaries.push(summary);
    }
    let unanswered = crowd.settle(true).await;
    assert_eq!(unanswered, 0, "every request finds its answer");
    crowd.repeat().await;
    let history = crowd.close(house.stored()).await;
    let report = history.check();
    println!("{report}");
    house.verify()?;
    println!(
        "every invariant holds: ledger and gateway agree, every booking has its tickets or its money back"
    );
    Ok((report, summaries))
}

fn sound(report: &Report, summaries: &[Summary]) {
    report.expect_possible();
    for summary in summaries {
        assert!(summary.done > 0, "somebody could buy: {summary}");
        assert_eq!(summary.given_up, 0, "{summary}");
        assert!(!summary.errors.contains_key("500"), "{summary}");
    }
}

/// A server dies, then the primary's machine is lost: one short round, for every run of the tests. `cargo xtask machines`
/// has everything fail that can, one after the other, and then a standby that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_fail_in_turn() {
    let _alone = ALONE.lock().await;
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().expect("a number").max(1))
    };
    let asked = number("MATINEE_MACHINES_SECONDS");
    if let Some(why) = cannot() {
        assert!(asked.is_none(), "not possible here: {why}");
        println!("SKIPPED: {why}");
        return;
    }
    let Some(seconds) = asked else {
        let events = [EVENTS[1], EVENTS[5]];
        let (calm, every) = (Duration::from_secs(2), Duration::from_millis(80));
        let (report, summaries) = play((2, false), &events, calm, every).await.unwrap();
        return sound(&report, &summaries);
    };
    let every = Duration::from_micros(1_000_000 / number("MATINEE_MACHINES_BUYERS").unwrap_or(10));
    let calm = Duration::from_secs(seconds);
    let (report, summaries) = play((3, true), EVENTS, calm, every).await.unwrap();
    sound(&report, &summaries);

    let (calm, every) = (Duration::from_secs(3), Duration::from_millis(150));
    let (report, summaries) = play((2, false), STANDBY_AWAY, calm, every).await.unwrap();
    report.expect_possible();
    assert_eq!(summaries[0].given_up, 0, "{}", summaries[0]);
    assert!(summaries[1].done > 0, "{}", summaries[1]);
}
