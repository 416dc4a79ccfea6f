//! What was acknowledged is there: in every later read, and in the end, once.

use super::{FinalBooking, History, Kind, Operation, Outcome};
use std::collections::BTreeMap;

pub(super) fn check(history: &History, findings: &mut Vec<String>) {
    let finals: BTreeMap<&str, &FinalBooking> = history
        .finals
        .iter()
        .map(|last| (&*last.booking, last))
        .collect();
    if finals.len() != history.finals.len() {
        findings.push("a booking is there twice in the end".into());
    }
    once(history, findings);
    for operation in &history.operations {
        if operation.outcome == Outcome::Done {
            at_the_end(operation, &finals, findings);
            in_later_reads(history, operation, findings);
        }
    }
    for last in &history.finals {
        ticket_or_refund(last, findings);
    }
}

/// One key, one answer, one booking; and nobody's booking is nobody's.
fn once(history: &History, findings: &mut Vec<String>) {
    let mut owners = BTreeMap::new();
    let (mut certain, mut possible) = (0, 0);
    for operation in &history.operations {
        if operation
            .answers
            .iter()
            .any(|answer| *answer != operation.answers[0])
        {
            findings.push(format!("{} was answered in two ways", operation.key));
        }
        if operation.kind != Kind::Hold {
            continue;
        }
        certain += usize::from(operation.outcome == Outcome::Done);
        possible += usize::from(operation.outcome == Outcome::Unknown);
        if let Some(booking) = &operation.booking
            && let Some(other) = owners.insert(booking, &operation.key)
        {
            findings.push(format!(
                "{} and {other} were given one booking",
                operation.key
            ));
        }
    }
    let allowed = certain..=certain + possible;
    if let Some(stored) = history
        .stored_bookings
        .filter(|stored| !allowed.contains(stored))
    {
        findings.push(format!(
            "{stored} bookings are stored; {certain} were acknowledged, {possible} may have been made besides"
        ));
    }
}

/// How far a booking has come; it never goes back.
fn rank(status: &str) -> u8 {
    match status {
        "confirmed" => 2,
        "partly_cancelled" => 3,
        "cancelled" => 4,
        // A hold's own ends lead nowhere but to a payment that came late.
        _ => 1,
    }
}

fn least(kind: Kind) -> u8 {
    match kind {
        Kind::Hold | Kind::Release => 1,
        Kind::Pay => 2,
        Kind::Cancel => 4,
    }
}

fn at_the_end(
    operation: &Operation,
    finals: &BTreeMap<&str, &FinalBooking>,
    findings: &mut Vec<String>,
) {
    let (key, kind) = (&operation.key, operation.kind);
    let Some(booking) = operation.booking.as_deref() else {
        findings.push(format!("{key}: acknowledged without a booking"));
        return;
    };
    let Some(last) = finals.get(booking) else {
        findings.push(format!(
            "{key}: the acknowledged {kind:?} of {booking} is lost"
        ));
        return;
    };
    if rank(&last.status) < least(kind) {
        findings.push(format!(
            "{key}: the acknowledged {kind:?} of {booking} is undone: {} in the end",
            last.status
        ));
    }
    if kind == Kind::Hold && rank(&last.status) == 2 && last.seats.len() != operation.seats.len() {
        findings.push(format!(
            "{key}: {booking} has other seats in the end than it was given"
        ));
    }
    // One that ran out first is as free as one that was given back.
    let free = ["released", "expired"].contains(&&*last.status);
    if kind == Kind::Release && rank(&last.status) < 2 && !free {
        findings.push(format!(
            "{key}: the released {booking} is {} in the end",
            last.status
        ));
    }
    if kind == Kind::Cancel && last.refunded_minor < operation.refund_minor {
        findings.push(format!(
            "{key}: {} were to go back for {booking}, {} did",
            operation.refund_minor, last.refunded_minor
        ));
    }
}

fn in_later_reads(history: &History, operation: &Operation, findings: &mut Vec<String>) {
    let later = history.reads.iter().filter(|read| {
        operation.booking.as_deref() == Some(&*read.booking)
            && read.invoked > operation.ended.saturating_add(read.behind)
    });
    for read in later {
        match read.status.as_deref() {
            None => findings.push(format!(
                "{}: {} was not there later",
                operation.key, read.booking
            )),
            Some(status) if rank(status) < least(operation.kind) => findings.push(format!(
                "{}: {} was seen as {status} after its acknowledged {:?}",
                operation.key, read.booking, operation.kind
            )),
            Some(_) => {}
        }
    }
}

/// Whoever paid has tickets for every seat that is left, or the money back.
fn ticket_or_refund(last: &FinalBooking, findings: &mut Vec<String>) {
    let booking = &last.booking;
    if last.refunded_minor > last.captured_minor {
        findings.push(format!("{booking}: more went back than was taken"));
    }
    match &*last.status {
        "confirmed" | "partly_cancelled" => {
            if last.valid_tickets != last.seats.len() || last.captured_minor <= 0 {
                findings.push(format!(
                    "{booking}: {} with {} valid tickets for {} seats and {} taken",
                    last.status,
                    last.valid_tickets,
                    last.seats.len(),
                    last.captured_minor
                ));
            }
        }
        "cancelled" => {
            if last.valid_tickets > 0 {
                findings.push(format!("{booking}: cancelled with valid tickets"));
            }
        }
        "held" | "awaiting_payment" | "expired" | "released" => {
            if last.valid_tickets > 0 || last.captured_minor != last.refunded_minor {
                findings.push(format!(
                    "{booking}: {} with {} valid tickets, {} taken and {} given back",
                    last.status, last.valid_tickets, last.captured_minor, last.refunded_minor
                ));
            }
        }
        other => findings.push(format!("{booking}: nobody knows the status {other}")),
    }
}
