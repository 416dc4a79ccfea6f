//! False histories, each caught; and true ones, none blamed.

use super::{
    BookingRead, FinalBooking, History, Kind, Moment, NEVER, Operation, Outcome, Snapshot, Status,
};

const SHOW: &str = "show";

fn operation(kind: Kind, booking: &str, seats: &[&str], span: (Moment, Moment)) -> Operation {
    Operation {
        kind,
        key: format!("{kind:?} {booking}"),
        show: SHOW.into(),
        booking: Some(booking.into()),
        seats: seats.iter().map(ToString::to_string).collect(),
        invoked: span.0,
        ended: span.1,
        outcome: Outcome::Done,
        taken: vec![],
        refund_minor: 0,
        answers: vec![7],
    }
}

fn hold(booking: &str, seats: &[&str], span: (Moment, Moment)) -> Operation {
    operation(Kind::Hold, booking, seats, span)
}

fn pay(booking: &str, span: (Moment, Moment)) -> Operation {
    operation(Kind::Pay, booking, &[], span)
}

fn unknown(operation: Operation) -> Operation {
    Operation {
        ended: NEVER,
        outcome: Outcome::Unknown,
        ..operation
    }
}

fn map(version: u64, span: (Moment, Moment), statuses: [Status; 2]) -> Snapshot {
    Snapshot {
        reader: "one".into(),
        show: SHOW.into(),
        invoked: span.0,
        ended: span.1,
        version,
        seats: vec![("A1".into(), statuses[0]), ("A2".into(), statuses[1])],
        behind: 0,
    }
}

fn last(booking: &str, status: &str, seats: &[&str]) -> FinalBooking {
    let paid = matches!(status, "confirmed" | "cancelled");
    let live = matches!(status, "confirmed" | "held");
    FinalBooking {
        booking: booking.into(),
        status: status.into(),
        seats: seats
            .iter()
            .filter(|_| live)
            .map(ToString::to_string)
            .collect(),
        captured_minor: if paid { 900 } else { 0 },
        refunded_minor: if status == "cancelled" { 900 } else { 0 },
        valid_tickets: if status == "confirmed" {
            seats.len()
        } else {
            0
        },
    }
}

fn cancel(booking: &str, span: (Moment, Moment)) -> Operation {
    Operation {
        refund_minor: 900,
        ..operation(Kind::Cancel, booking, &[], span)
    }
}

/// Somebody buys both seats and gives them back, then somebody else buys one; watched all the while.
fn sound() -> History {
    use Status::{Available, Held, Sold};
    History {
        operations: vec![
            hold("x", &["A1", "A2"], (10, 20)),
            pay("x", (30, 40)),
            cancel("x", (60, 70)),
            hold("y", &["A1"], (65, 90)),
            pay("y", (100, 110)),
        ],
        snapshots: vec![
            map(0, (0, 5), [Available, Available]),
            map(1, (22, 25), [Held, Held]),
            map(2, (35, 50), [Sold, Sold]),
            map(5, (120, 130), [Sold, Available]),
        ],
        reads: vec![BookingRead {
            booking: "y".into(),
            invoked: 120,
            ended: 125,
            status: Some("confirmed".into()),
            behind: 0,
        }],
        finals: vec![
            last("x", "cancelled", &["A1", "A2"]),
            last("y", "confirmed", &["A1"]),
        ],
        closed: 200,
        stored_bookings: Some(2),
        capacity: [(SHOW.to_owned(), 2)].into(),
        hold_lasts: 1_000,
    }
}

#[track_caller]
fn possible(history: &History) {
    history.check().expect_possible();
}

#[track_caller]
fn caught(what: &str, break_it: impl FnOnce(&mut History)) {
    let mut history = sound();
    break_it(&mut history);
    let findings = history.check().findings;
    assert!(
        findings.iter().any(|finding| finding.contains(what)),
        "{what:?} is not among {findings:#?}"
    );
}

#[test]
fn a_sound_history_is_possible() {
    let report = sound().check();
    report.expect_possible();
    assert_eq!(
        (report.operations, report.acknowledged, report.seats),
        (5, 5, 2)
    );
}

#[test]
fn a_double_sale_is_caught() {
    // While it was certainly sold to x.
    caught("seat A2", |history| {
        history.operations.push(hold("z", &["A2"], (45, 55)));
        history.finals.push(last("z", "released", &["A2"]));
    });
    // Both at the end.
    caught("seat A1", |history| {
        history.operations.push(hold("z", &["A1"], (100, 110)));
        history.operations.push(pay("z", (110, 120)));
        history.finals.push(last("z", "confirmed", &["A1"]));
    });
}

#[test]
fn a_seat_that_frees_itself_is_caught() {
    caught("seat A1", |history| {
        history
            .snapshots
            .push(map(2, (50, 55), [Status::Available, Status::Sold]));
    });
    // Sold seats never run out; holds do, when their time has come.
    let mut history = sound();
    history.hold_lasts = 5;
    history.operations = vec![hold("x", &["A1"], (10, 20))];
    history.reads.clear();
    history.stored_bookings = None;
    history.snapshots = vec![map(2, (50, 55), [Status::Available, Status::Available])];
    history.finals = vec![last("x", "expired", &["A1"])];
    possible(&history);
    history.hold_lasts = 100;
    assert!(!history.check().findings.is_empty());
}

#[test]
fn a_seat_map_nobody_made_is_caught() {
    caught("seat A2", |history| {
        history
            .snapshots
            .push(map(5, (140, 150), [Status::Sold, Status::Held]));
    });
    // Sold before anybody asked to pay.
    caught("seat A1", |history| {
        history
            .snapshots
            .push(map(1, (22, 28), [Status::Sold, Status::Held]));
    });
}

#[test]
fn a_late_map_is_possible_only_as_late_as_was_said() {
    let late = |behind| {
        let mut history = sound();
        let mut stale = map(2, (95, 99), [Status::Sold, Status::Sold]);
        stale.reader = "another server".into();
        stale.behind = behind;
        history.snapshots.push(stale);
        history
    };
    possible(&late(50));
    assert!(!late(10).check().findings.is_empty());
}

#[test]
fn a_seat_refused_while_it_is_free_is_caught() {
    let refused = |span| Operation {
        outcome: Outcome::Refused,
        taken: vec!["A2".into()],
        booking: None,
        ..hold("z", &["A2"], span)
    };
    caught("SeeTaken", |history| {
        history.operations.push(refused((150, 160)));
    });
    let mut history = sound();
    history.operations.push(refused((45, 50)));
    possible(&history);
}

#[test]
fn what_was_acknowledged_and_is_gone_is_caught() {
    caught("is lost", |history| {
        history.finals.pop();
    });
    caught("is undone", |history| {
        history.finals[1].status = "held".into();
    });
    caught("is undone", |history| {
        history.finals[0] = last("x", "confirmed", &["A1", "A2"]);
    });
    caught("was not there later", |history| {
        history.reads[0].status = None;
    });
    caught("was seen as held", |history| {
        history.reads[0].status = Some("held".into());
    });
    caught("the released w is held", |history| {
        let release = operation(Kind::Release, "w", &[], (140, 150));
        history.operations.push(release);
        history.finals.push(last("w", "held", &["A2"]));
    });
    caught("other seats", |history| {
        history.finals[1] = last("y", "confirmed", &["A1", "A2"]);
    });
}

#[test]
fn an_unknown_outcome_is_there_once_or_not_at_all() {
    let mut history = sound();
    let lost = |key: &str| Operation {
        booking: None,
        key: key.into(),
        answers: vec![],
        ..unknown(hold("z", &["A2"], (150, 0)))
    };
    history.operations.push(lost("z"));
    possible(&history);
    // It took effect: somebody sees it, and it is stored.
    history.stored_bookings = Some(3);
    history
        .snapshots
        .push(map(6, (160, 170), [Status::Sold, Status::Held]));
    possible(&history);
    history.stored_bookings = Some(4);
    assert!(history.check().findings[0].contains("4 bookings are stored"));
    // A lost payment may have been made, a lost cancellation too.
    let mut history = sound();
    history.operations[2] = unknown(cancel("x", (60, 0)));
    possible(&history);
    history.operations[4] = unknown(pay("y", (100, 0)));
    possible(&history);
}

#[test]
fn a_key_with_two_effects_is_caught() {
    caught("in two ways", |history| {
        history.operations[0].answers = vec![7, 8];
    });
    caught("one booking", |history| {
        let again = history.operations[0].clone();
        history.operations.push(Operation {
            key: "another".into(),
            ..again
        });
    });
    caught("bookings are stored", |history| {
        history.stored_bookings = Some(1);
    });
}

#[test]
fn money_without_a_ticket_or_a_refund_is_caught() {
    caught("0 valid tickets", |history| {
        history.finals[1].valid_tickets = 0;
    });
    caught("were to go back", |history| {
        history.finals[0].refunded_minor = 800;
    });
    caught("more went back", |history| {
        history.finals[1].refunded_minor = 901;
    });
    caught("cancelled with valid", |history| {
        history.finals[0].valid_tickets = 1;
    });
    caught("expired with", |history| {
        history.finals.push(FinalBooking {
            captured_minor: 5,
            ..last("w", "expired", &[])
        });
    });
}

#[test]
fn a_map_without_a_seat_or_with_one_twice_is_caught() {
    caught("has 1 seats", |history| {
        history.snapshots[0].seats.pop();
    });
    caught("1 different ones", |history| {
        history.snapshots[0].seats[1].0 = "A1".into();
    });
}

#[test]
fn a_version_that_goes_back_or_means_two_things_is_caught() {
    caught("after version 5", |history| {
        history
            .snapshots
            .push(map(4, (140, 150), [Status::Sold, Status::Available]));
    });
    caught("in two states", |history| {
        let mut other = map(5, (140, 150), [Status::Sold, Status::Sold]);
        other.reader = "another".into();
        history.snapshots.push(other);
    });
    // Asked for while the newer answer was still on its way.
    let mut history = sound();
    history
        .snapshots
        .push(map(4, (125, 150), [Status::Sold, Status::Available]));
    possible(&history);
}

#[test]
fn money_that_comes_late_takes_the_seat_again_when_it_is_free() {
    let mut history = sound();
    history.hold_lasts = 5;
    history.operations = vec![hold("x", &["A1"], (10, 20)), pay("x", (21, 60))];
    history.snapshots = vec![map(2, (40, 45), [Status::Available, Status::Available])];
    history.reads.clear();
    history.finals = vec![last("x", "confirmed", &["A1"])];
    history.stored_bookings = Some(1);
    possible(&history);
}

#[test]
fn a_crowd_at_one_seat_is_explained_in_time() {
    // A hundred holds and releases, each overlapping its neighbours, some lost.
    let mut history = History {
        hold_lasts: 1_000_000,
        ..History::default()
    };
    for number in 0..100_u64 {
        let booking = format!("b{number}");
        let at = number * 10;
        let taken = hold(&booking, &["A1"], (at, at + 25));
        let freed = operation(Kind::Release, &booking, &[], (at + 4, at + 29));
        history.operations.push(taken);
        history.operations.push(if number % 5 == 0 {
            unknown(freed)
        } else {
            freed
        });
        history.finals.push(last(&booking, "released", &["A1"]));
    }
    history.closed = 2_000;
    possible(&history);
}

#[test]
fn a_sale_nobody_was_told_of_may_be_given_back() {
    let sold = |told: bool| {
        let mut history = sound();
        let paid = pay("x", (30, 40));
        history.operations[1] = if told { paid } else { unknown(paid) };
        history.operations.remove(2);
        let returned = FinalBooking {
            captured_minor: 0,
            refunded_minor: 0,
            ..last("x", "cancelled", &["A1", "A2"])
        };
        history.finals[0] = returned;
        history
    };
    possible(&sold(false));
    assert!(!sold(true).check().findings.is_empty());
}
