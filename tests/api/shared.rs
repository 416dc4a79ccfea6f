//! What most tests need: one demo server for all of them, a show nobody else touches, a fresh account.

use matinee_tests::{Caller, Server, server};
use serde_json::{Value, json};
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, OnceCell};

static SERVER: LazyLock<&'static Server> =
    LazyLock::new(|| Server::demo().unwrap().shared().unwrap());

/// The demo server of this program, without limits.
pub fn demo() -> &'static Server {
    *SERVER
}

/// A caller of the demo server nobody knows yet.
pub fn stranger() -> Caller {
    demo().caller()
}

/// Every show of a theater that lies at least a day ahead, latest last.
pub async fn shows_of(caller: &Caller, search: &str) -> Vec<Value> {
    let theaters = caller
        .get(&format!("/theaters?q={search}"))
        .await
        .expect(200)
        .json();
    let theater = text(&theaters["items"][0], "theater_id").to_owned();
    let movies = caller
        .get(&format!("/theaters/{theater}/movies"))
        .await
        .expect(200)
        .json();
    let soon = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let mut shows: Vec<Value> = items(&movies["items"])
        .iter()
        .flat_map(|movie| items(&movie["shows"]).clone())
        .filter(|show| text(show, "start_time") > soon.as_str())
        .collect();
    shows.sort_by_key(|show| text(show, "start_time").to_owned());
    shows
}

/// The id of a show that no other test uses: empty, at least a day ahead, in a house of 60 seats or more.
pub async fn show() -> String {
    static SHOWS: OnceCell<Mutex<Vec<String>>> = OnceCell::const_new();
    let shows = SHOWS
        .get_or_init(|| async {
            let shows = shows_of(&stranger(), "spreebogen").await;
            let large = shows
                .iter()
                .filter(|show| show["seats_total"].as_u64() >= Some(60));
            Mutex::new(large.map(|show| text(show, "show_id").to_owned()).collect())
        })
        .await;
    shows.lock().await.pop().expect("the demo has enough shows")
}

/// A number nobody had before.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The password of every account here.
pub const PASSWORD: &str = "correct horse battery staple";

/// A new account: its e-mail, the answer, and a caller that is signed in.
pub async fn account(stranger: &Caller) -> (String, Value, Caller) {
    let email = format!("person{}@example.com", unique());
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada Example" });
    let session = stranger
        .post("/auth/register", body)
        .await
        .expect(201)
        .json();
    let caller = stranger.with_token(text(&session, "access_token"));
    (email, session, caller)
}

/// A text member.
#[track_caller]
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is no text in {value}"))
}

/// A list.
#[track_caller]
pub fn items(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

/// An amount in minor units.
#[track_caller]
pub fn minor(money: &Value) -> i64 {
    money["amount_minor"]
        .as_i64()
        .unwrap_or_else(|| panic!("no money: {money}"))
}

/// The seats of a booking.
pub fn seat_ids(booking: &Value) -> Vec<String> {
    items(&booking["seats"])
        .iter()
        .map(|seat| text(seat, "seat_id").to_owned())
        .collect()
}

/// The status of a seat now.
pub async fn seat_status(caller: &Caller, show: &str, seat: &str) -> String {
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    let found = items(&map["seats"])
        .iter()
        .find(|s| s["seat_id"] == seat)
        .cloned();
    text(&found.expect("the show has this seat"), "status").to_owned()
}

/// Seats next to each other, from the best ones.
pub async fn best(caller: &Caller, show: &str, count: usize) -> Vec<String> {
    let path = format!("/shows/{show}/best-seats?count={count}");
    let best = caller.get(&path).await.expect(200).json();
    items(&best["seat_ids"])
        .iter()
        .map(|seat| seat.as_str().unwrap().to_owned())
        .collect()
}

/// Asks again until there is an answer, at most so long.
pub async fn until<T, F: Future<Output = Option<T>>>(
    seconds: u64,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(seconds),
            "still not after {seconds} s: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The server's database, opened beside it.
pub fn database(server: &Server) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(server.folder().join("matinee.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    conn
}

/// Lets a hold's time run out now, as if minutes had passed.
pub fn run_out(server: &Server, booking: &Value) {
    let changed = database(server).execute(
        "UPDATE bookings SET held_at = held_at - 3600000000, expires_at = expires_at - 3600000000
         WHERE replace(reference, '-', '') = replace(?1, '-', '')",
        [text(booking, "reference")],
    );
    assert_eq!(changed.unwrap(), 1, "the booking is in the database");
}

/// Every invariant of the server's database holds. Another test of the same server may just have let a hold run out by
/// hand ([`run_out`]), which is a finding until the server has freed it: so it is looked at again before it counts.
#[track_caller]
pub fn verify(server: &Server) {
    let check = || server::run(server.folder(), &["verify"]).unwrap();
    let mut found = check();
    for _ in 0..5 {
        if found.0.success() || !found.1.contains("BROKEN overdue_hold") {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
        found = check();
    }
    let (status, report) = found;
    assert!(status.success(), "{report}");
}

/// The secret of the latest mailed link to this path and address, once it is there.
pub async fn mailed_secret(server: &Server, to: &str, path: &str) -> String {
    until(10, "a mail with a link", || async {
        server
            .mails()
            .into_iter()
            .rev()
            .find_map(|mail| secret_in(&mail, to, path))
    })
    .await
}

fn secret_in(mail: &str, to: &str, path: &str) -> Option<String> {
    // Quoted-printable: soft line breaks, and = as =3D.
    let mail = mail
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    if !mail.contains(to) {
        return None;
    }
    let (_, rest) = mail.split_once(&format!("{path}#token="))?;
    let secret: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    Some(secret)
}
