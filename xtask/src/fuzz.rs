//! `cargo xtask fuzz`: lets libFuzzer run the targets of `crates/fuzz-targets`, each for a while. What falls over is
//! kept in `fuzz/artifacts`. Needs cargo-fuzz (`cargo install cargo-fuzz`); the usual toolchain will do.

use crate::cli::{Flag, Parsed, Spec};
use crate::console::step;
use crate::{paths, process};

pub const SPEC: Spec = Spec {
    command: "fuzz",
    about: "Runs every parser of bytes from outside against libFuzzer, each for a minute.",
    flags: &[
        Flag {
            name: "--seconds",
            value: Some("N"),
            help: "how long each target runs [60]",
        },
        Flag {
            name: "--only",
            value: Some("TARGET"),
            help: "this target only (may be repeated)",
        },
    ],
    rest: None,
};

pub fn run(arguments: &Parsed) -> Result<(), String> {
    let seconds = arguments.value("--seconds").unwrap_or("60");
    if seconds.parse::<u32>().is_err() {
        return Err(format!("--seconds is a whole number, not `{seconds}`"));
    }
    let only = arguments.values("--only");
    let mut fallen = Vec::new();
    for target in targets()? {
        if !only.is_empty() && !only.contains(&target) {
            continue;
        }
        if step(&format!("fuzzing {target}"), || fuzz(&target, seconds)).is_err() {
            fallen.push(target);
        }
    }
    if fallen.is_empty() {
        Ok(())
    } else {
        Err(format!("fell over: {}", fallen.join(", ")))
    }
}

/// Every target has a corpus.
fn targets() -> Result<Vec<String>, String> {
    let folder = paths::root().join("fuzz/corpus");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn fuzz(target: &str, seconds: &str) -> Result<(), String> {
    // What is found goes into the first folder; the seeds stay as they are.
    let (found, seeds) = (
        format!("fuzz/found/{target}"),
        format!("fuzz/corpus/{target}"),
    );
    let folder = paths::root().join(&found);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Our own code has no unsafe block, so that an address sanitizer would look at other people's only.
    let mut cargo = process::cargo(&["fuzz", "run", "--sanitizer", "none", "parser"]);
    cargo
        .args([&found, &seeds])
        .args(["--", "-timeout=10", "-max_len=20000"])
        .arg(format!("-max_total_time={seconds}"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("MATINEE_FUZZ_TARGET", target);
    process::run(&mut cargo)
}
