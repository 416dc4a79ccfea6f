//! Power cuts: whatever the store acknowledged is there after a crash that loses what was not synced, and every
//! invariant holds. The disk is SQLite's own file layer with a record of every write, so a thousand crashes are made
//! from one run of many buyers.
//!
//! `MATINEE_CRASHES` sets how many (default 1,000), `MATINEE_SEED` another seed. Left out: crashes of the process alone
//! (the whole-system tests kill the server), and a disk that damages what it had synced.

mod chance;
mod disk;
mod workload;

use chance::Chance;
use disk::{Honesty, Replay};
use matinee_store::{Maintenance as _, conformance::fixtures::start, feed::NoFeed};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use rusqlite::Connection;
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};
use tempfile::TempDir;
use tokio::task::{JoinError, JoinSet};
use workload::{Change, Diary};

const FILE: &str = "matinee.db";
/// Attempts of each buyer: enough for several checkpoints.
const ATTEMPTS: u32 = 350;
/// Pictures of the disk looked at at the same time.
const AT_ONCE: usize = 4;
/// A lying disk is noticed within this many crashes.
const SOON: usize = 100;

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(OpenOptions {
        path: folder.join(FILE),
        feed: Arc::new(NoFeed),
    })
    .expect("what a crash leaves opens")
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// One test, because SQLite's file layer belongs to the whole process.
#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let seed = number("MATINEE_SEED", 1);
    let crashes = number("MATINEE_CRASHES", 1_000) as usize;
    println!("seed {seed}, {crashes} crashes");
    let folder = tempfile::tempdir().expect("a folder");
    let folder_path = folder.path().canonicalize().expect("it is there");
    disk::record(&folder_path);

    let tasks = tokio::runtime::Runtime::new().expect("a runtime");
    let store = open(&folder_path);
    let diary = Arc::new(Diary::default());
    let begin = tasks.block_on(async {
        workload::open_house(&store).await;
        let begin = disk::now();
        workload::sell(&store, &diary, ATTEMPTS, seed).await;
        begin
    });
    let end = disk::now();
    let changes = Arc::new(diary.close());
    println!(
        "{} changes of bookings in {} events of the disk",
        changes.len(),
        end - begin
    );
    assert!(changes.iter().all(|change| change.told.is_some()));
    let copied = disk::writes_to(FILE, begin);
    let logged = disk::writes_to("-wal", begin);
    println!("{logged} writes to the log, {copied} pages copied back meanwhile");
    assert!(copied > 0, "no crash comes while the log is copied back");

    let mut chance = Chance::new(seed);
    let mut moments: Vec<usize> = (0..crashes)
        .map(|_| begin + chance.below(end - begin + 1))
        .collect();
    moments.sort_unstable();

    let replay = tasks.block_on(honest_crashes(
        Replay::new(Honesty::Honest, begin),
        &moments,
        &changes,
        &mut chance,
    ));

    // The check itself is checked: a disk that only says it synced loses bookings, and that is noticed.
    let mut replay = replay.again(Honesty::Lying, begin);
    let noticed = moments
        .iter()
        .rev()
        .take(SOON)
        .rev()
        .filter(|moment| {
            replay.go_to(**moment);
            !lost(&replay, **moment, &changes, &mut chance).is_empty()
        })
        .count();
    println!("a lying disk was noticed in {noticed} of {SOON} crashes");
    assert!(noticed > 0, "the check does not notice a lying disk");
}

/// What was wrong after a crash.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    lost: Vec<String>,
    broken: Vec<String>,
}

/// Crashes at each of the moments; a few pictures of the disk are looked at while the next is made.
async fn honest_crashes(
    mut replay: Replay,
    moments: &[usize],
    changes: &Arc<Vec<Change>>,
    chance: &mut Chance,
) -> Replay {
    let mut looking = JoinSet::new();
    for moment in moments.iter().copied() {
        replay.go_to(moment);
        let folder = picture(&replay, chance);
        if looking.len() >= AT_ONCE {
            sound(looking.join_next().await);
        }
        let changes = Arc::clone(changes);
        looking.spawn(async move { (moment, after_crash(&folder, moment, &changes).await) });
    }
    while let Some(done) = looking.join_next().await {
        sound(Some(done));
    }
    replay
}

fn sound(done: Option<Result<(usize, Found), JoinError>>) {
    if let Some(done) = done {
        let (moment, found) = done.expect("a picture was looked at");
        assert_eq!(found, Found::default(), "crash at moment {moment}");
    }
}

/// The disk as a crash now leaves it. In memory where that can be: syncing the pictures proves nothing.
fn picture(replay: &Replay, chance: &mut Chance) -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a folder");
    replay.crash(folder.path(), chance);
    folder
}

async fn after_crash(folder: &TempDir, moment: usize, changes: &[Change]) -> Found {
    let store = open(folder.path());
    let report = store
        .verify(start())
        .await
        .expect("every invariant is looked at");
    let broken = report
        .violations
        .iter()
        .map(|found| format!("{found:?}"))
        .collect();
    let lost = missing(&folder.path().join(FILE), moment, changes);
    store.close().await;
    Found { lost, broken }
}

/// What a crash lost; a file that does not even open lost everything.
fn lost(replay: &Replay, moment: usize, changes: &[Change], chance: &mut Chance) -> Vec<String> {
    let folder = picture(replay, chance);
    missing(&folder.path().join(FILE), moment, changes)
}

/// Bookings that are behind what their buyers were told before `moment`, or ahead of what anybody asked for.
fn missing(file: &Path, moment: usize, changes: &[Change]) -> Vec<String> {
    let Ok((versions, scopes)) = kept(file) else {
        return vec!["the file cannot be read".into()];
    };
    let mut promised: HashMap<OwnId, (u64, u64)> = HashMap::new();
    let mut wrong = Vec::new();
    for change in changes.iter().filter(|change| change.asked <= moment) {
        let (told, asked) = promised.entry(*change.booking.own()).or_default();
        *asked = (*asked).max(change.version);
        if change.told.is_some_and(|told| told <= moment) {
            *told = (*told).max(change.version);
            if change.scope.is_some_and(|scope| !scopes.contains(&scope)) {
                wrong.push(format!(
                    "booking {} lost its idempotency record",
                    change.booking
                ));
            }
        }
    }
    for (booking, (told, asked)) in promised {
        let version = versions.get(&booking).copied().unwrap_or(0);
        if version < told || version > asked {
            wrong.push(format!(
                "booking {booking:?} is at version {version}; told {told}, asked {asked}"
            ));
        }
    }
    wrong
}

/// A booking without its theater, as the table keeps it.
type OwnId = [u8; 22];
type Kept = (HashMap<OwnId, u64>, HashSet<[u8; 16]>);

fn kept(file: &Path) -> rusqlite::Result<Kept> {
    let conn = Connection::open(file)?;
    let versions = conn
        .prepare("SELECT booking, version FROM bookings")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
        .collect::<rusqlite::Result<_>>()?;
    let scopes = conn
        .prepare("SELECT scope FROM idempotency")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok((versions, scopes))
}
