//! `cargo xtask test`: every check there is, the quick ones first, each thing built once. Stops at the first failure
//! unless told to go on, and closes with a table of stages and one line that sums up what the test runners counted.

mod stages;
pub mod tally;
mod virtual_desktop;

use std::time::{Duration, Instant};

use crate::cli::{Flag, Parsed, Spec};
use crate::console::{elapsed, say};
use stages::{Context, STAGES, Stage};
use tally::Tally;

pub const SPEC: Spec = Spec {
    command: "test",
    about: "Runs every check: formatting, house rules, lints, licences, unit, whole-system, browser and desktop tests.",
    flags: &[
        Flag {
            name: "--no-install",
            value: None,
            help: "install nothing; say what is missing and stop",
        },
        Flag {
            name: "--only",
            value: Some("STAGE"),
            help: "run this stage only, with what it needs (may be repeated)",
        },
        Flag {
            name: "--skip",
            value: Some("STAGE"),
            help: "leave this stage out (may be repeated)",
        },
        Flag {
            name: "--keep-going",
            value: None,
            help: "go on after a failure",
        },
        Flag {
            name: "--list",
            value: None,
            help: "list the stages and stop",
        },
    ],
    rest: None,
};

/// How a stage ended.
enum Outcome {
    Passed,
    Failed(String),
    Absent,
}

struct Row {
    name: &'static str,
    time: Duration,
    outcome: Outcome,
    tally: Option<Tally>,
}

pub fn run(arguments: &Parsed) -> Result<(), String> {
    if arguments.has("--list") {
        for stage in STAGES {
            println!("{:14} {}", stage.name, stage.about);
        }
        return Ok(());
    }
    let chosen = choose(arguments.values("--only"), arguments.values("--skip"))?;
    let begun = Instant::now();
    let mut context = Context::new(!arguments.has("--no-install"));
    context.prepare(&chosen)?;
    let mut rows = Vec::new();
    for stage in chosen {
        let row = run_stage(stage, &mut context);
        let failed = matches!(row.outcome, Outcome::Failed(_));
        rows.push(row);
        if failed && !arguments.has("--keep-going") {
            break;
        }
    }
    report(&rows, begun.elapsed())
}

fn choose(only: &[String], skip: &[String]) -> Result<Vec<&'static Stage>, String> {
    if let Some(name) = only
        .iter()
        .chain(skip)
        .find(|name| !STAGES.iter().any(|stage| stage.name == **name))
    {
        return Err(format!(
            "there is no stage `{name}`; see `cargo xtask test --list`"
        ));
    }
    let wanted = |stage: &&Stage| {
        (only.is_empty() || only.iter().any(|name| name == stage.name))
            && !skip.iter().any(|name| name == stage.name)
    };
    Ok(STAGES.iter().filter(wanted).collect())
}

fn run_stage(stage: &'static Stage, context: &mut Context) -> Row {
    let begun = Instant::now();
    if let Some(reason) = stage.absent() {
        say(&format!("{}: left out, {reason}", stage.name));
        return Row {
            name: stage.name,
            time: Duration::ZERO,
            outcome: Outcome::Absent,
            tally: None,
        };
    }
    say(&format!("{}: {} …", stage.name, stage.about));
    let ended = stage.run(context);
    let time = begun.elapsed();
    let (outcome, tally) = match ended {
        Ok(tally) => judge(tally),
        Err(why) => (Outcome::Failed(why), None),
    };
    match &outcome {
        Outcome::Failed(why) => say(&format!(
            "{}: FAILED after {}: {why}",
            stage.name,
            elapsed(time)
        )),
        _ => say(&format!("{}: passed in {}", stage.name, elapsed(time))),
    }
    Row {
        name: stage.name,
        time,
        outcome,
        tally,
    }
}

/// A runner that counted failures has failed whatever its exit code, and one that ran no test proves nothing.
fn judge(tally: Option<Tally>) -> (Outcome, Option<Tally>) {
    let outcome = match tally {
        Some(Tally { failed, .. }) if failed > 0 => {
            Outcome::Failed(format!("{failed} tests failed"))
        }
        Some(Tally { passed: 0, .. }) => Outcome::Failed("no test ran".to_owned()),
        _ => Outcome::Passed,
    };
    (outcome, tally)
}

fn report(rows: &[Row], time: Duration) -> Result<(), String> {
    println!();
    for row in rows {
        let verdict = match &row.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "FAILED",
            Outcome::Absent => "absent",
        };
        let counted = row
            .tally
            .map_or_else(String::new, |tally| tally.to_string());
        println!(
            "{:14} {verdict:7} {:>13}  {counted}",
            row.name,
            elapsed(row.time)
        );
    }
    println!("{:14} {:7} {:>13}", "all", "", elapsed(time));
    let (sum, failed) = sum(rows);
    println!("\n{sum}");
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

/// What the runners counted; a failed stage that counted no failed test counts as one, so that the line never shows
/// success for a run that failed.
fn sum(rows: &[Row]) -> (Tally, Vec<&'static str>) {
    let mut sum = Tally::default();
    let mut names = Vec::new();
    for row in rows {
        let tally = row.tally.unwrap_or_default();
        sum.add(tally);
        if matches!(row.outcome, Outcome::Failed(_)) {
            names.push(row.name);
            sum.failed += u64::from(tally.failed == 0);
        }
    }
    (sum, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outcome: Outcome, tally: Option<Tally>) -> Row {
        Row {
            name: "x",
            time: Duration::ZERO,
            outcome,
            tally,
        }
    }

    #[test]
    fn stage_names_are_unique_and_unknown_ones_refused() {
        for (index, stage) in STAGES.iter().enumerate() {
            assert!(
                STAGES[index + 1..]
                    .iter()
                    .all(|other| other.name != stage.name)
            );
        }
        assert!(choose(&["nonsense".to_owned()], &[]).is_err());
        assert_eq!(choose(&["tidy".to_owned()], &[]).unwrap().len(), 1);
        assert_eq!(
            choose(&[], &["tidy".to_owned()]).unwrap().len(),
            STAGES.len() - 1
        );
    }

    #[test]
    fn a_runner_that_ran_nothing_or_counted_a_failure_has_failed() {
        let count = |passed, failed| {
            Some(Tally {
                passed,
                failed,
                skipped: 0,
            })
        };
        assert!(matches!(judge(count(0, 0)).0, Outcome::Failed(_)));
        assert!(matches!(judge(count(5, 1)).0, Outcome::Failed(_)));
        assert!(matches!(judge(count(5, 0)).0, Outcome::Passed));
        assert!(matches!(judge(None).0, Outcome::Passed));
    }

    #[test]
    fn the_closing_line_never_hides_a_failed_stage() {
        let rows = [
            row(
                Outcome::Passed,
                Some(Tally {
                    passed: 3,
                    failed: 0,
                    skipped: 1,
                }),
            ),
            row(Outcome::Failed("lint".to_owned()), None),
        ];
        let (total, failed) = sum(&rows);
        assert_eq!(total.to_string(), "3 passed, 1 failed, 1 skipped");
        assert_eq!(failed, ["x"]);
    }
}
