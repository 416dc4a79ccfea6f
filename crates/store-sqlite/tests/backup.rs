//! Backup beside a live server, and restore: what it refuses, what it brings back.

use matinee_store::{
    AccountStore, CatalogStore, Maintenance, StoreError,
    conformance::{
        accounts::{user, user_id},
        fixtures::{apply, catalog, movie, start},
    },
    feed::NoFeed,
};
use matinee_store_sqlite::{OpenOptions, SqliteStore, restore};
use std::{path::Path, sync::Arc};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(OpenOptions {
        path: path.to_owned(),
        feed: Arc::new(NoFeed),
    })
    .unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn is_unavailable<T: std::fmt::Debug>(outcome: &Result<T, StoreError>, word: &str) {
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(what)) if what.contains(word)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_backup_made_beside_a_live_server_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy, fresh) = (
        folder.path().join("live.db"),
        folder.path().join("copy.db"),
        folder.path().join("fresh.db"),
    );
    let server = open(&live);
    apply(&server, catalog()).await;
    let head = server.sync_head().await.unwrap();
    // Both ways: by the server itself, and by another process beside it.
    server.backup(&copy).await.unwrap();
    let beside = SqliteStore::open_offline(&live).unwrap();
    beside
        .backup(&folder.path().join("second.db"))
        .await
        .unwrap();
    server.add_user(user(1, "late@example.org")).await.unwrap();
    assert!(server.ping().await.is_ok());

    restore(&copy, &fresh, false).unwrap();
    let restored = open(&fresh);
    assert_eq!(restored.verify(start()).await.unwrap().violations, vec![]);
    assert_eq!(restored.theaters().await.unwrap().len(), 2);
    assert!(restored.user(user_id(1)).await.unwrap().is_none());
    let after = restored.sync_head().await.unwrap();
    assert_eq!(after.position, head.position);
    assert_ne!(after.epoch, head.epoch);
    assert!(after.epoch < 1 << 53);
    restored.close().await;
    server.close().await;
    let left = files(folder.path());
    assert!(
        left.iter()
            .all(|name| !name.contains("partial") && !name.contains("restoring")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let server = open(&folder.path().join("live.db"));
    let taken = folder.path().join("taken");
    std::fs::write(&taken, "precious").unwrap();
    assert!(matches!(
        server.backup(&taken).await,
        Err(StoreError::ReadOnly(_))
    ));
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "precious");
    let nowhere = folder.path().join("no such folder").join("copy.db");
    assert!(server.backup(&nowhere).await.is_err());
    // What a killed backup left behind is in nobody's way.
    std::fs::write(folder.path().join("copy.db.partial"), "half").unwrap();
    server.backup(&folder.path().join("copy.db")).await.unwrap();
    assert!(!folder.path().join("copy.db.partial").exists());
    server.close().await;
}

#[tokio::test]
async fn a_database_with_data_is_only_replaced_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy) = (folder.path().join("live.db"), folder.path().join("copy.db"));
    let server = open(&live);
    apply(&server, catalog()).await;
    server.backup(&copy).await.unwrap();
    let mut later = catalog();
    later.movies.push(movie(3));
    apply(&server, later).await;

    // A server that runs on it is noticed, told or not.
    is_unavailable(&restore(&copy, &live, true), "in use");
    assert_eq!(server.movies().await.unwrap().len(), 3);
    server.close().await;
    drop(server);

    is_unavailable(&restore(&copy, &live, false), "holds data");
    restore(&copy, &live, true).unwrap();
    let server = open(&live);
    assert_eq!(server.movies().await.unwrap().len(), 2);
    server.close().await;

    // A database that holds nothing is in nobody's way.
    let empty = folder.path().join("empty.db");
    open(&empty).close().await;
    restore(&copy, &empty, false).unwrap();
}

#[tokio::test]
async fn only_a_sound_database_of_this_program_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = open(&path("live.db"));
    apply(&server, catalog()).await;
    server.backup(&path("copy.db")).await.unwrap();
    server.close().await;

    is_unavailable(
        &restore(&path("absent.db"), &path("new.db"), false),
        "no file",
    );
    std::fs::write(
        path("text.db"),
        "not a database at all, only some words in a file",
    )
    .unwrap();
    assert!(restore(&path("text.db"), &path("new.db"), false).is_err());
    rusqlite::Connection::open(path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    assert!(restore(&path("other.db"), &path("new.db"), false).is_err());
    // Nor is another program's database replaced, even when told.
    assert!(restore(&path("copy.db"), &path("other.db"), true).is_err());

    let newer = path("newer.db");
    std::fs::copy(path("copy.db"), &newer).unwrap();
    let conn = rusqlite::Connection::open(&newer).unwrap();
    conn.pragma_update(None, "user_version", 999).unwrap();
    drop(conn);
    assert!(matches!(
        restore(&newer, &path("new.db"), false),
        Err(StoreError::TooNew { found: 999, .. })
    ));

    let damaged = path("damaged.db");
    let mut bytes = std::fs::read(path("copy.db")).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 64].fill(0xEE);
    std::fs::write(&damaged, bytes).unwrap();
    assert!(restore(&damaged, &path("new.db"), false).is_err());

    let dangling = path("dangling.db");
    std::fs::copy(path("copy.db"), &dangling).unwrap();
    let conn = rusqlite::Connection::open(&dangling).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM movies")
        .unwrap();
    drop(conn);
    assert!(matches!(
        restore(&dangling, &path("new.db"), false),
        Err(StoreError::Damaged(_))
    ));
    assert!(!path("new.db").exists());
    assert!(
        files(folder.path())
            .iter()
            .all(|name| !name.contains("restoring"))
    );
}

/// Whoever else has an account on the machine reads none of it: not the database, not the files beside it, no copy.
#[cfg(unix)]
#[tokio::test]
async fn every_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (live, copy, fresh) = (
        folder.path().join("live.db"),
        folder.path().join("copy.db"),
        folder.path().join("fresh.db"),
    );
    let server = open(&live);
    apply(&server, catalog()).await;
    server.backup(&copy).await.unwrap();
    restore(&copy, &fresh, false).unwrap();
    let restored = open(&fresh);
    assert!(restored.ping().await.is_ok());
    let names = files(folder.path());
    for name in [
        "live.db",
        "live.db-wal",
        "live.db-shm",
        "copy.db",
        "fresh.db-wal",
    ] {
        assert!(names.iter().any(|there| there == name), "{name}: {names:?}");
    }
    for name in names {
        let mode = folder.path().join(&name).metadata().unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    server.close().await;
    restored.close().await;
}
