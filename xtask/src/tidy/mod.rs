//! `cargo xtask tidy`: the house rules that neither compiler nor linter knows, checked on the text of the sources in
//! well under a second. Which crate may depend on which, what must not be named where, how files open and how long
//! they get. Says nothing about formatting or about whether generated files are current: other stages do.

mod dependencies;
mod everywhere;
mod front_end;
mod generated;
mod manifest;
mod masked;
mod names;
mod purity;
mod rust;
mod sizes;

use std::fs;
use std::path::Path;

use crate::cli::{Parsed, Spec};
use crate::console::say;
use crate::{paths, process};

pub const SPEC: Spec = Spec {
    command: "tidy",
    about: "Checks the house rules: dependency directions, forbidden names and imports, file heads and sizes.",
    flags: &[],
    rest: None,
};

/// One file of the repository, its path relative to the root and with `/` between.
pub struct File {
    pub path: String,
    pub text: String,
}

/// One breach of a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub path: String,
    /// Counted from 1; 0 means the file as a whole.
    pub line: usize,
    pub what: String,
}

impl Problem {
    pub fn new(file: &File, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: file.path.clone(),
            line,
            what: what.into(),
        }
    }
}

impl File {
    pub fn is_rust(&self) -> bool {
        has_kind(&self.path, &["rs"])
    }

    /// Written by a generator: nobody reads or shortens it by hand.
    pub fn is_generated(&self) -> bool {
        self.path.contains("/generated/") || self.path.contains("/paraglide/")
    }

    #[cfg(test)]
    pub fn planted(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }
}

pub fn has_kind(path: &str, kinds: &[&str]) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, kind)| kinds.contains(&kind))
}

pub fn run(_: &Parsed) -> Result<(), String> {
    check()
}

/// Checks every rule and reports every breach.
pub fn check() -> Result<(), String> {
    let files = load()?;
    for line in sizes::report(&files) {
        println!("{line}");
    }
    let mut problems = examine(&files);
    problems.sort();
    problems.dedup();
    for problem in &problems {
        match problem.line {
            0 => println!("{}: {}", problem.path, problem.what),
            line => println!("{}:{line}: {}", problem.path, problem.what),
        }
    }
    if problems.is_empty() {
        say(&format!("tidy: {} files keep the house rules", files.len()));
        Ok(())
    } else {
        Err(format!("{} breaches of the house rules", problems.len()))
    }
}

fn examine(files: &[File]) -> Vec<Problem> {
    let mut problems = dependencies::check(files);
    problems.extend(generated::check(files));
    problems.extend(crate::planted::held::check(files));
    for file in files {
        problems.extend(everywhere::check(file));
        problems.extend(sizes::check(file));
        problems.extend(names::check_file(file));
        if file.is_rust() {
            let masked = masked::rust(&file.text);
            problems.extend(rust::check(file, &masked));
            problems.extend(names::check_rust(file, &masked));
            problems.extend(purity::check(file, &masked));
        } else {
            problems.extend(front_end::check(file));
        }
    }
    problems
}

/// Kinds of files that are text written by people. Others (pictures, data) are not looked at.
const KINDS: &[&str] = &[
    "rs", "toml", "ts", "js", "mjs", "svelte", "css", "html", "json", "md", "sql", "sh", "yml",
    "yaml",
];

/// What git tracks or would track: everything that is not ignored.
fn load() -> Result<Vec<File>, String> {
    let arguments = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let list = process::output("git", &arguments)
        .ok_or("tidy asks git for the list of files, and `git ls-files` failed")?;
    let root = paths::root();
    let mut files: Vec<File> = list
        .split('\0')
        .filter(|path| has_kind(path, KINDS) || path.starts_with(".ci/"))
        .filter_map(|path| read(&root, path))
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// A listed file may be gone from the work tree, or not be text: neither is ours to judge.
fn read(root: &Path, path: &str) -> Option<File> {
    let text = fs::read_to_string(root.join(path)).ok()?;
    Some(File {
        path: path.to_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_reaches_its_rules() {
        let files = [
            File::planted("crates/domain/src/a.rs", "fn f() { todo!() }\n"),
            File::planted("ui/src/a.ts", "fetch('/x');\n"),
            File::planted("docs/a.md", concat!("see /ro", "ot/x\n")),
        ];
        let problems = examine(&files);
        for path in ["crates/domain/src/a.rs", "ui/src/a.ts", "docs/a.md"] {
            assert!(problems.iter().any(|p| p.path == path), "{path}");
        }
    }
}
