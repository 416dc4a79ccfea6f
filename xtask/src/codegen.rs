//! `cargo xtask codegen`: rewrites the committed files that are generated from Rust. The generators are ordinary tests
//! named `codegen_…`: they compare, and write instead when `MATINEE_CODEGEN=write` is set.

use std::fs;
use std::path::PathBuf;

use crate::cli::{Flag, Parsed, Spec};
use crate::console::say;
use crate::test::tally;
use crate::{paths, process, stamp};

pub const SPEC: Spec = Spec {
    command: "codegen",
    about: "Rewrites the generated files: the UI's types of the HTTP contract and of the shell, and the OpenAPI document.",
    flags: &[Flag {
        name: "--package",
        value: Some("NAME"),
        help: "only what this package generates (may be repeated)",
    }],
    rest: None,
};

/// The packages that generate, in the order in which one may need what another wrote.
const PACKAGES: &[&str] = &["matinee-api", "matinee-server", "matinee-app"];
/// Where generated files lie.
const FOLDERS: &[&str] = &["ui/src/lib/platform/generated", "docs", "crates"];

pub fn run(arguments: &Parsed) -> Result<(), String> {
    let only = arguments.values("--package");
    if let Some(name) = only.iter().find(|name| !PACKAGES.contains(&name.as_str())) {
        return Err(format!(
            "`{name}` generates nothing; these do: {}",
            PACKAGES.join(", ")
        ));
    }
    // The shell does not compile without a folder to embed.
    let ui = paths::ui_build();
    fs::create_dir_all(&ui).map_err(|error| format!("{}: {error}", ui.display()))?;
    let before = generated()?;
    let mut cargo = process::cargo(&["test", "--quiet"]);
    for name in PACKAGES {
        if only.is_empty() || only.iter().any(|chosen| chosen == name) {
            cargo.args(["-p", name]);
        }
    }
    cargo
        .args(["--all-targets", "--", "codegen_"])
        .env("MATINEE_CODEGEN", "write");
    let shown = process::run_and_read(&mut cargo)?;
    let tally = tally::read(&shown.text);
    if !shown.success {
        return Err(format!("a generator failed ({tally})"));
    }
    if tally.passed == 0 {
        return Err("no generator ran: no test is named codegen_…".to_owned());
    }
    let changed: Vec<String> = generated()?
        .into_iter()
        .filter(|file| !before.contains(file))
        .map(|(path, _)| {
            let shown = path.strip_prefix(paths::root()).unwrap_or(&path);
            shown.display().to_string()
        })
        .collect();
    match changed.as_slice() {
        [] => say("the generated files were up to date"),
        files => say(&format!("rewritten: {}", files.join(", "))),
    }
    Ok(())
}

/// The generated files with fingerprints of what they hold.
fn generated() -> Result<Vec<(PathBuf, String)>, String> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(&paths::root().join(folder), &mut found)?;
    }
    Ok(found)
}

fn collect(folder: &std::path::Path, found: &mut Vec<(PathBuf, String)>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|kind| kind == "ts" || kind == "json")
        {
            let mark = stamp::fingerprint_file(&path, "")?;
            found.push((path, mark));
        }
    }
    Ok(())
}
