//! A disk with no room left: a clear answer, and nothing acknowledged is lost.

use matinee_tests::{Server, ServerOptions, server};
use serde_json::json;
use std::{io::Write, path::Path, process::Command};

/// A small file system of its own; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this program may not mount.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        done.then_some(Self(folder))
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
    /// Takes all the room there is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        let block = vec![0_u8; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        while file.write_all(&block[..512]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_a_clear_503_and_nothing_acknowledged_is_lost() {
    let Some(disk) = SmallDisk::mount(48) else {
        println!("SKIPPED: no right to mount a tmpfs here, so the disk cannot be filled");
        return;
    };
    let filled = server::demo_folder(true).unwrap();
    std::fs::copy(
        filled.path().join("matinee.db"),
        disk.path().join("matinee.db"),
    )
    .unwrap();
    let mut server = Server::start_in(disk.path(), &ServerOptions::default()).unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let show = show["show_id"].as_str().unwrap().to_owned();
    let mut acknowledged = vec![caller.buy(&show, 2).await.0];
    disk.fill();
    let mut refused = None;
    for number in 0..200 {
        let body = json!({ "show_id": show, "best": 1, "guest_email": "full@example.com" });
        let answer = caller
            .with_header("guest-secret", &format!("{number:032}"))
            .with_key("k")
            .post("/book", body)
            .await;
        match answer.status {
            // The log still had room.
            201 => acknowledged.push(answer.json()),
            409 => break,
            _ => {
                refused = Some(answer);
                break;
            }
        }
    }
    let refused = refused.expect("a full disk is noticed");
    let refused = refused.expect_problem(503, "unavailable");
    assert!(!refused.header("retry-after").is_empty());
    caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200);
    std::fs::remove_file(disk.path().join("filler")).unwrap();
    // With room again it goes on by itself.
    let begun = std::time::Instant::now();
    loop {
        let answer = caller
            .post(
                "/book",
                json!({ "show_id": show, "best": 1, "guest_email": "later@example.com" }),
            )
            .await;
        if answer.status == 201 {
            acknowledged.push(answer.json());
            break;
        }
        assert!(
            begun.elapsed().as_secs() < 20,
            "{}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.bytes)
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    server.kill().unwrap();
    let (status, report) = server::run(disk.path(), &["verify"]).unwrap();
    assert!(status.success(), "{report}");
    let conn = rusqlite::Connection::open(disk.path().join("matinee.db")).unwrap();
    for booking in &acknowledged {
        let reference = booking["reference"].as_str().unwrap();
        let kept: i64 = conn
            .query_row("SELECT count(*) FROM bookings WHERE replace(reference, '-', '') = replace(?1, '-', '')", [reference], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 1, "{reference} was acknowledged");
    }
    println!(
        "{} bookings acknowledged round a full disk, all kept",
        acknowledged.len()
    );
}

#[tokio::test]
async fn a_start_on_a_full_disk_ends_with_a_clear_message() {
    let Some(disk) = SmallDisk::mount(1) else {
        println!("SKIPPED: no right to mount a tmpfs here, so the disk cannot be filled");
        return;
    };
    disk.fill();
    let (status, words) = {
        let output = Command::new(server::program())
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database",
                &server::database(disk.path()),
            ])
            .output()
            .unwrap();
        (
            output.status,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(status.code(), Some(1), "{words}");
    assert!(
        !words.contains("panicked") && !words.trim().is_empty(),
        "{words}"
    );
    println!("a full disk at the start: {}", words.trim());
}
