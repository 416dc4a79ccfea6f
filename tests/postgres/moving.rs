//! A theater moves from the embedded engine to PostgreSQL: nothing is lost, nothing is sold twice, and every way it
//! can go wrong leaves one database that sells.

use super::{Running, show, start, text, until, verify};
use matinee_tests::{Caller, Server, ServerOptions, postgres::Postgres, server};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What callers of a theater have and see.
struct Known {
    show: String,
    /// Paths with the token that reads them.
    seen: Vec<(String, Option<String>)>,
    keyed: Value,
    waiting: Value,
    payer: String,
    refresh: String,
}

fn as_known(server: &Server, token: Option<&String>) -> Caller {
    let caller = server.caller();
    token.map_or(caller.clone(), |token| caller.with_token(token))
}

/// Everything they see, byte for byte.
async fn look(server: &Server, known: &Known) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    for (path, token) in &known.seen {
        let answer = as_known(server, token.as_ref()).get(path).await.expect(200);
        seen.push((path.clone(), String::from_utf8(answer.bytes).unwrap()));
    }
    let keyed = keyed(server, known).await;
    seen.push(("the same key".into(), keyed));
    seen
}

async fn keyed(server: &Server, known: &Known) -> String {
    let caller = server.caller().with_key("moves along");
    let caller = caller.with_header("guest-secret", SECRET);
    let answer = caller.post("/book", known.keyed.clone()).await.expect(201);
    String::from_utf8(answer.bytes).unwrap()
}

/// Holds, paid and cancelled bookings, a payment that waits for the payer's bank, an account.
async fn trade(server: &Server) -> Known {
    let caller = server.caller();
    let show = show(&caller).await;
    let account = json!({ "email": "ada@example.com", "password": "correct horse battery staple", "name": "Ada" });
    let session = caller.post("/auth/register", account).await.expect(201);
    let session = session.json();
    let token = text(&session, "access_token").to_owned();
    let ada = caller.with_token(&token);
    let (held, holder) = caller.hold(&show, 2).await;
    let (paid, payer) = caller.buy(&show, 3).await;
    let (gone, leaver) = caller.buy(&show, 2).await;
    let gone = text(&gone, "booking_id").to_owned();
    leaver
        .post(&format!("/cancel/{gone}"), json!({}))
        .await
        .expect(200);
    let own = ada
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201);
    let pay = json!({ "booking_id": own.json()["booking_id"], "payment_method": "pm_card_authenticationRequired" });
    let waiting = ada.post("/payment", pay).await.expect(202).json();
    let token_of = |caller: &Caller| caller.token().map(ToOwned::to_owned);
    let id = |booking: &Value| text(booking, "booking_id").to_owned();
    let seen = vec![
        (format!("/shows/{show}/seats"), None),
        (format!("/bookings/{}", id(&held)), token_of(&holder)),
        (format!("/bookings/{}", id(&paid)), token_of(&payer)),
        (format!("/bookings/{}/tickets", id(&paid)), token_of(&payer)),
        (format!("/bookings/{gone}"), token_of(&leaver)),
        ("/users/me/profile".into(), Some(token.clone())),
        ("/users/me/bookings".into(), Some(token.clone())),
        ("/theaters".into(), None),
        ("/sync".into(), None),
    ];
    Known {
        keyed: json!({ "show_id": show, "best": 2, "guest_email": "guest@example.com" }),
        show,
        seen,
        waiting,
        payer: token,
        refresh: text(&session, "refresh_token").to_owned(),
    }
}

fn migrate(folder: &Path, to: &str) -> Command {
    let mut command = Command::new(server::program());
    command.args(["migrate-engine", "--database", &server::database(folder)]);
    command.env("MATINEE_TO", to).env_remove("MATINEE_DATABASE");
    command
}

/// Runs it with further arguments: whether it succeeded, and what it said.
fn migrated(folder: &Path, to: &str, more: &[&str]) -> (bool, String) {
    let output = migrate(folder, to).args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// An empty database with tables, as a server leaves it that was only tried.
fn empty(name: &str) -> String {
    let url = Postgres::shared().database(name);
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        demo: false,
        database: Some(url.clone()),
        ..ServerOptions::default()
    };
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    assert!(server.stop().unwrap().success());
    url
}

/// What PostgreSQL does with every ticket that arrives.
fn on_ticket(database: &str, does: &str) {
    Postgres::shared().sql(
        database,
        &format!(
            "CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} RETURN NEW; END $$; \
             CREATE OR REPLACE TRIGGER meddle BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION meddle()"
        ),
    );
}

/// Kills a move in the middle of its tickets; the database is nobody's afterwards.
async fn kill_in_the_middle(mut moving: Child, database: &str) {
    let postgres = Postgres::shared();
    let asleep = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event = 'PgSleep'"
    );
    until(60, "the move is at its tickets", || async {
        postgres.sql("postgres", &asleep).trim() == "1"
    })
    .await;
    moving.kill().unwrap();
    moving.wait().unwrap();
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    postgres.sql("postgres", &end);
    until(30, "nobody is connected", || async {
        let there = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
        postgres.sql("postgres", &there).trim() == "0"
    })
    .await;
}

/// The file is refused by everything that would write.
fn refuses_to_sell(folder: &Path, because: &str) {
    let import = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../demo/examples/small-theater.json"
    );
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["import", import],
    ] {
        let (status, said) = server::run(folder, command).unwrap();
        assert!(!status.success() && said.contains(because), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_theater_moves_with_everything_it_has() {
    let folder = server::demo_folder(true).unwrap();
    let file = folder.path();
    let mut old = Server::start_in(file, &ServerOptions::default()).unwrap();
    let known = trade(&old).await;
    // From here on no mail goes out: the last one is still to be sent when the theater moves.
    until(10, "the first mails went out", || async {
        old.mails().len() >= 3
    })
    .await;
    std::fs::remove_dir_all(file.join("mail")).unwrap();
    std::fs::write(file.join("mail"), "in the way").unwrap();
    let late = json!({ "email": "ada@example.com" });
    old.caller().post("/auth/password/forgot", late).await;
    keyed(&old, &known).await;
    let before = look(&old, &known).await;

    let to = empty("moved");
    let (done, said) = migrated(file, &to, &[]);
    assert!(!done && said.contains("stop the server"), "{said}");
    assert_eq!(look(&old, &known).await, before, "the server goes on");
    old.stop().unwrap();
    std::fs::remove_file(file.join("mail")).unwrap();

    // What arrives otherwise than it was sent is noticed and taken back.
    on_ticket("moved", "NEW.revision := NEW.revision + 1;");
    let (done, said) = migrated(file, &to, &[]);
    assert!(
        !done && said.contains("DIFFERS") && !said.contains("moved to"),
        "{said}"
    );
    let row = said.lines().find(|line| line.contains("DIFFERS"));
    assert!(row.unwrap().starts_with("tickets"), "{said}");
    let left = "SELECT (SELECT count(*) FROM theaters) + (SELECT count(*) FROM tickets)";
    assert_eq!(Postgres::shared().sql("moved", left).trim(), "0");

    on_ticket("moved", "PERFORM pg_sleep(600);");
    let moving = migrate(file, &to).stdout(Stdio::null()).spawn().unwrap();
    kill_in_the_middle(moving, "moved").await;
    assert_eq!(Postgres::shared().sql("moved", left).trim(), "0");
    Postgres::shared().sql("moved", "DROP FUNCTION meddle CASCADE");

    let (done, said) = migrated(file, &to, &[]);
    assert!(done && said.contains("every invariant holds"), "{said}");
    assert!(
        !said.contains("postgres@"),
        "no part of a secret address: {said}"
    );
    refuses_to_sell(file, "it was moved to postgres://127.0.0.1");
    let (done, said) = migrated(file, &to, &[]);
    assert!(!done && said.contains("it was moved to"), "{said}");

    // Nothing was sold there yet, so there is a way back, and there again.
    let (done, said) = migrated(file, &to, &["--undo"]);
    assert!(done && said.contains("is served again"), "{said}");
    let (done, said) = migrated(file, &to, &[]);
    assert!(done, "{said}");

    // A crash between the commit there and the last note here.
    let conn = rusqlite::Connection::open(file.join("matinee.db")).unwrap();
    let cut =
        "UPDATE notes SET value = replace(value, 'done ', 'begun ') WHERE name = 'engine_left'";
    assert_eq!(conn.execute(cut, []).unwrap(), 1);
    drop(conn);
    refuses_to_sell(file, "a move to postgres://127.0.0.1");
    let other = Postgres::shared().database("moved_elsewhere");
    let (done, said) = migrated(file, &other, &[]);
    assert!(!done && said.contains("run the same"), "{said}");
    let (done, said) = migrated(file, &to, &[]);
    assert!(done && said.contains("already"), "{said}");

    let mut new = start(&to);
    assert_eq!(look(&new.server, &known).await, before);
    goes_on(&new, &known).await;
    new.server.stop().unwrap();
    verify(&to);
    let (done, said) = migrated(file, &to, &["--undo"]);
    assert!(!done && said.contains("has changed since"), "{said}");
    refuses_to_sell(file, "it was moved to");
}

/// What had begun before the move ends after it.
async fn goes_on(new: &Running, known: &Known) {
    let caller = new.server.caller();
    let simulate = format!("/payments/{}/simulate", text(&known.waiting, "payment_id"));
    let paid = caller.with_token(&known.payer);
    let paid = paid.post(&simulate, json!({ "outcome": "succeed" })).await;
    assert_eq!(paid.expect(200).json()["status"], "confirmed");
    let map = caller.get(&format!("/shows/{}/seats", known.show)).await;
    let map = map.expect(200).json();
    let sold = map["seats"].as_array().unwrap().iter();
    assert_eq!(sold.filter(|seat| seat["status"] == "sold").count(), 4);
    let refreshed = json!({ "refresh_token": known.refresh });
    caller.post("/auth/refresh", refreshed).await.expect(200);
    // It would be tried again in half a minute.
    let due = "UPDATE messages SET due_at = 0 WHERE status = 'pending' RETURNING 1";
    assert!(!Postgres::shared().sql("moved", due).is_empty());
    until(60, "the mail that waited went out", || async {
        new.server
            .mails()
            .iter()
            .any(|mail| mail.contains("ada@example.com"))
    })
    .await;
}
