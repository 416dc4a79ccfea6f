//! kill -9 while the bookings without room of a moved show are given back: the next server goes on, everybody without a
//! seat gets everything back once, and everybody else has a seat of the other screen.

use crate::cancelled_show::{BUYERS, administrator, buy_out, count, start, text};
use matinee_tests::{server, small_house};
use serde_json::json;
use std::time::{Duration, Instant};

const KILLS: usize = 4;
/// Bookings without room that still have their seats: numbers from 20,000 on are places of no map.
const ASIDE: &str = "SELECT count(DISTINCT booking) FROM seats WHERE seat >= 20000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_goes_on_with_a_moved_show() {
    let folder = tempfile::tempdir().unwrap();
    small_house::fill(&server::database(folder.path()), folder.path(), 3).unwrap();
    let mut server = start(folder.path());
    let admin = administrator(&server).await;
    let show = server.caller().some_show().await;
    let (show, theater) = (text(&show, "show_id"), text(&show, "theater_id"));
    let bookings = buy_out(&server.caller(), show, BUYERS).await;

    let hall = json!({ "rows": 2, "seats_per_row": 5, "aisles_after": [], "wheelchair_places": 0, "premium_rows": 0 });
    let screen = json!({ "name": "Studio", "cleaning_minutes": 20, "seats": { "hall": hall } });
    let path = format!("/manage/theaters/{theater}/screens");
    let studio = admin.post(&path, screen).await.expect(201).json();
    let body = json!({ "screen_id": studio["screen_id"], "dry_run": false });
    let path = format!("/manage/shows/{show}/move");
    let owner = admin.with_header("if-match", "*");
    let plan = owner.post(&path, body).await.expect(200).json();
    let without = plan["without_room"].as_array().unwrap().len();
    assert!((20..bookings.len()).contains(&without), "{plan}");

    let mut left = vec![];
    for kill in 0..KILLS {
        // First before anything was done, then each time as soon as something was.
        let before = count(folder.path(), ASIDE);
        let patience = Instant::now();
        while kill > 0
            && count(folder.path(), ASIDE) == before
            && patience.elapsed() < Duration::from_secs(3)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill().unwrap();
        left.push(count(folder.path(), ASIDE));
        server = start(folder.path());
    }
    println!("bookings without room left after each kill: {left:?}");
    assert!(left[0] > 0, "the first kill came after all was done");

    let admin = server.caller().with_token(admin.token().unwrap());
    let begun = Instant::now();
    let over = loop {
        let progress = admin.get(&path).await.expect(200).json();
        if progress["finished"] == true && progress["refunds_pending"] == 0 {
            break progress;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{progress}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(over["refunds_succeeded"], without, "{over}");
    let total = plan["refund_amount"]["amount_minor"].as_i64().unwrap();
    assert!(total > 0);
    assert_eq!(over["refund_amount"]["amount_minor"], total);
    let at_the_bank = "SELECT coalesce(sum(refunded_minor), 0) FROM sandbox_charges";
    assert_eq!(count(folder.path(), at_the_bank), total, "each once");
    let seated = i64::try_from(bookings.len() - without).unwrap();
    let good = "SELECT count(*) FROM tickets WHERE state = 'valid'";
    assert_eq!(count(folder.path(), good), seated);
    let seats = "SELECT count(*) FROM seats WHERE state = 2 AND seat < 10";
    assert_eq!(count(folder.path(), seats), seated);
    let told = "SELECT count(*) FROM messages WHERE kind = 'no_room' AND channel = 'email'";
    let told = usize::try_from(count(folder.path(), told)).unwrap();
    assert_eq!(told, without, "everybody once");
    assert!(server.stop().unwrap().success());
    let (status, report) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "{report}");
}
