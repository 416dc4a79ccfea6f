//! What every engine's maintenance does. Backup and restore are about files and are tested with each engine.

use super::fixtures::{apply, catalog, start};
use crate::Store;

/// A working database answers, keeps notes, and passes its own checks.
pub async fn a_fresh_database_is_sound(store: &(impl Store + ?Sized)) {
    store.ping().await.unwrap();
    assert!(store.is_empty().await.unwrap());
    apply(store, catalog()).await;
    let report = store.verify(start()).await.unwrap();
    assert_eq!(report.violations, vec![]);
    assert!(
        report
            .checked
            .iter()
            .any(|(name, rows)| *name == "taken_count" && *rows == 4)
    );
}

/// Notes are kept and replaced.
pub async fn notes_are_kept(store: &(impl Store + ?Sized)) {
    assert_eq!(store.note("demo").await.unwrap(), None);
    store.set_note("demo", "1").await.unwrap();
    store.set_note("demo", "2").await.unwrap();
    store.set_note("other", "x").await.unwrap();
    assert_eq!(store.note("demo").await.unwrap().as_deref(), Some("2"));
}

/// A closed store refuses, and says so.
pub async fn a_closed_store_refuses(store: &(impl Store + ?Sized)) {
    store.close().await;
    assert!(store.ping().await.is_err());
    assert!(store.set_note("late", "x").await.is_err());
}
