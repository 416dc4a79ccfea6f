//! How long the disk takes to make a small write durable: the floor under every commit.

use crate::{failure::Failure, stats};
use std::{fs::OpenOptions, io::Write, path::Path, time::Instant};

const WRITES: usize = 200;

/// Median of appending 4 KiB and syncing it, in microseconds.
pub fn fsync_p50_us(folder: &Path) -> Result<f64, Failure> {
    let path = folder.join("fsync");
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)?;
    let page = [7_u8; 4096];
    let mut took = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let began = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    std::fs::remove_file(&path)?;
    Ok(stats::median(&took))
}
