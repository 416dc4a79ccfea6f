//! The figures: as a Markdown table for people, as JSON for programs.

use crate::{
    failure::Failure,
    load::Round,
    machine::Machine,
    proc::Memory,
    sales::{Holds, Paid},
    stats,
    writer::Writer,
};
use chrono::{NaiveDate, Utc};
use serde::Serialize;
use std::{fmt::Write, path::Path, time::Instant};

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";
/// Bookings of the record hour: 107,000 tickets, two a booking.
const RECORD_HOUR: f64 = 53_500.0;

#[derive(Serialize)]
pub struct Report {
    date: NaiveDate,
    seconds: u64,
    machine: Machine,
    figures: Vec<Figure>,
    effects: String,
    #[serde(skip)]
    began: Instant,
}

#[derive(Serialize)]
struct Figure {
    key: String,
    what: String,
    value: f64,
    unit: &'static str,
    goal: Option<&'static str>,
    note: String,
}

/// The median of one column of some rounds.
pub fn column(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    stats::median(&rounds.iter().map(of).collect::<Vec<_>>())
}

/// The median of the rates' ratios, pair by pair: what disturbed the machine disturbed both of a pair.
pub fn ratio(ours: &[Round], base: &[Round]) -> f64 {
    let pairs = ours.iter().zip(base);
    stats::median(
        &pairs
            .map(|(ours, base)| ours.per_second() / base.per_second())
            .collect::<Vec<_>>(),
    )
}

impl Report {
    pub fn begin() -> Self {
        Self {
            date: Utc::now().date_naive(),
            seconds: 0,
            machine: Machine::look(),
            figures: vec![],
            effects: String::new(),
            began: Instant::now(),
        }
    }

    pub fn add(
        &mut self,
        key: &str,
        what: &str,
        value: f64,
        unit: &'static str,
        goal: Option<&'static str>,
        note: &str,
    ) {
        eprintln!("  {what}: {}", with_unit(value, unit));
        self.figures.push(Figure {
            key: key.into(),
            what: what.into(),
            value,
            unit,
            goal,
            note: note.into(),
        });
    }

    pub fn effects(&mut self, text: String) {
        self.effects = text;
    }

    pub fn finish(&mut self) {
        self.seconds = self.began.elapsed().as_secs();
        self.machine.look_again();
    }

    pub fn json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    pub fn markdown(&self) -> String {
        let machine = &self.machine;
        let mut out = format!(
            "Measured on {} on a shared {}-core machine ({}, {:.0} GiB, Linux {}), load average {:.1} before and {:.1} \
             after, in {} s. Medians.\n\n| What | Measured | Goal | How |\n|---|---|---|---|\n",
            self.date,
            machine.cores,
            machine.processor,
            machine.memory_gib,
            machine.kernel,
            machine.load_before,
            machine.load_after,
            self.seconds,
        );
        for figure in &self.figures {
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                figure.what,
                with_unit(figure.value, figure.unit),
                figure.goal.unwrap_or("–"),
                figure.note
            );
        }
        let _ = write!(out, "\nEffects counted afterwards: {}\n", self.effects);
        out
    }

    /// Puts the table between the markers of a file.
    pub fn update(&self, path: &Path) -> Result<(), Failure> {
        let text = std::fs::read_to_string(path)?;
        let parts = text
            .split_once(BEGIN)
            .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let Some((before, after)) = parts else {
            let what = format!("{} has no line {BEGIN} with {END} after it", path.display());
            return Err(Failure::Server(what));
        };
        let table = self.markdown();
        std::fs::write(path, format!("{before}{BEGIN}\n{table}{END}{after}"))?;
        Ok(())
    }
}

/// Memory of the server, at rest and after the load.
pub fn memory(report: &mut Report, idle: Memory, loaded: Memory) {
    let note = |memory: Memory| format!("PSS {:.0} MiB", memory.pss);
    report.add(
        "idle_rss_mib",
        "memory of the server, idle with the demo data (RSS)",
        idle.rss,
        "MiB",
        Some("≤ 40 MB"),
        &note(idle),
    );
    report.add(
        "loaded_rss_mib",
        "memory of the server after the load above (RSS)",
        loaded.rss,
        "MiB",
        Some("≤ 250 MB"),
        &format!("{}, peak RSS {:.0} MiB", note(loaded), loaded.peak),
    );
}

/// Figures that follow from others.
pub fn derived(report: &mut Report, holds: &Holds, paid: &Paid, writer: &Writer) {
    let floor = holds.no_op_cpu_us + writer.raw_cpu_us;
    report.add(
        "hold_cpu_over_floor",
        "server CPU per hold ÷ (no-op POST + raw row work)",
        holds.cpu_us / floor,
        "",
        Some("≤ 1.3"),
        &format!(
            "{:.1} ÷ ({:.1} + {:.1}) µs",
            holds.cpu_us, holds.no_op_cpu_us, writer.raw_cpu_us
        ),
    );
    report.add(
        "record_hour_s",
        "the record hour: 53,500 two-seat paid bookings",
        RECORD_HOUR / paid.per_second,
        "s",
        Some("≤ 5 s"),
        "at the rate above",
    );
}

fn with_unit(value: f64, unit: &str) -> String {
    let number = match value {
        v if v >= 1000.0 => thousands(v),
        v if v >= 10.0 => format!("{v:.0}"),
        v => format!("{v:.2}"),
    };
    match unit {
        "" => number,
        "/s" => format!("{number}/s"),
        _ => format!("{number} {unit}"),
    }
}

fn thousands(value: f64) -> String {
    let whole = value.round() as u64;
    let (thousands, rest) = (whole / 1000, whole % 1000);
    format!("{thousands},{rest:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(with_unit(0.7349, ""), "0.73");
        assert_eq!(with_unit(37.4, "µs"), "37 µs");
        assert_eq!(with_unit(12_050.2, "/s"), "12,050/s");
    }

    #[test]
    fn a_ratio_is_the_median_of_pairs() {
        let round = |done| Round {
            done,
            elapsed: std::time::Duration::from_secs(1),
            cpu: std::time::Duration::ZERO,
        };
        // The machine was slow in the second pair: both sides show it, the ratio does not.
        let (ours, base) = (
            [round(80), round(8), round(90)],
            [round(100), round(10), round(100)],
        );
        assert!((ratio(&ours, &base) - 0.8).abs() < 1e-9);
    }
}
