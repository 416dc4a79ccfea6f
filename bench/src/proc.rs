//! What the kernel says about a process: CPU time and memory (Linux).

use crate::failure::Failure;
use std::{collections::HashMap, time::Duration};

/// `USER_HZ`: what /proc counts in, on every architecture Linux still ships.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of all threads so far.
pub fn cpu(pid: u32) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    cpu_ticks(&stat)
        .map(|ticks| TICK * ticks)
        .ok_or_else(|| Failure::Server(format!("/proc/{pid}/stat cannot be read: {stat}")))
}

/// CPU time of all threads since an earlier [`cpu`].
pub fn cpu_since(pid: u32, before: Duration) -> Result<Duration, Failure> {
    Ok(cpu(pid)?.saturating_sub(before))
}

/// A share of it in microseconds.
pub fn us_each(time: Duration, done: u64) -> f64 {
    time.as_secs_f64() * 1e6 / done.max(1) as f64
}

/// CPU time of a process and of everything it started, also of what has ended since: a parent inherits the time of a
/// child it has waited for.
pub fn tree_cpu(root: u32) -> Result<Duration, Failure> {
    let mut family: HashMap<u32, (u32, u32)> = HashMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may have ended between the two calls.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if let Some(kin) = parent_and_ticks(&stat) {
            family.insert(pid, kin);
        }
    }
    let belongs = |mut pid: u32| {
        for _ in 0..16 {
            if pid == root {
                return true;
            }
            match family.get(&pid) {
                Some((parent, _)) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    let ticks = family
        .iter()
        .filter(|(pid, _)| belongs(**pid))
        .map(|(_, (_, ticks))| *ticks);
    Ok(TICK * ticks.sum::<u32>())
}

/// The parent; and utime + stime + cutime + cstime, the 14th to 17th field.
fn parent_and_ticks(stat: &str) -> Option<(u32, u32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let ticks = fields.skip(9).take(4).map(str::parse::<u32>);
    Some((parent, ticks.sum::<Result<u32, _>>().ok()?))
}

/// utime + stime, the 14th and 15th field. The second may contain anything in its parentheses.
fn cpu_ticks(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Memory of a process in MiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub rss: f64,
    pub pss: f64,
    pub peak: f64,
}

pub fn memory(pid: u32) -> Result<Memory, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let read = |text: &str, name: &str| {
        mib(text, name).ok_or_else(|| Failure::Server(format!("no {name} of process {pid}")))
    };
    Ok(Memory {
        rss: read(&status, "VmRSS:")?,
        pss: read(&rollup, "Pss:")?,
        peak: read(&status, "VmHWM:")?,
    })
}

fn mib(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("nonsense"), None);
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 7 3 20 0 9";
        assert_eq!(parent_and_ticks(stat), Some((1, 310)));
    }

    #[test]
    fn memory_is_read_in_mebibytes() {
        let status = "Name:\tx\nVmHWM:\t  4096 kB\nVmRSS:\t  2048 kB\n";
        assert_eq!(mib(status, "VmRSS:"), Some(2.0));
        assert_eq!(mib(status, "Pss:"), None);
    }
}
