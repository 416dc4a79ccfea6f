//! The program's commands: exit codes, messages, and nothing lost.

use crate::shared::{account, database, seat_ids, seat_status, text, verify};
use matinee_tests::{Server, ServerOptions, server};
use serde_json::json;
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Runs `serve` on something it must refuse; the exit code and its words.
fn refused(
    database: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> (Option<i32>, String) {
    let mut child = Command::new(server::program())
        .args(["serve", "--database", database])
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            let _ = child.kill();
            panic!("it serves though it must not: {database} {arguments:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), words)
}

fn file(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

fn empty() -> ServerOptions {
    ServerOptions {
        demo: false,
        ..ServerOptions::default()
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let (code, words) = refused(
        &server::database(folder.path()),
        &["--listen", &address],
        &[],
    );
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains(&address), "{words}");
    assert!(!words.contains("panicked"), "{words}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Root may write into read-only folders, nobody below a file.
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let path = file(folder.path(), "file/matinee.db");
    let mail = file(folder.path(), "mail");
    let (code, words) = refused(
        &format!("sqlite:{path}"),
        &["--listen", "127.0.0.1:0", "--mail-dir", &mail],
        &[],
    );
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.contains(&path) && !words.contains("panicked"),
        "{words}"
    );
    let (code, words) = refused("sqlite:/proc/matinee.db", &["--listen", "127.0.0.1:0"], &[]);
    assert_eq!(code, Some(1), "{words}");
}

/// Somebody whom file permissions hold, also when the tests run as root.
fn as_nobody(program: &Path, arguments: &[&str]) -> Command {
    use std::os::unix::fs::MetadataExt as _;
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    command
}

#[test]
fn a_folder_that_is_read_only_is_named_and_loses_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let folder = tempfile::tempdir().unwrap();
    let mut first = Server::start_in(folder.path(), &empty()).unwrap();
    assert!(first.stop().unwrap().success());
    // A copy of the program, because nobody may look into the checkout.
    let program = folder.path().join("matinee-server");
    std::fs::copy(server::program(), &program).unwrap();
    mode(&program, 0o755);
    let path = folder.path().join("matinee.db");
    let before = std::fs::read(&path).unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        if file != program && file.is_file() {
            mode(&file, 0o444);
        }
    }
    mode(folder.path(), 0o555);
    let mails = tempfile::tempdir().unwrap();
    mode(mails.path(), 0o777);
    for database in [
        server::database(folder.path()),
        format!("sqlite:{}", file(folder.path(), "new.db")),
    ] {
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--mail-dir",
            mails.path().to_str().unwrap(),
            "--database",
            &database,
        ];
        let output = as_nobody(&program, &arguments).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{database}: {words}");
        assert!(
            words.contains("cannot be written") && words.contains(folder.path().to_str().unwrap()),
            "{database}: {words}"
        );
        assert!(!words.contains("panicked"), "{words}");
    }
    mode(folder.path(), 0o755);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_of_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matinee.db");
    std::fs::write(
        &path,
        "this is a letter to my aunt, not a database; it is long enough to look at".repeat(20),
    )
    .unwrap();
    let before = std::fs::read(&path).unwrap();
    let (code, words) = refused(
        &server::database(folder.path()),
        &["--listen", "127.0.0.1:0"],
        &[],
    );
    assert_eq!(code, Some(1), "{words}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    let (code, words) = refused(
        &format!("sqlite:{}", other.display()),
        &["--listen", "127.0.0.1:0"],
        &[],
    );
    assert_eq!(code, Some(1), "{words}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Server::start_in(folder.path(), &empty()).unwrap();
    assert!(first.stop().unwrap().success());
    let conn = database(&first);
    conn.execute_batch("PRAGMA user_version = 9000").unwrap();
    drop(conn);
    let (code, words) = refused(
        &server::database(folder.path()),
        &["--listen", "127.0.0.1:0"],
        &[],
    );
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.contains("schema version 9000") && words.contains("newer version"),
        "{words}"
    );
    for command in [
        &["verify"][..],
        &["backup", &file(folder.path(), "copy.db")],
    ] {
        let (status, words) = server::run(folder.path(), command).unwrap();
        assert_eq!(status.code(), Some(1), "{command:?}: {words}");
    }
    let version: i64 = database(&first)
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 9000);
}

#[test]
fn what_would_be_dangerous_where_others_can_reach_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = server::database(folder.path());
    for (arguments, environment, word) in [
        (
            &["--listen", "0.0.0.0:0"][..],
            &[("MATINEE_RATE_LIMIT", "off")][..],
            "RATE_LIMIT",
        ),
        (
            &["--listen", "0.0.0.0:0", "--demo"],
            &[],
            "--allow-test-payments",
        ),
        (
            &["--listen", "0.0.0.0:0", "--gateway", "sandbox"],
            &[],
            "--allow-test-payments",
        ),
        (
            &["--listen", "127.0.0.1:0", "--metrics", "0.0.0.0:9"],
            &[],
            "--metrics",
        ),
        (
            &["--listen", "127.0.0.1:0", "--tls-cert", "x.pem"],
            &[],
            "tls",
        ),
        (&["--listen", "nowhere"], &[], "--listen"),
    ] {
        let (code, words) = refused(&database, arguments, environment);
        assert_eq!(code, Some(1), "{arguments:?}: {words}");
        assert!(words.contains(word), "{words}");
    }
    let (code, _) = refused(&database, &["--no-such-option"], &[]);
    assert_eq!(code, Some(2));
    assert!(
        !folder.path().join("matinee.db").exists(),
        "refused before anything is opened"
    );
}

#[tokio::test]
async fn backup_and_restore_lose_nothing_that_was_acknowledged() {
    let folder = matinee_tests::server::demo_folder(true).unwrap();
    let mut first = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let caller = first.caller();
    let show = caller.some_show().await;
    let show = text(&show, "show_id").to_owned();
    let (paid, guest) = caller.hold(&show, 2).await;
    let pay = json!({ "booking_id": paid["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", pay).await.expect(200);
    let (held, _) = caller.hold(&show, 1).await;
    let (email, session, _) = account(&caller).await;
    let copy = file(folder.path(), "copy.db");
    let (status, words) = server::run(folder.path(), &["backup", &copy]).unwrap();
    assert!(status.success(), "beside the live server: {words}");
    let (status, words) = server::run(folder.path(), &["backup", &copy]).unwrap();
    assert_eq!(status.code(), Some(1), "never over a file: {words}");
    let (later, _) = caller.buy(&show, 1).await;
    let seats = format!("/shows/{show}/seats");
    let told = caller.get(&seats).await.expect(200).json()["version"].as_u64();
    let (status, words) = server::run(folder.path(), &["restore", &copy]).unwrap();
    assert_eq!(status.code(), Some(1), "not over a database: {words}");
    let (status, words) = server::run(folder.path(), &["restore", &copy, "--overwrite"]).unwrap();
    assert_eq!(status.code(), Some(1), "not under a server: {words}");
    assert!(first.stop().unwrap().success());
    let (status, words) = server::run(folder.path(), &["restore", &copy, "--overwrite"]).unwrap();
    assert!(status.success(), "{words}");
    verify(&first);
    let server = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let caller = server.caller();
    for (booking, status) in [(&paid, "confirmed"), (&held, "held")] {
        let guest = caller.with_token(text(booking, "guest_token"));
        let path = format!("/bookings/{}", text(booking, "booking_id"));
        let now = guest.get(&path).await.expect(200).json();
        assert_eq!(now["status"], status);
        assert_eq!(
            (&now["seats"], &now["total_amount"]),
            (&booking["seats"], &booking["total_amount"])
        );
    }
    assert_eq!(
        seat_status(&caller, &show, &seat_ids(&paid)[0]).await,
        "sold"
    );
    assert_eq!(
        seat_status(&caller, &show, &seat_ids(&later)[0]).await,
        "available",
        "it came after the backup"
    );
    // A viewer from before, when as much has happened since as then: it must not think it knows these seats.
    caller.buy(&show, 1).await;
    let now = caller.get(&seats).await.expect(200).json()["version"].as_u64();
    assert!(now > told, "{now:?} {told:?}");
    let since = format!("{seats}/live?since={}", told.unwrap());
    let first = caller.open(&since).await.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: snapshot"), "{first:?}");
    caller
        .with_token(text(&session, "access_token"))
        .get("/users/me/profile")
        .await
        .expect(200);
    caller
        .post(
            "/auth/login",
            json!({ "email": email, "password": crate::shared::PASSWORD }),
        )
        .await
        .expect(200);
}

#[test]
fn verify_passes_a_sound_database_and_fails_a_broken_one_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_in(folder.path(), &empty()).unwrap();
    verify(&server);
    assert!(server.stop().unwrap().success());
    assert!(crate::import::import(folder.path(), &crate::import::small_theater(), &[]).0);
    verify(&server);
    database(&server)
        .execute("UPDATE show_state SET taken = taken + 1", [])
        .unwrap();
    let (status, words) = server::run(folder.path(), &["verify"]).unwrap();
    assert_eq!(status.code(), Some(1), "{words}");
    assert!(words.contains("BROKEN"), "{words}");
}

#[tokio::test]
async fn an_administrator_is_made_from_the_command_line_and_the_password_is_not_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let create = |password: Option<&str>| {
        let mut command = Command::new(server::program());
        command.args(["admin", "create", "--email", "boss@example.com"]);
        command
            .env("MATINEE_DATABASE", server::database(folder.path()))
            .stdin(Stdio::null());
        if let Some(password) = password {
            command.env("MATINEE_ADMIN_PASSWORD", password);
        }
        command.output().unwrap()
    };
    assert_eq!(create(None).status.code(), Some(1));
    assert_eq!(create(Some("short")).status.code(), Some(1));
    let nowhere = create(Some("a long enough password"));
    assert_eq!(
        nowhere.status.code(),
        Some(1),
        "an account in a database nobody serves"
    );
    assert!(!folder.path().join("matinee.db").exists());
    assert!(crate::import::import(folder.path(), &crate::import::small_theater(), &[]).0);
    let made = create(Some("a long enough password"));
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(!String::from_utf8_lossy(&made.stdout).contains("long enough"));
    let server = Server::start_in(folder.path(), &empty()).unwrap();
    let body = json!({ "email": "boss@example.com", "password": "a long enough password" });
    server.caller().post("/auth/login", body).await.expect(200);
    // Once more, beside the server: a new password, and the old one is no longer good.
    assert!(create(Some("another long password")).status.success());
    let body = json!({ "email": "boss@example.com", "password": "another long password" });
    server.caller().post("/auth/login", body).await.expect(200);
}

#[tokio::test]
async fn sigterm_ends_live_streams_and_exits_0() {
    let mut server = Server::demo().unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let mut stream = caller
        .open(&format!("/shows/{}/seats/live", text(&show, "show_id")))
        .await;
    assert!(stream.chunk().await.unwrap().is_some());
    let (booking, guest) = caller.hold(text(&show, "show_id"), 1).await;
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    // Nothing can be written while this lasts, so the payment is begun and cannot end.
    let lock = database(&server);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let running = tokio::spawn(async move { guest.post("/payment", pay).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!running.is_finished());
    let begun = Instant::now();
    let status = tokio::task::spawn_blocking(move || (server.stop().unwrap(), server));
    while let Ok(Some(_)) = stream.chunk().await {}
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(
        !running.is_finished() && !status.is_finished(),
        "it waits for the payment"
    );
    lock.execute_batch("ROLLBACK").unwrap();
    let paid = running.await.unwrap().expect(200).json();
    assert_eq!(paid["status"], "confirmed", "what was begun is finished");
    let (status, server) = status.await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let kept: String = database(&server)
        .query_row(
            "SELECT status FROM bookings WHERE replace(reference, '-', '') = replace(?1, '-', '')",
            [text(&paid, "reference")],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, "confirmed");
    verify(&server);
}

#[tokio::test]
async fn a_filled_demo_is_left_alone_and_starts_again_quickly() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut first = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let filled = begun.elapsed();
    let shows: i64 = database(&first)
        .query_row("SELECT count(*) FROM shows", [], |row| row.get(0))
        .unwrap();
    assert!(first.stop().unwrap().success());
    let begun = Instant::now();
    let mut second = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let restart = begun.elapsed();
    second.caller().get("/theaters").await.expect(200);
    let again: i64 = database(&second)
        .query_row("SELECT count(*) FROM shows", [], |row| row.get(0))
        .unwrap();
    assert_eq!(shows, again);
    println!(
        "demo filled in {filled:?}, started again in {restart:?} (unoptimized build, busy machine)"
    );
    assert!(
        filled < Duration::from_mins(1) && restart < Duration::from_secs(15),
        "{filled:?} {restart:?}"
    );
    assert!(second.stop().unwrap().success());
    // Another catalog's database is no demo: nothing is added.
    let other = tempfile::tempdir().unwrap();
    assert!(crate::import::import(other.path(), &crate::import::small_theater(), &[]).0);
    let own = Server::start_in(other.path(), &ServerOptions::default()).unwrap();
    let theaters: i64 = database(&own)
        .query_row("SELECT count(*) FROM theaters", [], |row| row.get(0))
        .unwrap();
    assert_eq!(theaters, 1);
}
