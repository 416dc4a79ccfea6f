//! kill -9 while a show's cancellation goes through its bookings: the next server goes on, everybody gets everything back
//! once, and nobody keeps a ticket.

use matinee_tests::{Caller, Server, server, small_house};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The house is full.
pub const BUYERS: usize = 40;
const KILLS: usize = 4;
/// Bookings of cancelled shows that still have seats.
const LEFT: &str = "SELECT count(DISTINCT booking) FROM seats WHERE state <> 3 \
     AND show IN (SELECT show FROM show_cancellations)";
const PASSWORD: &str = "correct horse battery staple";

pub fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap()
}

pub fn start(folder: &Path) -> Server {
    let mut options = small_house::options();
    let off = ["--staff-second-factor", "off"].map(ToOwned::to_owned);
    options.arguments.extend(off);
    Server::start_in(folder, &options).unwrap()
}

pub async fn administrator(server: &Server) -> Caller {
    let made = std::process::Command::new(server::program())
        .args(["admin", "create", "--email", "boss@example.com"])
        .env("MATINEE_DATABASE", server::database(server.folder()))
        .env("MATINEE_ADMIN_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let login = json!({ "email": "boss@example.com", "password": PASSWORD });
    let session = server.caller().post("/auth/login", login).await;
    let session = session.expect(200).json();
    server.caller().with_token(text(&session, "access_token"))
}

/// Buys single seats until none is left, at most so many.
pub async fn buy_out(caller: &Caller, show: &str, most: usize) -> Vec<Value> {
    let mut bookings = Vec::new();
    while bookings.len() < most {
        let wanted = json!({ "show_id": show, "best": 1, "guest_email": "guest@example.com" });
        let held = caller.post("/book", wanted).await;
        if held.status != 201 {
            break;
        }
        let held = held.json();
        let guest = caller.with_token(text(&held, "guest_token"));
        let pay = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
        guest.post("/payment", pay).await.expect(200);
        bookings.push(held);
    }
    assert!(bookings.len() > 20, "{} bookings", bookings.len());
    bookings
}

/// A number from the database.
pub fn count(folder: &Path, sql: &str) -> i64 {
    let conn = rusqlite::Connection::open(folder.join("matinee.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_goes_on_with_a_cancelled_show() {
    let folder = tempfile::tempdir().unwrap();
    small_house::fill(&server::database(folder.path()), folder.path(), 3).unwrap();
    let mut server = start(folder.path());
    let admin = administrator(&server).await;
    let caller = server.caller();
    let show = text(&caller.some_show().await, "show_id").to_owned();
    let bookings = buy_out(&caller, &show, BUYERS).await;

    let path = format!("/manage/shows/{show}/cancel");
    let body = json!({ "reason": "The projector is broken" });
    let begun = admin.post(&path, body).await.expect(200).json();
    assert_eq!(begun["bookings_total"], bookings.len());
    let mut left = vec![];
    for kill in 0..KILLS {
        // First before anything was done, then each time as soon as something was.
        let before = count(folder.path(), LEFT);
        let patience = Instant::now();
        while kill > 0
            && count(folder.path(), LEFT) == before
            && patience.elapsed() < Duration::from_secs(3)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill().unwrap();
        left.push(count(folder.path(), LEFT));
        server = start(folder.path());
    }
    println!("bookings left after each kill: {left:?}");
    assert!(left[0] > 0, "the first kill came after all was done");

    let progress = format!("/manage/shows/{show}/cancellation");
    let admin = server.caller().with_token(admin.token().unwrap());
    let begun = Instant::now();
    let over = loop {
        let progress = admin.get(&progress).await.expect(200).json();
        if progress["finished"] == true && progress["refunds_pending"] == 0 {
            break progress;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{progress}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(over["refunds_succeeded"], bookings.len(), "{over}");
    let total: i64 = bookings
        .iter()
        .map(|booking| booking["total_amount"]["amount_minor"].as_i64().unwrap())
        .sum();
    assert_eq!(over["refund_amount"]["amount_minor"], total);
    let at_the_bank = "SELECT coalesce(sum(refunded_minor), 0) FROM sandbox_charges";
    assert_eq!(count(folder.path(), at_the_bank), total, "each once");
    let good = "SELECT count(*) FROM tickets WHERE state = 'valid'";
    assert_eq!(count(folder.path(), good), 0);
    let told = "SELECT count(*) FROM messages WHERE kind = 'show_cancelled' AND channel = 'email'";
    let told = usize::try_from(count(folder.path(), told)).unwrap();
    assert_eq!(told, bookings.len(), "everybody once");
    assert!(server.stop().unwrap().success());
    let (status, report) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "{report}");
}
