//! The figures: as a Markdown table for people, as JSON for programs.

use crate::{failure::Failure, load::Round, machine::Machine, plot::Plot, stats};
use chrono::{NaiveDate, Utc};
use serde::Serialize;
use std::{fmt::Write, path::Path, time::Instant};

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

#[derive(Serialize)]
pub struct Report {
    date: NaiveDate,
    seconds: u64,
    machine: Machine,
    figures: Vec<Figure>,
    plots: Vec<Plot>,
    effects: Vec<String>,
    failed: Vec<String>,
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

/// How far the report was.
pub struct Mark {
    figures: usize,
    plots: usize,
    effects: usize,
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
            plots: vec![],
            effects: vec![],
            failed: vec![],
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
        eprintln!("  {what}: {} ({note})", with_unit(value, unit));
        self.figures.push(Figure {
            key: key.into(),
            what: what.into(),
            value,
            unit,
            goal,
            note: note.into(),
        });
    }

    /// Rows of several engines may draw into one picture. A row draws last, when nothing can fail any more.
    pub fn plot(&mut self, plot: Plot) {
        match self.plots.iter_mut().find(|other| other.file == plot.file) {
            Some(other) => other.lines.extend(plot.lines),
            None => self.plots.push(plot),
        }
    }

    /// What was counted afterwards.
    pub fn effects(&mut self, text: String) {
        self.effects.push(text);
    }

    pub fn mark(&self) -> Mark {
        Mark {
            figures: self.figures.len(),
            plots: self.plots.len(),
            effects: self.effects.len(),
        }
    }

    /// A row failed: nothing it reported counts.
    pub fn undo(&mut self, mark: Mark, failed: String) {
        self.figures.truncate(mark.figures);
        self.plots.truncate(mark.plots);
        self.effects.truncate(mark.effects);
        self.failed.push(failed);
    }

    pub fn failed(&self) -> &[String] {
        &self.failed
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
        // Writing to a string cannot fail.
        for figure in &self.figures {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                figure.what,
                with_unit(figure.value, figure.unit),
                figure.goal.unwrap_or("–"),
                figure.note
            );
        }
        if !self.effects.is_empty() {
            out.push_str("\nEffects counted afterwards:\n\n");
        }
        for effect in &self.effects {
            let _ = writeln!(out, "- {effect}");
        }
        for failed in &self.failed {
            let _ = writeln!(out, "\nNot measured in this run: {failed}");
        }
        for plot in &self.plots {
            let _ = writeln!(out, "\n![{}](plots/{})", plot.title, plot.file);
        }
        out
    }

    /// Puts the table between the markers of a file, and the plots into `plots/` beside it. A run of some rows replaces
    /// what is there of them and leaves the others; a plot that several rows draw needs all of them.
    pub fn update(&self, path: &Path, whole: bool) -> Result<(), Failure> {
        let text = std::fs::read_to_string(path)?;
        let parts = text
            .split_once(BEGIN)
            .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let table = if whole {
            self.markdown()
        } else {
            self.merged(parts.map_or("", |(before, _)| &text[before.len() + BEGIN.len()..]))
        };
        let Some((before, after)) = parts else {
            let what = format!("{} has no line {BEGIN} with {END} after it", path.display());
            return Err(Failure::Server(what));
        };
        let plots = path.with_file_name("plots");
        std::fs::create_dir_all(&plots)?;
        for plot in &self.plots {
            std::fs::write(plots.join(&plot.file), plot.svg())?;
        }
        std::fs::write(path, format!("{before}{BEGIN}\n{table}{END}{after}"))?;
        Ok(())
    }
}

impl Report {
    /// An earlier table with this run's figures in the place of those of the same name, or behind them.
    fn merged(&self, earlier: &str) -> String {
        let earlier = earlier.split_once(END).map_or("", |(table, _)| table);
        let ours = self.markdown();
        let note = format!("measured alone on {} | ", self.date);
        let ours = ours.lines().filter(|line| first_cell(line).is_some());
        let mut ours: Vec<String> = ours
            .map(|line| {
                line.trim_end_matches("| ")
                    .trim_end_matches(" |")
                    .to_owned()
            })
            .map(|line| format!("{line}; {}", note.trim_end()))
            .collect();
        let mut out: Vec<String> = Vec::new();
        let mut last = 0;
        for line in earlier.trim().lines() {
            let same = ours.iter().position(|ours| {
                first_cell(line).is_some() && first_cell(ours) == first_cell(line)
            });
            out.push(same.map_or_else(|| line.to_owned(), |at| ours.remove(at)));
            if first_cell(line).is_some() {
                last = out.len();
            }
        }
        out.splice(last..last, ours);
        for effect in &self.effects {
            let (what, line) = (effect.split(':').next(), format!("- {effect}"));
            let same =
                |other: &&mut String| other.trim_start_matches("- ").split(':').next() == what;
            if let Some(other) = out.iter_mut().find(same) {
                *other = line;
            } else {
                let after = out.iter().rposition(|line| line.starts_with("- "));
                out.insert(after.map_or(out.len(), |at| at + 1), line);
            }
        }
        for plot in &self.plots {
            let line = format!("![{}](plots/{})", plot.title, plot.file);
            if !out.contains(&line) {
                out.extend([String::new(), line]);
            }
        }
        out.join("\n") + "\n"
    }
}

/// What a line of the table is about; None of the table's head and of other lines.
fn first_cell(line: &str) -> Option<&str> {
    let cell = line.strip_prefix("| ")?.split(" | ").next()?;
    (cell != "What").then_some(cell)
}

fn with_unit(value: f64, unit: &str) -> String {
    let number = match value {
        v if v >= 1000.0 => thousands(v),
        v if v >= 10.0 => format!("{v:.0}"),
        v if v > 0.0 && v < 0.1 => format!("{v:.3}"),
        v => format!("{v:.2}"),
    };
    match unit {
        "" => number,
        "/s" | "×" => format!("{number}{}", if unit == "×" { " ×" } else { unit }),
        _ => format!("{number} {unit}"),
    }
}

/// With commas, as people read large numbers.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs().round());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn figures_read_well() {
        assert_eq!(with_unit(0.7349, ""), "0.73");
        assert_eq!(with_unit(37.4, "µs"), "37 µs");
        assert_eq!(with_unit(12_050.2, "/s"), "12,050/s");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(thousands(100.0), "100");
    }

    #[test]
    fn a_ratio_is_the_median_of_pairs() {
        let round = |done| Round {
            done,
            elapsed: Duration::from_secs(1),
            cpu: Duration::ZERO,
            database_cpu: Duration::ZERO,
        };
        // The machine was slow in the second pair: both sides show it, the ratio does not.
        let (ours, base) = (
            [round(80), round(8), round(90)],
            [round(100), round(10), round(100)],
        );
        assert!((ratio(&ours, &base) - 0.8).abs() < 1e-9);
    }

    #[test]
    fn a_run_of_some_rows_leaves_the_others() {
        let mut first = Report::begin();
        first.add("a", "one", 1.0, "", None, "first");
        first.add("b", "two", 2.0, "", None, "first");
        first.effects("Ones: 1".into());
        let earlier = format!("\n{}{END}\nrest", first.markdown());
        let mut second = Report::begin();
        second.add("b", "two", 3.0, "", None, "second");
        second.add("c", "three", 4.0, "", None, "second");
        second.effects("Ones: 2".into());
        second.effects("Threes: 3".into());
        let table = second.merged(&earlier);
        let rows: Vec<&str> = table.lines().filter_map(first_cell).collect();
        assert_eq!(rows, ["one", "two", "three"]);
        assert!(
            table.contains("| two | 3.00 | – | second; measured alone on "),
            "{table}"
        );
        assert!(table.contains("| one | 1.00 | – | first |"));
        assert!(table.contains("- Ones: 2\n- Threes: 3\n") && !table.contains("rest"));
    }

    #[test]
    fn a_row_that_failed_leaves_no_figure() {
        let mut report = Report::begin();
        report.add("kept", "kept", 1.0, "", None, "");
        let mark = report.mark();
        report.add("lost", "lost", 1.0, "", None, "");
        report.effects("lost".into());
        report.undo(mark, "lost: why".into());
        let table = report.markdown();
        assert!(table.contains("| kept |") && !table.contains("| lost |"));
        assert!(table.contains("Not measured in this run: lost: why"));
    }
}
