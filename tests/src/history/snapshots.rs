//! Seat maps by themselves: all seats are there once, versions only grow, and a version is one state.

use super::{History, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(history: &History, findings: &mut Vec<String>) {
    for snapshot in &history.snapshots {
        whole(history, snapshot, findings);
    }
    monotone(history, findings);
    one_state_per_version(history, findings);
}

/// free + held + sold + blocked = capacity: every seat has one status, and none is missing.
fn whole(history: &History, snapshot: &Snapshot, findings: &mut Vec<String>) {
    let different: BTreeSet<&String> = snapshot.seats.iter().map(|(seat, _)| seat).collect();
    let capacity = history.capacity.get(&snapshot.show).copied();
    let counted = snapshot.seats.len();
    if different.len() != counted || capacity.is_some_and(|capacity| capacity != counted) {
        findings.push(format!(
            "version {} of show {} has {counted} seats, {} different ones, of {capacity:?}",
            snapshot.version,
            snapshot.show,
            different.len()
        ));
    }
}

/// Whoever asks the same server again, after the answer, is told nothing older.
fn monotone(history: &History, findings: &mut Vec<String>) {
    let mut readers: BTreeMap<(&str, &str), Vec<&Snapshot>> = BTreeMap::new();
    for snapshot in &history.snapshots {
        let reader = (&*snapshot.reader, &*snapshot.show);
        readers.entry(reader).or_default().push(snapshot);
    }
    for ((reader, show), mut seen) in readers {
        seen.sort_by_key(|snapshot| snapshot.invoked);
        // The highest version whose answer was there when the next was asked for.
        let mut by_end = seen.clone();
        by_end.sort_by_key(|snapshot| snapshot.ended);
        let (mut ended, mut highest) = (0, 0);
        for snapshot in seen {
            while let Some(before) = by_end.get(ended).filter(|s| s.ended < snapshot.invoked) {
                highest = highest.max(before.version);
                ended += 1;
            }
            if snapshot.version < highest {
                findings.push(format!(
                    "{reader} was told version {} of show {show} after version {highest}",
                    snapshot.version
                ));
            }
        }
    }
}

fn one_state_per_version(history: &History, findings: &mut Vec<String>) {
    let mut states: BTreeMap<(&str, u64), BTreeMap<&str, super::Status>> = BTreeMap::new();
    for snapshot in &history.snapshots {
        let seats = snapshot
            .seats
            .iter()
            .map(|(seat, status)| (&**seat, *status));
        let seats: BTreeMap<_, _> = seats.collect();
        let state = states.entry((&snapshot.show, snapshot.version));
        let known = state.or_insert_with(|| seats.clone());
        if *known != seats {
            let other = seats
                .iter()
                .find(|(seat, status)| known.get(*seat) != Some(status));
            findings.push(format!(
                "version {} of show {} was shown in two states: {other:?}",
                snapshot.version, snapshot.show
            ));
        }
    }
}
