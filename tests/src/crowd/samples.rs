//! What buyers lived through: how long each request took with all its tries, and what went wrong on the way.

use super::{Crowd, locked};
use crate::history::{Kind, Moment};
use std::{collections::BTreeMap, fmt};

pub(super) const REFUSED: &str = "connection refused";
pub(super) const LOOK: &str = "look";

/// A request with all its tries.
#[derive(Debug, Clone)]
pub struct Sample {
    pub what: &'static str,
    pub invoked: Moment,
    pub ended: Moment,
    /// Done, refused, or given up without a definite answer.
    pub done: Option<bool>,
    /// One for each try without a definite answer.
    pub errors: Vec<String>,
}

impl Sample {
    pub(super) fn of(
        kind: Kind,
        invoked: Moment,
        ended: Moment,
        done: Option<bool>,
        errors: Vec<String>,
    ) -> Self {
        let what = match kind {
            Kind::Hold => "hold",
            Kind::Pay => "pay",
            Kind::Cancel => "cancel",
            Kind::Release => "release",
        };
        Self {
            what,
            invoked,
            ended,
            done,
            errors,
        }
    }
}

/// The samples of a span of time, added up.
#[derive(Debug, Default, Clone)]
pub struct Summary {
    pub requests: usize,
    pub done: usize,
    pub refused: usize,
    pub given_up: usize,
    pub retried: usize,
    pub errors: BTreeMap<String, usize>,
    pub looks: usize,
    pub looks_failed: usize,
    /// Of requests that change something, with all their tries.
    pub waits: [Moment; 3],
    /// The longest time in which no hold was made.
    pub nobody_booked: Moment,
}

impl Crowd {
    /// What those lived through who asked in this span.
    pub fn summary(&self, from: Moment, to: Moment) -> Summary {
        let samples = locked(&self.samples);
        let mut summary = Summary::default();
        let mut waits = Vec::new();
        for sample in samples.iter().filter(|s| (from..to).contains(&s.invoked)) {
            if sample.what == LOOK {
                summary.looks += 1;
                summary.looks_failed += usize::from(sample.done.is_none());
                continue;
            }
            summary.requests += 1;
            match sample.done {
                Some(true) => summary.done += 1,
                Some(false) => summary.refused += 1,
                None => summary.given_up += 1,
            }
            summary.retried += usize::from(!sample.errors.is_empty());
            for error in &sample.errors {
                *summary.errors.entry(error.clone()).or_default() += 1;
            }
            waits.push(sample.ended - sample.invoked);
        }
        waits.sort_unstable();
        let at = |part: f64| {
            let index = (waits.len() as f64 * part) as usize;
            waits.get(index.min(waits.len().saturating_sub(1))).copied()
        };
        summary.waits = [0.5, 0.99, 1.0].map(|part| at(part).unwrap_or_default());
        let held = |s: &&Sample| s.what == "hold" && s.done == Some(true);
        let ends = samples.iter().filter(held).map(|s| s.ended);
        let mut ends: Vec<Moment> = ends.filter(|end| (from..to).contains(end)).collect();
        ends.extend([from, to]);
        ends.sort_unstable();
        let longest = ends.windows(2).map(|pair| pair[1] - pair[0]).max();
        summary.nobody_booked = longest.unwrap_or_default();
        summary
    }
}

impl Summary {
    /// The head of a table of these.
    pub const HEAD: &'static str = "| What happened | Requests | Done · refused · given up | Asked again | \
        Tries without an answer | Wait p50 · p99 · longest | Nobody could book for | Seat maps (failed) |\n\
        |---|---|---|---|---|---|---|---|";
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<_> = self
            .errors
            .iter()
            .map(|(kind, count)| format!("{count} × {kind}"))
            .collect();
        let errors = if errors.is_empty() {
            "–".to_owned()
        } else {
            errors.join(", ")
        };
        let [p50, p99, longest] = self.waits.map(|wait| wait as f64 / 1e6);
        write!(
            f,
            "{} | {} · {} · {} | {} | {errors} | {p50:.3} · {p99:.2} · {longest:.2} s | {:.2} s | {} ({})",
            self.requests,
            self.done,
            self.refused,
            self.given_up,
            self.retried,
            self.nobody_booked as f64 / 1e6,
            self.looks,
            self.looks_failed
        )
    }
}

/// What kind of failure it was, in few words.
pub(super) fn name(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "timeout";
    }
    if error.is_connect() {
        return REFUSED;
    }
    "reset"
}
