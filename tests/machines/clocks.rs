//! Servers of one PostgreSQL database whose clocks are a minute apart: the database's time counts, so they agree on
//! what has run out, and nothing is sold twice.

use chrono::{DateTime, TimeDelta, Utc};
use matinee_tests::{
    Server, ServerOptions,
    crowd::{Crowd, Manners, load::Load},
    history::Recorder,
    postgres::Postgres,
    server, small_house, wrong_clock,
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const DATABASE: &str = "wrong_clocks";

/// A server with its folder.
fn start(url: &str, wrapper: Vec<String>) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        database: Some(url.to_owned()),
        wrapper,
        ..small_house::options()
    };
    (Server::start_in(folder.path(), &options).unwrap(), folder)
}

fn instant(booking: &Value) -> DateTime<Utc> {
    booking["hold_expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Lets every hold run out in so many seconds of the database's time.
fn run_out_in(seconds: i64) {
    let sql = format!(
        "UPDATE bookings SET expires_at = (extract(epoch FROM now()) * 1000000)::bigint + {seconds} * 1000000 \
         WHERE status = 'held'"
    );
    Postgres::shared().sql(DATABASE, &sql);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_with_wrong_clocks_agree() {
    let _alone = crate::ALONE.lock().await;
    let (Some(fast), Some(slow)) = (wrong_clock::off_by("+30s"), wrong_clock::off_by("-30s"))
    else {
        println!("SKIPPED: faketime is not installed");
        return;
    };
    let url = Postgres::shared().database(DATABASE);
    let folder = tempfile::tempdir().unwrap();
    small_house::fill(&url, folder.path(), 12).unwrap();
    let (fast, slow) = (start(&url, fast), start(&url, slow));
    let manners = Manners {
        behind: Duration::from_secs(10),
        ..Manners::default()
    };
    let recorder = Arc::new(Recorder::new(Duration::from_mins(7)));
    let doors = [&fast, &slow].map(|(server, _)| server.url().to_owned());
    let crowd = Arc::new(Crowd::at(doors.into(), manners, Arc::clone(&recorder)));
    let mut shows = crowd.shows("", 40).await;
    // A show nobody else wants for each of what follows.
    let calm = shows.split_off(30);
    let load = Load::begin(&crowd, shows, Duration::from_millis(40), 0);
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.end().await;
    println!("{}", crowd.summary(0, recorder.now()));
    assert_eq!(
        crowd.settle(true).await,
        0,
        "every request finds its answer"
    );
    crowd.repeat().await;
    let report = crowd.close(None).await.check();
    println!("{report}");
    report.expect_possible();
    assert!(report.acknowledged > 30, "too little was sold to tell");

    // Both give the same eight minutes, by the database's clock.
    let (fast, slow) = (fast.0.caller(), slow.0.caller());
    let (one, _) = fast.hold(&calm[0].0, 1).await;
    let (two, _) = slow.hold(&calm[1].0, 1).await;
    let apart = (instant(&one) - instant(&two)).abs();
    assert!(apart < TimeDelta::seconds(25), "{apart} apart");

    // Twenty seconds are left, so neither server ends the hold, though the fast one's own clock is past it.
    let (held, _) = slow.hold(&calm[2].0, 1).await;
    run_out_in(20);
    let path = format!("/bookings/{}", held["booking_id"].as_str().unwrap());
    let token = held["guest_token"].as_str().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for server in [&fast, &slow] {
        let now = server.with_token(token).get(&path).await.expect(200).json();
        assert_eq!(now["status"], "held");
    }
    let pay = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
    fast.with_token(token)
        .post("/payment", pay)
        .await
        .expect(200);

    // Past its end both say so, though by the slow one's own clock it still lasts.
    let (late, _) = slow.hold(&calm[3].0, 1).await;
    run_out_in(-1);
    let path = format!("/bookings/{}", late["booking_id"].as_str().unwrap());
    let token = late["guest_token"].as_str().unwrap();
    for server in [&fast, &slow] {
        let begun = Instant::now();
        let guest = server.with_token(token);
        while guest.get(&path).await.expect(200).json()["status"] != "expired" {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let pay = json!({ "booking_id": late["booking_id"], "payment_method": "pm_card_visa" });
    slow.with_token(token)
        .post("/payment", pay)
        .await
        .expect_problem(409, "hold_expired");
    let (status, said) = server::run_on(&url, &["verify"]).unwrap();
    assert!(status.success(), "{said}");
}
