//! Scans at doors: a ticket lets in once, whoever asks in whatever order.

use super::{Engine, House, first_show, later, record, refund, seat_numbers, second_show, step};
use crate::{
    bookings::{BookingFile, SeatsEffect, Step, StepOutcome, TicketState},
    conformance::{
        fixtures::{bytes, start, theater_id},
        staff::entry,
    },
    door::{
        KeepOutcome, KeepScans, MergeScans, Merged, NewScan, OfflineScan, ScannedTicket,
        UndoOutcome, UndoScan,
    },
    idempotency::Lookup,
    staff::AuditEntry,
};
use chrono::TimeDelta;
use matinee_domain::{
    booking::BookingState,
    door::{Entry, ScanVerdict, in_order},
    ids::{ScanId, TicketId, UserId},
    seat_map::SeatNo,
};
use std::collections::BTreeMap;

fn scan_id(number: u32) -> ScanId {
    ScanId::from_bytes(bytes(40, number))
}

/// The ticket of the booking's seat at this place.
pub(super) fn ticket(file: &BookingFile, at: usize) -> ScannedTicket {
    let ticket = &file.tickets[at];
    ScannedTicket {
        ticket_id: ticket.ticket_id,
        show_id: file.booking.show_id,
        booking_id: ticket.booking_id,
        seat: ticket.seat,
        revision: ticket.revision,
    }
}

fn scan(number: u32, ticket: ScannedTicket, verdict: ScanVerdict) -> NewScan {
    NewScan {
        scan_id: scan_id(number),
        ticket: Some(ticket),
        door: format!("door {}", number % 2),
        verdict,
        scanned_at: later(i64::from(number)),
    }
}

fn keep(scans: Vec<NewScan>) -> KeepScans {
    KeepScans {
        theater_id: theater_id(1),
        scans,
        actor: UserId::from_bytes(bytes(9, 1)),
        now: start(),
        idempotency: None,
    }
}

impl House {
    pub(super) async fn let_in(&self, number: u32, ticket: ScannedTicket) -> KeepOutcome {
        let scans = vec![scan(number, ticket, ScanVerdict::Admitted)];
        self.store.keep_scans(keep(scans)).await.unwrap()
    }
    pub(super) async fn undo(&self, number: u32, scan: u32, not_before: i64) -> UndoOutcome {
        let undo = UndoScan {
            scan_id: scan_id(scan),
            not_before: later(not_before),
            audit: entry(number),
        };
        self.store.undo_scan(undo).await.unwrap()
    }
    async fn state(&self, file: &BookingFile, at: usize) -> TicketState {
        self.file(file.booking.booking_id).await.tickets[at].state
    }
    async fn is_in(&self, file: &BookingFile) -> Vec<(TicketId, ScanId)> {
        let entries = self.store.entries_of(file.booking.booking_id).await;
        let who = |(ticket, entry): (TicketId, Entry)| (ticket, entry.scan_id);
        let mut entries: Vec<_> = entries.unwrap().into_iter().map(who).collect();
        entries.sort_unstable();
        entries
    }
    async fn merge(&self, number: u32, scans: Vec<OfflineScan>) -> Merged {
        let merge = MergeScans {
            scans,
            audit: entry(number),
        };
        self.store.merge_scans(merge).await.unwrap()
    }
}

/// Cancels the booking's seat at this place.
fn cancel(file: &BookingFile, number: u32, at: usize) -> Step {
    let (paid, back) = refund(file, number, 1500);
    let left = file.tickets.len() - 1;
    let to = if left == 0 {
        BookingState::Cancelled
    } else {
        BookingState::PartlyCancelled
    };
    Step {
        payments: vec![paid],
        refunds: vec![back],
        cancel_seats: vec![file.tickets[at].seat],
        ..step(&file.booking, to, SeatsEffect::Keep)
    }
}

/// The first scan lets in, the next one does not, and both are kept.
pub async fn a_ticket_lets_in_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    let (one, two) = (ticket(&file, 0), ticket(&file, 1));
    let found = house.store.booking_of_ticket(one.ticket_id, first_show());
    assert_eq!(found.await.unwrap(), Some(one.booking_id));
    let elsewhere = house.store.booking_of_ticket(one.ticket_id, second_show());
    assert_eq!(elsewhere.await.unwrap(), None);
    assert_eq!(house.let_in(1, one).await, KeepOutcome::Done);
    assert_eq!(house.state(&file, 0).await, TicketState::Redeemed);
    assert_eq!(house.let_in(2, one).await, KeepOutcome::Moved);
    let again = keep(vec![scan(3, one, ScanVerdict::Already)]);
    let kept = house.store.keep_scans(again).await.unwrap();
    assert_eq!(kept, KeepOutcome::Done);
    assert_eq!(house.is_in(&file).await, [(one.ticket_id, scan_id(1))]);
    let forged = NewScan {
        ticket: None,
        ..scan(4, one, ScanVerdict::Forged)
    };
    let kept = house.store.keep_scans(keep(vec![forged])).await.unwrap();
    assert_eq!(kept, KeepOutcome::Done);
    let older = ScannedTicket { revision: 2, ..two };
    assert_eq!(house.let_in(5, older).await, KeepOutcome::Moved);
    let listed = house.store.tickets_of_show(first_show()).await.unwrap();
    let seats: Vec<_> = listed
        .iter()
        .map(|listed| (listed.ticket.seat, listed.entry.as_ref().map(|e| e.scan_id)))
        .collect();
    assert_eq!(seats, [(SeatNo(1), Some(scan_id(1))), (SeatNo(2), None)]);
    assert_eq!(listed[0].reference, file.booking.reference);
    let counts = house.store.at_the_door(first_show()).await.unwrap();
    assert_eq!((counts.tickets, counts.admitted, counts.told), (2, 1, 2));
    house.is_sound().await;
}

/// Several people come in together or not at all.
pub async fn people_of_a_booking_come_in_together(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2, 3]).await;
    assert_eq!(house.let_in(1, ticket(&file, 1)).await, KeepOutcome::Done);
    let all = |first: u32| {
        let scan = |at: u32| {
            scan(
                first + at,
                ticket(&file, at as usize),
                ScanVerdict::Admitted,
            )
        };
        keep((0..3).map(scan).collect())
    };
    let moved = house.store.keep_scans(all(10)).await.unwrap();
    assert_eq!(moved, KeepOutcome::Moved);
    assert_eq!(house.state(&file, 0).await, TicketState::Valid);
    house.undo(1, 1, 0).await;
    let kept = house.store.keep_scans(all(20)).await.unwrap();
    assert_eq!(kept, KeepOutcome::Done);
    assert_eq!(house.is_in(&file).await.len(), 3);
    house.is_sound().await;
}

/// One key lets in once, and hears the first answer again.
pub async fn a_scan_is_kept_once_by_its_key(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1]).await;
    let with = |number, answer: &str| KeepScans {
        idempotency: Some(record(7, 1, answer)),
        ..keep(vec![scan(number, ticket(&file, 0), ScanVerdict::Admitted)])
    };
    let kept = house.store.keep_scans(with(1, "in")).await.unwrap();
    assert_eq!(kept, KeepOutcome::Done);
    let again = house.store.keep_scans(with(2, "in, again")).await.unwrap();
    let first = record(7, 1, "in").answer;
    assert_eq!(again, KeepOutcome::Repeated(Lookup::Replay(first)));
    // What was not let in keeps no answer.
    let moved = KeepScans {
        idempotency: Some(record(8, 1, "in")),
        ..with(3, "in")
    };
    let outcome = house.store.keep_scans(moved).await.unwrap();
    assert_eq!(outcome, KeepOutcome::Moved);
    let lookup = house.store.lookup(record(8, 1, "").key).await.unwrap();
    assert_eq!(lookup, Lookup::New);
    house.is_sound().await;
}

/// However many doors scan a ticket at once, one lets in.
pub async fn of_many_doors_one_lets_in(engine: &impl Engine) {
    let house = House::open(engine).await;
    for round in 0..8_u16 {
        let file = house.paid(u32::from(round) + 1, &[round]).await;
        let first = u32::from(round) * 10;
        let doors = (0..6).map(|door| house.let_in(first + door, ticket(&file, 0)));
        let outcomes: Vec<_> = futures(doors).await;
        let done = outcomes
            .iter()
            .filter(|outcome| **outcome == KeepOutcome::Done);
        assert_eq!(done.count(), 1, "{outcomes:?}");
        assert_eq!(house.is_in(&file).await.len(), 1);
    }
    house.is_sound().await;
}

/// Waits for all of them at once.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut open = false;
        for (one, done) in &mut waiting {
            if done.is_none() {
                match one.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

/// A ticket is used or given back, never both, also when both are asked at the same moment.
pub async fn letting_in_and_giving_back_exclude_each_other(engine: &impl Engine) {
    let house = House::open(engine).await;
    let used = house.paid(100, &[38]).await;
    assert_eq!(house.let_in(900, ticket(&used, 0)).await, KeepOutcome::Done);
    let outcome = house.store.step(cancel(&used, 100, 0)).await.unwrap();
    assert_eq!(outcome, StepOutcome::Stale);
    let back = house.paid(101, &[39]).await;
    house.done(cancel(&back, 101, 0)).await;
    assert_eq!(
        house.let_in(901, ticket(&back, 0)).await,
        KeepOutcome::Moved
    );
    let mut let_in = 0;
    for number in 1..=30_u16 {
        let file = house.paid(u32::from(number), &[number]).await;
        let scan = house.let_in(u32::from(number), ticket(&file, 0));
        let step = house.store.step(cancel(&file, u32::from(number), 0));
        // Neither is favoured.
        let (scanned, stepped) = if number % 2 == 0 {
            tokio::join!(scan, step)
        } else {
            let (stepped, scanned) = tokio::join!(step, scan);
            (scanned, stepped)
        };
        let (scanned, stepped) = (scanned, stepped.unwrap());
        let is_in = scanned == KeepOutcome::Done;
        let given_back = matches!(stepped, StepOutcome::Done { .. });
        assert!(is_in != given_back, "{scanned:?} and {stepped:?}");
        let state = house.state(&file, 0).await;
        assert_eq!(state == TicketState::Redeemed, is_in);
        let_in += usize::from(is_in);
    }
    assert_eq!(
        house
            .store
            .at_the_door(first_show())
            .await
            .unwrap()
            .admitted as usize,
        let_in + 1
    );
    house.is_sound().await;
}

/// What was done by mistake is undone in time; then the ticket lets in again.
pub async fn an_entry_is_undone_in_time(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1]).await;
    let one = ticket(&file, 0);
    house.let_in(1, one).await;
    assert_eq!(house.undo(1, 2, 0).await, UndoOutcome::Missing);
    // It was told at the start of the story.
    assert_eq!(house.undo(1, 1, 1).await, UndoOutcome::TooLate);
    let undone = UndoOutcome::Done {
        ticket_id: one.ticket_id,
        entry: None,
    };
    assert_eq!(house.undo(1, 1, 0).await, undone);
    assert_eq!(house.state(&file, 0).await, TicketState::Valid);
    assert_eq!(house.let_in(2, one).await, KeepOutcome::Done);
    // Undoing what is undone does not undo the next.
    let UndoOutcome::Done { entry, .. } = house.undo(2, 1, 1).await else {
        panic!("it is undone");
    };
    assert_eq!(entry.map(|entry| entry.scan_id), Some(scan_id(2)));
    assert_eq!(house.state(&file, 0).await, TicketState::Redeemed);
    let noted = house.store.audit_of(theater_id(1), None, 100).await;
    assert_eq!(noted.unwrap().len(), 1);
    let counts = house.store.at_the_door(first_show()).await.unwrap();
    assert_eq!((counts.admitted, counts.told), (1, 3));
    // What is undone may be given back.
    house.undo(3, 2, 0).await;
    house.done(cancel(&file, 1, 0)).await;
    house.is_sound().await;
}

fn offline(number: u32, file: &BookingFile, at: usize, minute: i64) -> OfflineScan {
    OfflineScan {
        scan_id: scan_id(number),
        ticket_id: file.tickets[at].ticket_id,
        show_id: file.booking.show_id,
        door: format!("door {number}"),
        scanned_at: later(minute),
        verdict: ScanVerdict::Admitted,
    }
}

/// Numbers that look like chance and are the same in every run.
fn chance(seed: &mut u64, below: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*seed >> 33) as usize % below
}

/// In whatever order and parts scans are told, and however often: the same one of each ticket counts, and the same are
/// doubles.
pub async fn the_order_of_telling_does_not_matter(engine: &impl Engine) {
    const SEATS: usize = 3;
    const SCANS: u32 = 12;
    let house = House::open(engine).await;
    let mut seen: Vec<BTreeMap<usize, Vec<u32>>> = Vec::new();
    for round in 0..10_u32 {
        let first = round as u16 * SEATS as u16;
        let seats: Vec<u16> = (first..first + SEATS as u16).collect();
        let file = house.paid(round + 1, &seats).await;
        let id = |number: u32| round * 100 + number;
        // Always the same scans: some at one time, which then their ids decide.
        let mut told: Vec<(u32, OfflineScan)> = (0..SCANS)
            .map(|number| {
                let at = number as usize * 7 % SEATS;
                let minute = i64::from(number * 5 % 4);
                (number, offline(id(number), &file, at, minute))
            })
            .collect();
        let mut expected: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for (_, scan) in &told {
            let at = file
                .tickets
                .iter()
                .position(|t| t.ticket_id == scan.ticket_id);
            expected.entry(at.unwrap()).or_default().push(Entry {
                scan_id: scan.scan_id,
                scanned_at: scan.scanned_at,
                door: scan.door.clone(),
            });
        }
        for entries in expected.values_mut() {
            in_order(entries);
        }
        let mut seed = u64::from(round) * 977 + 5;
        for at in (1..told.len()).rev() {
            told.swap(at, chance(&mut seed, at + 1));
        }
        let mut at = 0;
        let mut last = Merged::default();
        while at < told.len() {
            let to = (at + 1 + chance(&mut seed, 5)).min(told.len());
            // Some of what was told is told again.
            let from = at - chance(&mut seed, at + 1);
            let part = told[from..to].iter().map(|(_, scan)| scan.clone());
            let merged = house.merge(round * 100 + at as u32, part.collect()).await;
            assert_eq!(merged.taken as usize, to - at);
            at = to;
            last = merged;
        }
        assert_eq!(last.wrong, []);
        let all = told.iter().map(|(_, scan)| scan.clone()).collect();
        let merged = house.merge(round * 100 + 99, all).await;
        assert_eq!(merged.taken, 0);
        let found: BTreeMap<usize, Vec<Entry>> = merged
            .entries
            .into_iter()
            .map(|(ticket, show, entries)| {
                assert_eq!(show, first_show());
                let at = file.tickets.iter().position(|t| t.ticket_id == ticket);
                (at.unwrap(), entries)
            })
            .collect();
        assert_eq!(found, expected, "round {round}");
        let counts: Vec<_> = found
            .iter()
            .map(|(at, entries)| (file.tickets[*at].ticket_id, entries[0].scan_id))
            .collect();
        let mut counts = counts;
        counts.sort_unstable();
        assert_eq!(house.is_in(&file).await, counts);
        let numbers = |entries: &Vec<Entry>| {
            let number =
                |entry: &Entry| (0..SCANS).find(|number| scan_id(id(*number)) == entry.scan_id);
            entries.iter().filter_map(number).collect()
        };
        seen.push(
            found
                .iter()
                .map(|(at, entries)| (*at, numbers(entries)))
                .collect(),
        );
    }
    assert!(seen.iter().all(|round| *round == seen[0]), "{seen:?}");
    house.is_sound().await;
}

/// An offline scan that was earlier takes the place of the one that was told first.
pub async fn an_earlier_scan_counts_although_told_later(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1]).await;
    // At minute 5, told at once.
    assert_eq!(house.let_in(5, ticket(&file, 0)).await, KeepOutcome::Done);
    let merged = house.merge(1, vec![offline(3, &file, 0, 3)]).await;
    let who = |merged: &Merged| -> Vec<ScanId> {
        merged.entries[0]
            .2
            .iter()
            .map(|entry| entry.scan_id)
            .collect()
    };
    assert_eq!(who(&merged), [scan_id(3), scan_id(5)]);
    assert_eq!(house.is_in(&file).await[0].1, scan_id(3));
    let merged = house.merge(2, vec![offline(8, &file, 0, 8)]).await;
    assert_eq!(who(&merged), [scan_id(3), scan_id(5), scan_id(8)]);
    // The one that counts is undone: the next is in.
    let UndoOutcome::Done { entry, .. } = house.undo(3, 3, 0).await else {
        panic!("it is undone");
    };
    assert_eq!(entry.map(|entry| entry.scan_id), Some(scan_id(5)));
    assert_eq!(house.is_in(&file).await[0].1, scan_id(5));
    // Of two within a second the earlier counts all the same: a millisecond is enough.
    let millis = |number: u32, millis: i64| OfflineScan {
        scanned_at: later(1) + TimeDelta::milliseconds(millis),
        ..offline(number, &file, 0, 1)
    };
    house.merge(5, vec![millis(9, 501)]).await;
    let merged = house.merge(6, vec![millis(10, 500)]).await;
    assert_eq!(who(&merged)[..2], [scan_id(10), scan_id(9)]);
    let times: Vec<_> = merged.entries[0]
        .2
        .iter()
        .map(|entry| entry.scanned_at)
        .collect();
    assert_eq!(times[1] - times[0], TimeDelta::milliseconds(1));
    for number in [9, 10] {
        house.undo(10 + number, number, 0).await;
    }
    // What is told again stays undone.
    let merged = house.merge(4, vec![offline(3, &file, 0, 3)]).await;
    assert_eq!(who(&merged), [scan_id(5), scan_id(8)]);
    house.is_sound().await;
}

/// Whoever was let in with a ticket that was given back, or that is not there, is told of; nothing becomes valid by it.
pub async fn wrong_entries_are_told(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    house.done(cancel(&file, 1, 0)).await;
    let nobody = TicketId::from_parts(theater_id(1), [77; 16]);
    let unknown = OfflineScan {
        ticket_id: nobody,
        ..offline(2, &file, 0, 1)
    };
    let turned_away = OfflineScan {
        verdict: ScanVerdict::TooEarly,
        ..offline(3, &file, 1, 1)
    };
    let scans = vec![offline(1, &file, 0, 1), unknown, turned_away];
    for taken in [3, 0] {
        let merged = house.merge(1 + taken, scans.clone()).await;
        assert_eq!(merged.taken, taken);
        assert_eq!(merged.entries, []);
        let wrong = [
            (scan_id(1), ScanVerdict::Cancelled),
            (scan_id(2), ScanVerdict::Unknown),
        ];
        assert_eq!(merged.wrong, wrong);
    }
    let states = (house.state(&file, 0).await, house.state(&file, 1).await);
    assert_eq!(states, (TicketState::Void, TicketState::Valid));
    let noted: Vec<AuditEntry> = (house
        .store
        .audit_of(theater_id(1), None, 100)
        .await
        .unwrap())
    .into_iter()
    .map(|(entry, _)| entry)
    .collect();
    assert_eq!(noted.len(), 1, "what took nothing is not noted");
    assert_eq!(seat_numbers(&[1, 2]).len(), file.tickets.len());
    house.is_sound().await;
}
