//! A disk that is slow, and one that stands still for a while: nothing is lost, nobody waits for ever, and it goes on
//! by itself.
//!
//! The database lies on a file system of its own (ext4 on a loop device) that is frozen with `fsfreeze`: whoever writes
//! or syncs waits until it is thawed, as on a disk that does not answer.

use matinee_tests::{
    Server, ServerOptions,
    crowd::{Crowd, Manners, load::Load},
    history::Recorder,
    server, small_house,
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

/// Longer than any request is let wait.
const STANDSTILL: Duration = Duration::from_secs(12);

/// A file system of its own; thawed and unmounted when dropped.
struct Disk {
    folder: tempfile::TempDir,
    place: PathBuf,
}

fn done(command: &mut Command) -> bool {
    let output = command.stdin(std::process::Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}

impl Disk {
    /// `None` where this program may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("disk.img");
        std::fs::File::create(&image)
            .unwrap()
            .set_len(64 << 20)
            .unwrap();
        let place = folder.path().join("disk");
        std::fs::create_dir(&place).unwrap();
        let made = done(Command::new("mkfs.ext4").arg("-q").arg(&image))
            && done(
                Command::new("mount")
                    .args(["-o", "loop"])
                    .arg(&image)
                    .arg(&place),
            );
        made.then_some(Self { folder, place })
    }

    fn path(&self) -> &Path {
        &self.place
    }

    fn freeze(&self) {
        assert!(done(Command::new("fsfreeze").arg("-f").arg(&self.place)));
    }

    fn thaw(&self) {
        let _ = done(Command::new("fsfreeze").arg("-u").arg(&self.place));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.thaw();
        let _ = done(Command::new("umount").arg("-l").arg(&self.place));
        // The image goes with its folder.
        let _ = self.folder.path();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_makes_people_wait_and_one_that_stands_still_is_503() {
    let Some(disk) = Disk::mount() else {
        println!("SKIPPED: no right to mount a file system here, so no disk can be slow");
        return;
    };
    // The log and the mails lie elsewhere: a server whose log cannot be written stands still as a whole.
    let folder = tempfile::tempdir().unwrap();
    let database = server::database(disk.path());
    small_house::fill(&database, folder.path(), 6).unwrap();
    let options = ServerOptions {
        database: Some(database.clone()),
        ..small_house::options()
    };
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    let manners = Manners {
        patience: Duration::from_secs(20),
        ..Manners::default()
    };
    let recorder = Arc::new(Recorder::new(Duration::from_mins(7)));
    let doors = vec![server.url().to_owned()];
    let crowd = Arc::new(Crowd::at(doors, manners, Arc::clone(&recorder)));
    let mut shows = crowd.shows("", 12).await;
    // Nobody else wants this one, and what happens to it is not recorded.
    let (show, _) = shows.pop().unwrap();
    let load = Load::begin(&crowd, shows, Duration::from_millis(60), 0);

    // Slow: every commit may meet a pause.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        disk.freeze();
        tokio::time::sleep(Duration::from_millis(350)).await;
        disk.thaw();
    }
    let slow = recorder.now();
    let summary = crowd.summary(0, slow);
    println!("slow: {summary}");
    assert!(
        summary.errors.is_empty(),
        "a slow disk is no error: {summary}"
    );

    // Standing still: a definite answer in bounded time, and what needs no disk goes on.
    disk.freeze();
    let caller = server.caller();
    let meanwhile = async {
        let body = json!({ "show_id": show, "best": 1, "guest_email": "slow@example.com" });
        let keyed = caller
            .with_key("slow")
            .with_header("guest-secret", "0123456789abcdef0123456789abcdef");
        (keyed.post("/book", body.clone()).await, keyed, body)
    };
    let reads = async {
        for _ in 0..5 {
            caller.get("//healthz").await.expect(200);
            caller
                .get(&format!("/shows/{show}/seats"))
                .await
                .expect(200);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let stands = async {
        tokio::time::sleep(STANDSTILL).await;
        disk.thaw();
    };
    let ((refused, keyed, body), (), ()) = tokio::join!(meanwhile, reads, stands);
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    refused.expect_problem(503, "unavailable");
    // The same request finds its outcome: it was carried out when the disk went on, or is now.
    keyed.post("/book", body).await.expect(201);

    tokio::time::sleep(Duration::from_secs(1)).await;
    let over = recorder.now();
    load.end().await;
    let summary = crowd.summary(slow, over);
    println!("standing still: {summary}");
    assert!(summary.errors.contains_key("503"), "{summary}");
    assert_eq!(
        crowd.settle(true).await,
        0,
        "every request finds its answer"
    );
    crowd.repeat().await;
    let report = crowd.close(None).await.check();
    println!("{report}");
    report.expect_possible();
    assert!(server.stop().unwrap().success());
    let (status, said) = server::run_on(&database, &["verify"]).unwrap();
    assert!(status.success(), "{said}");
}
