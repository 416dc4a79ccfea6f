//! `GET /sync`: what changed since a cursor.

use crate::{
    import::{import, small_theater},
    shared::{items, stranger, text},
};
use matinee_tests::{Caller, Server, ServerOptions, server};
use serde_json::json;

/// Everything since a cursor, page by page: theaters, movies, shows, and the last cursor.
async fn all(caller: &Caller, mut cursor: Option<String>) -> (usize, usize, usize, String) {
    let mut counts = (0, 0, 0);
    loop {
        let path = cursor.as_ref().map_or("/sync".to_owned(), |cursor| {
            format!("/sync?cursor={cursor}")
        });
        let page = caller.get(&path).await.expect(200).json();
        counts.0 += items(&page["theaters"]).len();
        counts.1 += items(&page["movies"]).len();
        counts.2 += items(&page["shows"]).len();
        let next = text(&page, "cursor").to_owned();
        if page["more"] == false {
            return (counts.0, counts.1, counts.2, next);
        }
        cursor = Some(next);
    }
}

#[tokio::test]
async fn a_new_device_gets_the_whole_catalog_in_pages_and_then_304() {
    let caller = stranger();
    let (theaters, movies, shows, cursor) = all(&caller, None).await;
    let listed = caller.get("/theaters?limit=100").await.expect(200).json();
    assert_eq!(theaters, items(&listed["items"]).len());
    assert!(
        movies >= 300 && shows > 1000,
        "{movies} movies, {shows} shows"
    );
    let nothing = caller
        .get(&format!("/sync?cursor={cursor}"))
        .await
        .expect(304);
    assert!(nothing.bytes.is_empty());
    // Bookings are no part of it.
    caller.hold(&crate::shared::show().await, 2).await;
    caller
        .get(&format!("/sync?cursor={cursor}"))
        .await
        .expect(304);
}

#[tokio::test]
async fn a_cursor_nobody_made_is_malformed() {
    let caller = stranger();
    let (.., cursor) = all(&caller, None).await;
    let mut altered = cursor.into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    for cursor in ["x", "0", "%00", std::str::from_utf8(&altered).unwrap()] {
        caller
            .get(&format!("/sync?cursor={cursor}"))
            .await
            .expect_problem(400, "malformed_cursor");
    }
}

#[tokio::test]
async fn only_what_an_import_changed_comes_and_a_restore_means_starting_over() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        demo: false,
        ..ServerOptions::default()
    };
    assert!(import(folder.path(), &small_theater(), &[]).0);
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    let caller = server.caller();
    let (theaters, movies, shows, cursor) = all(&caller, None).await;
    assert_eq!((theaters, movies, shows), (1, 2, 3));
    let copy = folder.path().join("copy.db");
    assert!(
        server::run(folder.path(), &["backup", &copy.to_string_lossy()])
            .unwrap()
            .0
            .success()
    );
    // Beside the live server: one movie has another certificate.
    let mut catalog = small_theater();
    catalog["movies"][0]["certificate"] = json!("PG-13");
    let changed = catalog["movies"][0]["name"].clone();
    let (done, report) = import(folder.path(), &catalog, &[]);
    assert!(done, "{report}");
    let delta = crate::shared::until(3, "the live server tells of the import", || async {
        let answer = caller.get(&format!("/sync?cursor={cursor}")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(
        (
            items(&delta["theaters"]).len(),
            items(&delta["movies"]).len()
        ),
        (0, 1),
        "{delta}"
    );
    assert_eq!(delta["movies"][0]["name"], changed);
    assert_eq!(delta["movies"][0]["certificate"], "PG-13");
    let newest = text(&delta, "cursor").to_owned();
    caller
        .get(&format!("/sync?cursor={newest}"))
        .await
        .expect(304);
    assert!(server.stop().unwrap().success());
    let (status, words) = server::run(
        folder.path(),
        &["restore", &copy.to_string_lossy(), "--overwrite"],
    )
    .unwrap();
    assert!(status.success(), "{words}");
    let server = Server::start_in(folder.path(), &options).unwrap();
    for old in [&cursor, &newest] {
        server
            .caller()
            .get(&format!("/sync?cursor={old}"))
            .await
            .expect_problem(410, "cursor_gone");
    }
    let (theaters, movies, shows, _) = all(&server.caller(), None).await;
    assert_eq!((theaters, movies, shows), (1, 2, 3));
}
