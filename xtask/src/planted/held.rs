//! The list of planted bugs held against the sources and the documentation: what is planted is listed, what is listed
//! is planted once or more, the table people read says the same, and no manifest asks for the feature.

use super::bugs::BUGS;
use crate::tidy::{File, Problem};

const DOCS: &str = "docs/proofs.md";
const HERE: &str = "xtask/src/planted/";
const CRATE: &str = "crates/planted/";

/// The table of `docs/proofs.md`.
pub fn table() -> String {
    let mut out = String::from("| Bug | What goes wrong | Found by |\n|---|---|---|\n");
    for bug in BUGS {
        let package = bug.package.trim_start_matches("matinee-");
        let target = match bug.target {
            "lib" => package.to_owned(),
            target => format!("{package}, {target}"),
        };
        let row = format!(
            "| {} | {} | {target}: `{}` |\n",
            bug.name, bug.says, bug.test
        );
        out.push_str(&row);
    }
    out
}

/// Checks everything that can be said without running anything.
pub fn check(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut planted = Vec::new();
    for file in files.iter().filter(|file| !file.path.starts_with(HERE)) {
        if file.path.ends_with("Cargo.toml") {
            problems.extend(asks_for_it(file));
        }
        if file.is_rust() && !file.path.starts_with(CRATE) {
            for (line, name) in names(&file.text) {
                if !BUGS.iter().any(|bug| bug.name == name) {
                    let what =
                        format!("`{name}` is planted, and xtask/src/planted has no check for it");
                    problems.push(Problem::new(file, line, what));
                }
                planted.push(name);
            }
        }
    }
    let whole = |path: &str, what: String| Problem {
        path: path.to_owned(),
        line: 0,
        what,
    };
    // A part of the repository, as in tests of other rules, has no bugs to miss.
    let Some(docs) = files.iter().find(|file| file.path == DOCS) else {
        return problems;
    };
    for bug in BUGS.iter().filter(|bug| !planted.contains(&bug.name)) {
        let what = format!("`{}` is listed and planted nowhere", bug.name);
        problems.push(whole("xtask/src/planted/bugs.rs", what));
    }
    if !docs.text.contains(&table()) {
        let what = "its table of planted bugs is not what `cargo xtask planted --list` prints";
        problems.push(whole(DOCS, what.to_owned()));
    }
    problems
}

/// The feature comes from the command line of `cargo xtask planted` alone.
fn asks_for_it(file: &File) -> Option<Problem> {
    let what = "no manifest may turn planted bugs on";
    (file.text.lines().enumerate())
        .find(|(_, line)| {
            line.contains("matinee-planted/on")
                || line.contains("matinee-planted") && line.contains("features")
                || file.path.starts_with(CRATE) && line.starts_with("default")
        })
        .map(|(index, _)| Problem::new(file, index + 1, what))
}

/// The names in `planted!("…")` with their lines.
fn names(text: &str) -> Vec<(usize, &str)> {
    (text.lines().enumerate())
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .flat_map(|(index, line)| {
            (line.split("planted!(\"").skip(1))
                .filter_map(move |rest| Some((index + 1, rest.split_once('"')?.0)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_without_a_check_and_a_manifest_that_asks_are_found() {
        let source = File::planted("crates/x/src/a.rs", "if planted!(\"nonsense\") {}\n");
        let asks = "matinee-planted = { workspace = true, features = [\"on\"] }\n";
        let manifest = File::planted("crates/x/Cargo.toml", asks);
        assert_eq!(check(&[source, manifest]).len(), 2);
    }

    #[test]
    fn what_is_listed_must_be_planted_and_in_the_table() {
        let docs = File::planted(DOCS, "");
        let problems = check(std::slice::from_ref(&docs));
        assert_eq!(problems.len(), BUGS.len() + 1);
        let docs = File::planted(DOCS, &table());
        assert_eq!(check(&[docs]).len(), BUGS.len());
    }

    #[test]
    fn there_are_thirty_and_each_is_listed_once() {
        assert!(BUGS.len() >= 30);
        for (index, bug) in BUGS.iter().enumerate() {
            assert!(BUGS[index + 1..].iter().all(|other| other.name != bug.name));
        }
    }
}
