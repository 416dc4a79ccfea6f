//! `cargo xtask planted`: does the check that has to find a planted bug find it?
//!
//! The tests are built once with the feature that plants bugs (`crates/planted`). For each bug the one test named for
//! it runs with the bug, and has to fail, and without, and has to pass. The list is also held against the sources and
//! against the table in `docs/proofs.md` (`cargo xtask tidy`), so that no bug is planted without a check.

mod bugs;
pub mod held;

use std::collections::{BTreeMap, btree_map::Entry};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::cli::{Flag, Parsed, Spec};
use crate::console::{elapsed, say, step};
use crate::{paths, process};
use bugs::{BUGS, Bug};

pub const SPEC: Spec = Spec {
    command: "planted",
    about: "Plants bugs one by one and tells whether the check named for each finds it.",
    flags: &[
        Flag {
            name: "--only",
            value: Some("BUG"),
            help: "plant this one only (may be repeated)",
        },
        Flag {
            name: "--list",
            value: None,
            help: "print the table of docs/proofs.md and stop",
        },
    ],
    rest: None,
};

/// The variable of `crates/planted`. A program that contains it is a build for tests.
pub const VARIABLE: &str = "MATINEE_PLANTED_BUG";

pub fn run(arguments: &Parsed) -> Result<(), String> {
    if arguments.has("--list") {
        print!("{}", held::table());
        return Ok(());
    }
    let only = arguments.values("--only");
    if let Some(name) = (only.iter()).find(|name| !BUGS.iter().any(|bug| bug.name == **name)) {
        return Err(format!("no bug is called `{name}`"));
    }
    let chosen: Vec<&Bug> = (BUGS.iter())
        .filter(|bug| only.is_empty() || only.iter().any(|name| name == bug.name))
        .collect();
    let programs = build(&chosen)?;
    let begun = Instant::now();
    let mut survivors = Vec::new();
    let mut sound = Sound::new();
    for bug in &chosen {
        let verdict = judge(bug, &programs, &mut sound)?;
        println!("{:26} {:62} {verdict}", bug.name, bug.test);
        if verdict != "caught" {
            survivors.push(bug.name);
        }
    }
    say(&format!(
        "{} of {} planted bugs caught in {}",
        chosen.len() - survivors.len(),
        chosen.len(),
        elapsed(begun.elapsed())
    ));
    if survivors.is_empty() {
        Ok(())
    } else {
        Err(format!("not caught: {}", survivors.join(", ")))
    }
}

/// Test programs by package and target.
type Programs = BTreeMap<(&'static str, &'static str), PathBuf>;

/// Builds what the chosen bugs need, all at once.
fn build(chosen: &[&Bug]) -> Result<Programs, String> {
    let mut packages: Vec<&str> = chosen.iter().map(|bug| bug.package).collect();
    packages.sort_unstable();
    packages.dedup();
    let mut arguments = vec!["test", "--locked", "--no-run", "--message-format=json"];
    arguments.extend(["-p", "matinee-planted", "--features", "matinee-planted/on"]);
    for package in &packages {
        arguments.extend(["-p", package]);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = step("building the tests with the bugs in them", || {
        process::output(&cargo, &arguments)
            .ok_or_else(|| format!("`cargo {}` failed", arguments.join(" ")))
    })?;
    let mut programs = Programs::new();
    for bug in chosen {
        let program = (built.lines())
            .find_map(|line| program_of(line, bug))
            .ok_or_else(|| format!("cargo built no {} of {}", bug.target, bug.package))?;
        programs.insert((bug.package, bug.target), program);
    }
    Ok(programs)
}

/// The program in one of cargo's messages, if it is the one this bug's check is in.
fn program_of(message: &str, bug: &Bug) -> Option<PathBuf> {
    let (_, program) = message.split_once("\"executable\":\"")?;
    let (program, _) = program.split_once('"')?;
    let folder = bug.package.trim_start_matches("matinee-");
    let ours = message.contains(&format!("/crates/{folder}#"));
    let kind = match bug.target {
        "lib" => "\"kind\":[\"lib\"]".to_owned(),
        target => format!("\"kind\":[\"test\"],\"crate_types\":[\"bin\"],\"name\":\"{target}\""),
    };
    (ours && message.contains(&kind)).then(|| PathBuf::from(program))
}

/// What a check says without any bug, asked once: several bugs may have the same one.
type Sound = BTreeMap<(&'static str, &'static str), bool>;

fn judge(bug: &Bug, programs: &Programs, sound: &mut Sound) -> Result<&'static str, String> {
    let program = (programs.get(&(bug.package, bug.target)))
        .ok_or_else(|| format!("there is no program for {}", bug.name))?;
    let sound = match sound.entry((bug.target, bug.test)) {
        Entry::Occupied(known) => *known.get(),
        Entry::Vacant(unknown) => *unknown.insert(passes(bug, program, None)?),
    };
    if !sound {
        return Ok("THE CHECK FAILS WITHOUT IT");
    }
    let survived = passes(bug, program, Some(bug.name))?;
    Ok(if survived { "SURVIVED" } else { "caught" })
}

/// Runs a bug's check. That the test is there at all is told by its having run.
fn passes(bug: &Bug, program: &Path, planted: Option<&str>) -> Result<bool, String> {
    let folder = (paths::root().join("crates")).join(bug.package.trim_start_matches("matinee-"));
    let mut command = Command::new(program);
    command
        .args([bug.test, "--exact", "--nocapture"])
        .current_dir(folder)
        .env("RUST_BACKTRACE", "0")
        .env_remove(VARIABLE)
        .stdin(Stdio::null());
    if let Some(name) = planted {
        command.env(VARIABLE, name);
    }
    let done = (command.output()).map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&done.stdout);
    if !text.contains("running 1 test\n") {
        return Err(format!("{} has no test `{}`", bug.package, bug.test));
    }
    Ok(done.status.success())
}

/// Refuses a program that has planted bugs in it.
pub fn refuse_planted(program: &Path) -> Result<(), String> {
    let bytes =
        std::fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let found = (bytes.windows(VARIABLE.len())).any(|window| window == VARIABLE.as_bytes());
    if found {
        return Err(format!("{} has planted bugs in it", program.display()));
    }
    Ok(())
}
