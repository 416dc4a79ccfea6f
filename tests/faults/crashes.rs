//! kill -9 under load, again and again: what was acknowledged is there, what was not is decided by a retry.

use matinee_tests::{
    Caller, Server, ServerOptions,
    crowd::{Crowd, Manners, load::Load},
    history::{Kind, Operation, Outcome, Recorder},
    server, small_house,
};
use serde_json::json;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Kills, unless `MATINEE_KILLS` says how many.
const KILLS: usize = 100;
/// After so many everything acknowledged since is asked again, and the ledger is verified.
const LOOK_CLOSELY: usize = 10;
/// After so many a new house opens, before the old one is sold out.
const HOUSE: usize = 100;
const EVERY: Duration = Duration::from_millis(10);

/// Open for business again after a power cut, and again.
struct Business<'f> {
    folder: &'f Path,
    options: ServerOptions,
    server: Server,
    crowd: Arc<Crowd>,
    shows: Vec<(String, Vec<String>)>,
    slowest: Duration,
}

impl<'f> Business<'f> {
    async fn open(folder: &'f Path) -> Self {
        small_house::fill(&server::database(folder), folder, 12).unwrap();
        let options = small_house::options();
        let server = Server::start_in(folder, &options).unwrap();
        let manners = Manners {
            // Whoever meets a dead server is asked again when the next one is up.
            persistence: Duration::ZERO,
            ..Manners::default()
        };
        let recorder = Arc::new(Recorder::new(Duration::from_mins(7)));
        let crowd = Crowd::at(vec![server.url().to_owned()], manners, recorder);
        let shows = crowd.shows("", 48).await;
        assert!(shows.len() > 40, "{} shows", shows.len());
        Self {
            folder,
            options,
            server,
            crowd: Arc::new(crowd),
            shows,
            slowest: Duration::ZERO,
        }
    }

    /// Sells for a moment, is killed in the middle of it and starts again; the number of the next buyer.
    async fn sell_and_crash(&mut self, first: usize) -> usize {
        let load = Load::begin(&self.crowd, self.shows.clone(), EVERY, first);
        // Another moment each time: in the middle of whatever is going on then.
        tokio::time::sleep(Duration::from_millis(20 + 37 * first as u64 % 90)).await;
        self.server.kill().unwrap();
        let next = load.end().await;
        let begun = Instant::now();
        self.server = Server::start_in(self.folder, &self.options).unwrap();
        self.slowest = self.slowest.max(begun.elapsed());
        self.crowd.move_to(vec![self.server.url().to_owned()]);
        let unanswered = self.crowd.settle(false).await;
        assert_eq!(unanswered, 0, "every request finds its answer");
        next
    }

    async fn look_closely(&self) {
        self.crowd.repeat().await;
        self.crowd.forget_requests();
        let (status, report) = server::run(self.folder, &["verify"]).unwrap();
        assert!(status.success(), "{report}");
    }

    async fn close(mut self) {
        self.look_closely().await;
        let conn = rusqlite::Connection::open(self.folder.join("matinee.db")).unwrap();
        let count = "SELECT count(*) FROM bookings";
        let stored: i64 = conn.query_row(count, [], |row| row.get(0)).unwrap();
        let history = self.crowd.close(usize::try_from(stored).ok()).await;
        let report = history.check();
        println!("{report}, slowest restart {:?}", self.slowest);
        report.expect_possible();
        let open = |o: &&Operation| o.outcome == Outcome::Unknown && o.kind != Kind::Release;
        let open: Vec<_> = history.operations.iter().filter(open).collect();
        assert!(open.is_empty(), "without an answer: {open:?}");
        assert!(report.acknowledged > 100, "too little was sold to tell");
        assert!(self.server.stop().unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_server_is_killed() {
    let kills = std::env::var("MATINEE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let begun = Instant::now();
    let mut left = kills;
    while left > 0 {
        let folder = tempfile::tempdir().unwrap();
        let mut business = Business::open(folder.path()).await;
        let mut next = 0;
        for round in 1..=left.min(HOUSE) {
            next = business.sell_and_crash(next).await;
            if round.is_multiple_of(LOOK_CLOSELY) {
                business.look_closely().await;
            }
        }
        business.close().await;
        left -= left.min(HOUSE);
    }
    println!("{kills} kills in {:?}", begun.elapsed());
}

async fn some_shows(caller: &Caller) -> Vec<String> {
    let theaters = caller
        .get("/theaters?q=spreebogen")
        .await
        .expect(200)
        .json();
    let id = theaters["items"][0]["theater_id"].as_str().unwrap();
    let movies = caller
        .get(&format!("/theaters/{id}/movies"))
        .await
        .expect(200)
        .json();
    let shows = movies["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|movie| movie["shows"].as_array().unwrap());
    let tomorrow = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let later = shows.filter(|show| show["start_time"].as_str().unwrap() > tomorrow.as_str());
    later
        .map(|show| show["show_id"].as_str().unwrap().to_owned())
        .take(12)
        .collect()
}

#[tokio::test]
async fn a_payment_the_bank_was_asked_for_is_settled_after_a_crash() {
    let folder = server::demo_folder(true).unwrap();
    let mut first = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let caller = first.caller();
    let show = some_shows(&caller).await.remove(0);
    let (booking, guest) = caller.hold(&show, 2).await;
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_authenticationRequired" });
    let waiting = guest
        .with_key("3ds")
        .post("/payment", pay.clone())
        .await
        .expect(202);
    first.kill().unwrap();
    let mut second = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let guest = second
        .caller()
        .with_token(booking["guest_token"].as_str().unwrap());
    let again = guest
        .with_key("3ds")
        .post("/payment", pay)
        .await
        .expect(202);
    assert_eq!(again.bytes, waiting.bytes);
    let simulate = format!(
        "/payments/{}/simulate",
        waiting.json()["payment_id"].as_str().unwrap()
    );
    let paid = guest
        .post(&simulate, json!({ "outcome": "succeed" }))
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "confirmed");
    assert!(second.stop().unwrap().success());
    let (status, report) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "{report}");
}
