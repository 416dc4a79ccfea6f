//! One seat is one register: is there an order of what was done to it, each thing at one instant between its request
//! and its answer, in which every answer and every seat map is true?
//!
//! Depth first over the orders, in the way of Wing and Gong, with states that were reached before left out. A read that
//! fits the present state is placed at once: that never closes a way. What a lost request asked for may be placed at
//! any later time, or not at all; so may the end of a hold that has run out.

use super::{History, Kind, Moment, NEVER, Operation, Outcome, Status};
use std::collections::{BTreeMap, HashSet};

/// States looked at before a seat is given up as too tangled, which is a finding too: nothing was proved.
const MOST: usize = 200_000;

/// Bookings are named by the index of their hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Hold(usize),
    Sell(usize),
    Free(usize),
    /// The hold ran out.
    Expire(usize),
    /// A map showed this.
    See(Status),
    /// A refused hold was told that the seat is not free.
    SeeTaken,
    /// In the end this booking had the seat.
    SeeOwner(usize, Status),
}

#[derive(Debug, Clone, Copy)]
struct Event {
    step: Step,
    from: Moment,
    to: Moment,
    /// It took effect for certain.
    must: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Register {
    Free,
    Held(usize),
    Sold(usize),
    Blocked,
}

/// Explains every seat; how many there were.
pub(super) fn check(history: &History, findings: &mut Vec<String>) -> usize {
    let mut seats = events(history);
    for ((show, seat), events) in &mut seats {
        events.sort_by_key(|event| (event.from, event.to));
        if let Err(stuck) = explain(events) {
            let owners = owners(history, events);
            findings.push(format!("seat {seat} of show {show}: {stuck}; {owners}"));
        }
    }
    seats.len()
}

/// Everybody who asked for the seat, by the number of the hold, with what became of it.
fn owners(history: &History, events: &[Event]) -> String {
    let mut all = Vec::new();
    for event in events {
        let Step::Hold(number) = event.step else {
            continue;
        };
        let hold = &history.operations[number];
        let same = |other: &&Operation| hold.booking.is_some() && other.booking == hold.booking;
        let asked: Vec<_> = history.operations.iter().filter(same).collect();
        let asked: Vec<String> = asked
            .iter()
            .map(|o| format!("{} {:?} {}–{}", o.key, o.outcome, o.invoked, o.ended))
            .collect();
        let last = |last: &&super::FinalBooking| Some(&last.booking) == hold.booking.as_ref();
        let last = history.finals.iter().find(last);
        let last = last.map_or("not read", |last| &*last.status);
        all.push(format!("{number}: {}, {last} in the end", asked.join(", ")));
    }
    all.join("; ")
}

type Events<'h> = BTreeMap<(&'h str, &'h str), Vec<Event>>;

fn events(history: &History) -> Events<'_> {
    let holds = history.holds();
    let mut seats = Events::new();
    for (index, operation) in history.operations.iter().enumerate() {
        let begun = operation.booking.as_deref().and_then(|id| holds.get(id));
        for (seat, event) in of_operation(history, index, operation, begun.copied()) {
            seats
                .entry((&operation.show, seat))
                .or_default()
                .push(event);
        }
    }
    for snapshot in &history.snapshots {
        for (seat, status) in &snapshot.seats {
            let see = Event {
                step: Step::See(*status),
                from: snapshot.invoked.saturating_sub(snapshot.behind),
                to: snapshot.ended,
                must: true,
            };
            seats.entry((&snapshot.show, seat)).or_default().push(see);
        }
    }
    for last in &history.finals {
        let Some(hold) = holds.get(&*last.booking) else {
            continue;
        };
        let status = match &*last.status {
            "held" | "awaiting_payment" => Status::Held,
            "confirmed" | "partly_cancelled" => Status::Sold,
            _ => continue,
        };
        for seat in &last.seats {
            let see = Event {
                step: Step::SeeOwner(*hold, status),
                from: history.closed,
                to: NEVER - 1,
                must: true,
            };
            let show = &*history.operations[*hold].show;
            seats.entry((show, seat)).or_default().push(see);
        }
    }
    seats
}

fn of_operation<'h>(
    history: &'h History,
    index: usize,
    operation: &'h Operation,
    begun: Option<usize>,
) -> Vec<(&'h str, Event)> {
    let event = |step| Event {
        step,
        from: operation.invoked,
        to: operation.ended,
        must: operation.outcome == Outcome::Done,
    };
    let on = |seats: &'h [String], event: Event| {
        let each = seats.iter().map(move |seat| (seat.as_str(), event));
        each.collect::<Vec<_>>()
    };
    if operation.outcome == Outcome::Refused {
        let see = Event {
            must: true,
            ..event(Step::SeeTaken)
        };
        return on(&operation.taken, see);
    }
    if operation.kind == Kind::Hold {
        let mut all = on(&operation.seats, event(Step::Hold(index)));
        let expire = Event {
            step: Step::Expire(index),
            from: operation.invoked.saturating_add(history.hold_lasts),
            to: NEVER,
            must: false,
        };
        all.extend(on(&operation.seats, expire));
        return all;
    }
    let Some(begun) = begun else {
        return Vec::new();
    };
    let step = match operation.kind {
        Kind::Pay => Step::Sell(begun),
        _ => Step::Free(begun),
    };
    let seats = &history.operations[begun].seats;
    let mut all = on(seats, event(step));
    // A sale nobody was told of is given back when its money could not be taken after all.
    let over = |last: &&super::FinalBooking| {
        Some(&last.booking) == operation.booking.as_ref()
            && ["cancelled", "expired"].contains(&&*last.status)
    };
    let unknown = operation.kind == Kind::Pay && operation.outcome == Outcome::Unknown;
    if unknown && history.finals.iter().any(|last| over(&last)) {
        all.extend(on(seats, event(Step::Free(begun))));
    }
    all
}

/// Says what could not be placed.
fn explain(events: &[Event]) -> Result<(), String> {
    let blocked = events.iter().any(|e| e.step == Step::See(Status::Blocked));
    let start = if blocked {
        Register::Blocked
    } else {
        Register::Free
    };
    let mut search = Search {
        events,
        reached: HashSet::new(),
        furthest: (0, None, start),
    };
    match search.from(vec![false; events.len()], start) {
        Some(true) => Ok(()),
        Some(false) => {
            let (placed, stuck, register) = search.furthest;
            let stuck = stuck.map(|index| events[index]);
            let near = |event: &&Event| {
                stuck.is_some_and(|stuck| event.from <= stuck.to && event.to >= stuck.from)
                    && !matches!(event.step, Step::See(_))
            };
            let around: Vec<&Event> = events.iter().filter(near).take(12).collect();
            Err(format!(
                "after {placed} of {} events it is {register:?} and {stuck:?} cannot be; around it: {around:?}",
                events.len()
            ))
        }
        None => Err(format!("more than {MOST} states: not explained")),
    }
}

struct Search<'e> {
    events: &'e [Event],
    reached: HashSet<(Vec<bool>, Register)>,
    /// How many were placed at best, what must come next then, and the state it does not fit.
    furthest: (usize, Option<usize>, Register),
}

impl Search<'_> {
    /// Whether the rest can be placed; `None` when that is too much to look at.
    fn from(&mut self, mut placed: Vec<bool>, register: Register) -> Option<bool> {
        let next = self.place_reads(&mut placed, register);
        let Some(next) = next else {
            return Some(true);
        };
        let count = placed.iter().filter(|placed| **placed).count();
        if count >= self.furthest.0 {
            self.furthest = (count, Some(next), register);
        }
        if !self.reached.insert((placed.clone(), register)) {
            return Some(false);
        }
        if self.reached.len() > MOST {
            return None;
        }
        let limit = self.events[next].to;
        for index in 0..self.events.len() {
            let event = self.events[index];
            if event.from > limit {
                break;
            }
            if placed[index] {
                continue;
            }
            let held_before = |booking| {
                let held =
                    |(event, placed): (&Event, &bool)| *placed && event.step == Step::Hold(booking);
                self.events.iter().zip(&placed).any(held)
            };
            if let Some(after) = register.after(event.step, held_before) {
                let mut further = placed.clone();
                further[index] = true;
                if self.from(further, after)? {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Places every read that is true now; the certain event that has to be placed first of what is left.
    fn place_reads(&self, placed: &mut [bool], register: Register) -> Option<usize> {
        loop {
            let left = (0..self.events.len()).filter(|i| self.events[*i].must && !placed[*i]);
            let next = left.min_by_key(|index| self.events[*index].to)?;
            let limit = self.events[next].to;
            let mut any = false;
            for (index, event) in self.events.iter().enumerate() {
                if event.from > limit {
                    break;
                }
                if !placed[index] && register.shows(event.step) {
                    placed[index] = true;
                    any = true;
                }
            }
            if !any {
                return Some(next);
            }
        }
    }
}

impl Register {
    /// Whether a read is true of it.
    fn shows(self, step: Step) -> bool {
        match step {
            Step::See(status) => {
                status
                    == match self {
                        Self::Free => Status::Available,
                        Self::Held(_) => Status::Held,
                        Self::Sold(_) => Status::Sold,
                        Self::Blocked => Status::Blocked,
                    }
            }
            Step::SeeTaken => self != Self::Free,
            Step::SeeOwner(booking, Status::Held) => self == Self::Held(booking),
            Step::SeeOwner(booking, _) => self == Self::Sold(booking),
            _ => false,
        }
    }

    /// What a change makes of it, if it can happen now.
    fn after(self, step: Step, held_before: impl Fn(usize) -> bool) -> Option<Self> {
        match (self, step) {
            (Self::Free, Step::Hold(booking)) => Some(Self::Held(booking)),
            (Self::Held(held), Step::Sell(booking)) if held == booking => Some(Self::Sold(booking)),
            // Money that came after the hold had run out, and the seat was still free.
            (Self::Free, Step::Sell(booking)) if held_before(booking) => Some(Self::Sold(booking)),
            (Self::Held(had) | Self::Sold(had), Step::Free(booking)) if had == booking => {
                Some(Self::Free)
            }
            (Self::Held(held), Step::Expire(booking)) if held == booking => Some(Self::Free),
            _ => None,
        }
    }
}
