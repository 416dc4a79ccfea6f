//! `import`: what people bring, taken whole or refused with its place.

use crate::shared::{items, text, until};
use matinee_tests::{Server, ServerOptions, server};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// The example for theater owners.
pub fn small_theater() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/examples/small-theater.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Writes a file into a folder.
pub fn write(folder: &Path, value: &Value) -> PathBuf {
    let path = folder.join("catalog.json");
    std::fs::write(&path, value.to_string()).unwrap();
    path
}

/// Imports a catalog: whether it was taken, and what was said.
pub fn import(folder: &Path, catalog: &Value, options: &[&str]) -> (bool, String) {
    let path = write(folder, catalog);
    let path = path.to_string_lossy();
    let mut arguments = vec!["import", &path];
    arguments.extend(options);
    let (status, text) = server::run(folder, &arguments).unwrap();
    (status.success(), text)
}

/// Every catalog row, to compare.
fn catalog_of(folder: &Path) -> String {
    let conn = rusqlite::Connection::open(folder.join("matinee.db")).unwrap();
    let mut out = String::new();
    for table in [
        "sync_head",
        "changes",
        "seat_maps",
        "theaters",
        "screens",
        "movies",
        "shows",
        "price_sheets",
        "notes",
    ] {
        let mut rows = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                write!(out, "{:?}|", row.get_ref(column).unwrap()).unwrap();
            }
            out.push('\n');
        }
    }
    out
}

#[test]
fn importing_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (done, first) = import(folder.path(), &small_theater(), &[]);
    assert!(done && first.contains("added: 7"), "{first}");
    let before = catalog_of(folder.path());
    let (done, second) = import(folder.path(), &small_theater(), &[]);
    assert!(done && second.contains("added: 0, changed: 0"), "{second}");
    assert_eq!(catalog_of(folder.path()), before);
}

/// What is wrong with a catalog.
type Change = fn(&mut Value);

#[test]
fn a_refusal_names_every_place_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(import(folder.path(), &small_theater(), &[]).0);
    let before = catalog_of(folder.path());
    let broken = |change: Change| {
        let mut catalog = small_theater();
        catalog["movies"][1]["name"] = json!("Would be renamed");
        change(&mut catalog);
        catalog
    };
    let cases: [(Change, &str); 8] = [
        (
            |c| c["theaters"][0]["currency"] = json!("XXQ"),
            "/theaters/0/currency",
        ),
        (
            |c| c["theaters"][0]["time_zone"] = json!("Mars/Olympus"),
            "/theaters/0/time_zone",
        ),
        (
            |c| c["movies"][0]["duration_minutes"] = json!(-5),
            "/movies/0/duration_minutes",
        ),
        (
            |c| c["shows"][2]["movie"] = json!("nobody made it"),
            "/shows/2/movie",
        ),
        (
            |c| c["shows"][0]["start_local"] = json!("tomorrow"),
            "/shows/0/start_local",
        ),
        (
            |c| c["shows"][1]["start_local"] = c["shows"][0]["start_local"].clone(),
            "/shows/",
        ),
        (
            |c| {
                c["seat_maps"][0]["plan"]["zones"][0]["rows"][0]["seats"][1]["category"] =
                    json!("Cloud");
            },
            "/seat_maps/0/plan/zones/0/rows/0/seats/1/category",
        ),
        (
            |c| c["theaters"][0]["colour"] = json!("red"),
            "/theaters/0/colour",
        ),
    ];
    for (change, pointer) in cases {
        let (done, words) = import(folder.path(), &broken(change), &[]);
        assert!(!done, "{pointer}");
        assert!(words.contains(pointer), "{pointer} in {words}");
        assert_eq!(catalog_of(folder.path()), before, "{pointer}");
    }
    let two = broken(|c| {
        c["theaters"][0]["currency"] = json!("XXQ");
        c["movies"][0]["duration_minutes"] = json!(0);
    });
    let (_, words) = import(folder.path(), &two, &[]);
    assert!(
        words.contains("/theaters/0/currency") && words.contains("/movies/0/duration_minutes"),
        "{words}"
    );
    std::fs::write(folder.path().join("broken.json"), "{ \"format\": ").unwrap();
    let path = folder.path().join("broken.json");
    let (status, words) = server::run(folder.path(), &["import", &path.to_string_lossy()]).unwrap();
    assert_eq!(status.code(), Some(1), "{words}");
    let (status, words) = server::run(folder.path(), &["import", "no-such-file.json"]).unwrap();
    assert!(
        status.code() == Some(1) && words.contains("no-such-file.json"),
        "{words}"
    );
    assert_eq!(catalog_of(folder.path()), before);
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (done, words) = import(folder.path(), &small_theater(), &["--dry-run"]);
    assert!(done && words.contains("would be added: 7"), "{words}");
    assert!(
        !folder.path().join("matinee.db").exists(),
        "not even a database is made"
    );
    assert!(import(folder.path(), &small_theater(), &[]).0);
    let before = catalog_of(folder.path());
    let mut catalog = small_theater();
    catalog["movies"][0]["name"] = json!("Renamed");
    let (done, words) = import(folder.path(), &catalog, &["--dry-run"]);
    assert!(done && words.contains("would be changed: 1"), "{words}");
    assert_eq!(catalog_of(folder.path()), before);
    catalog["theaters"][0]["currency"] = json!("XXQ");
    let (done, words) = import(folder.path(), &catalog, &["--dry-run"]);
    assert!(!done && words.contains("/theaters/0/currency"), "{words}");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        !left.iter().any(|name| name.contains("dry-run")),
        "{left:?}"
    );
}

#[test]
fn the_published_seating_plan_goes_to_a_screen() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = small_theater();
    catalog["theaters"][0]["price_lists"][0]["prices"] = json!([
        { "category": "standard", "amount_minor": 1100 }, { "category": "premium", "amount_minor": 1350 },
        { "category": "Standard", "amount_minor": 1100 }, { "category": "Premium", "amount_minor": 1350 },
        { "category": "Wheelchair", "amount_minor": 900 }, { "category": "Companion", "amount_minor": 900 },
    ]);
    let (done, words) = import(folder.path(), &catalog, &[]);
    assert!(done, "{words}");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/examples/seating-plan.json");
    let plan = plan.to_string_lossy();
    let (status, words) = server::run(
        folder.path(),
        &[
            "import",
            &plan,
            "--theater",
            "my-theater",
            "--screen",
            "second",
        ],
    )
    .unwrap();
    assert!(status.success(), "{words}");
    let (status, words) = server::run(
        folder.path(),
        &["import", &plan, "--theater", "nobody", "--screen", "x"],
    )
    .unwrap();
    assert!(
        status.code() == Some(1) && words.contains("nobody"),
        "{words}"
    );
}

#[tokio::test]
async fn sold_seats_are_never_altered_by_an_import_beside_the_live_server() {
    let folder = tempfile::tempdir().unwrap();
    assert!(import(folder.path(), &small_theater(), &[]).0);
    let mut server = Server::start_in(
        folder.path(),
        &ServerOptions {
            demo: false,
            ..ServerOptions::default()
        },
    )
    .unwrap();
    let caller = server.caller();
    let theaters = caller.get("/theaters").await.expect(200).json();
    let id = text(&theaters["items"][0], "theater_id");
    let shows = caller
        .get(&format!("/theaters/{id}/movies?date=2030-05-04"))
        .await
        .expect(200)
        .json();
    let show = shows["items"][0]["shows"][0].clone();
    let show_id = text(&show, "show_id").to_owned();
    let (booking, guest) = caller.buy(&show_id, 2).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let before = guest.get(&path).await.expect(200).json();
    // First everything gets dearer.
    let mut catalog = small_theater();
    for price in catalog["theaters"][0]["price_lists"][0]["prices"]
        .as_array_mut()
        .unwrap()
    {
        price["amount_minor"] = json!(9900);
    }
    let (done, words) = import(folder.path(), &catalog, &[]);
    assert!(done, "{words}");
    until(3, "the live server sees the new price", || async {
        let detail = caller
            .get(&format!("/shows/{show_id}"))
            .await
            .expect(200)
            .json();
        (detail["from_price"] != show["from_price"]).then_some(())
    })
    .await;
    // Then the map loses its first row.
    catalog["seat_maps"][0]["plan"]["zones"][0]["rows"]
        .as_array_mut()
        .unwrap()
        .remove(0);
    let (done, words) = import(folder.path(), &catalog, &[]);
    assert!(done, "{words}");
    let after = guest.get(&path).await.expect(200).json();
    for member in ["seats", "total_amount", "status", "reference", "payments"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    let map = caller
        .get(&format!("/shows/{show_id}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        items(&map["seats"])
            .iter()
            .filter(|seat| seat["status"] == "sold")
            .count(),
        2
    );
    assert_eq!(
        items(&map["seats"]).len() as u64,
        show["seats_total"].as_u64().unwrap(),
        "a show keeps its map"
    );
    // A show that seats were sold for cannot move to another screen or vanish by an upsert.
    assert!(server.stop().unwrap().success());
    crate::shared::verify(&server);
}

#[tokio::test]
async fn a_booking_under_a_policy_of_nothing_back_is_not_cancellable() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = small_theater();
    catalog["theaters"][0]["cancellation_policy"] = json!([]);
    let (done, words) = import(folder.path(), &catalog, &[]);
    assert!(done, "{words}");
    let server = Server::start_in(
        folder.path(),
        &ServerOptions {
            demo: false,
            ..ServerOptions::default()
        },
    )
    .unwrap();
    let caller = server.caller();
    let theaters = caller.get("/theaters").await.expect(200).json();
    let id = text(&theaters["items"][0], "theater_id");
    let shows = caller
        .get(&format!("/theaters/{id}/movies?date=2030-05-04"))
        .await
        .expect(200)
        .json();
    let (booking, guest) = caller
        .buy(text(&shows["items"][0]["shows"][0], "show_id"), 1)
        .await;
    assert_eq!(booking["cancellation_policy"]["cancellable"], false);
    let policy = text(&booking["cancellation_policy"], "text").to_owned();
    let problem = guest
        .post(
            &format!("/cancel/{}", text(&booking, "booking_id")),
            json!({}),
        )
        .await;
    let problem = problem.expect_problem(409, "not_cancellable").json();
    assert!(
        text(&problem, "detail").contains(&policy),
        "{problem} names the policy: {policy}"
    );
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(now["status"], "confirmed");
}
