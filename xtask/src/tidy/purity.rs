//! The domain decides and does nothing else: no async, no clock, no randomness, no files, no network, no SQL. What it
//! needs of those is passed in. Its tests may do as they like.

use super::masked::{Masked, words};
use super::{File, Problem};

/// What must not be named, and what it would be.
const PATHS: &[(&str, &str)] = &[
    ("std::fs", "file access"),
    ("std::net", "network access"),
    ("std::process", "other programs"),
    ("std::env", "the environment"),
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("Utc::now", "a clock"),
    ("Local::now", "a clock"),
    ("std::thread", "threads"),
];
const WORDS: &[(&str, &str)] = &[
    ("async", "async code"),
    ("await", "async code"),
    ("tokio", "async code"),
    ("rand", "randomness"),
    ("getrandom", "randomness"),
    ("rusqlite", "a database"),
    ("reqwest", "network access"),
];
/// Beginnings of SQL statements with the word that follows somewhere after them.
const SQL: &[(&str, &str)] = &[
    ("select ", " from "),
    ("insert ", "into "),
    ("update ", " set "),
    ("delete ", "from "),
    ("create ", "table "),
];

pub fn check(file: &File, masked: &Masked) -> Vec<Problem> {
    if !file.path.starts_with("crates/domain/src/") || is_test(&file.path) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut found = |line: usize, name: &str, what: &str| {
        let what = format!("`{name}` is {what}: the domain only decides; pass it in");
        problems.push(Problem::new(file, line, what));
    };
    for (index, line) in masked.shipped.lines().enumerate() {
        for (path, what) in PATHS {
            if names(line, path) {
                found(index + 1, path, what);
            }
        }
    }
    for (line, word, _) in words(&masked.shipped) {
        if let Some((name, what)) = WORDS.iter().find(|(name, _)| *name == word) {
            found(line, name, what);
        }
    }
    for (index, line) in masked.strings.lines().enumerate() {
        let line = line.to_lowercase();
        let sql = |(verb, then): &&(&str, &str)| {
            line.split_once(verb)
                .is_some_and(|(_, rest)| format!(" {rest}").contains(then))
        };
        if let Some((verb, _)) = SQL.iter().find(sql) {
            found(index + 1, verb.trim(), "SQL");
        }
    }
    problems
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Whether `path` stands in the line as a whole, not as a part of a longer name.
fn names(line: &str, path: &str) -> bool {
    let word = |c: char| super::masked::is_word(c);
    line.match_indices(path)
        .any(|(at, _)| !line[..at].ends_with(word) && !line[at + path.len()..].starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::masked;

    fn breaches(path: &str, text: &str) -> usize {
        check(&File::planted(path, text), &masked::rust(text)).len()
    }

    const DOMAIN: &str = "crates/domain/src/money.rs";

    #[test]
    fn every_impurity_is_found() {
        for planted in [
            "async fn f() {}",
            "use std::fs;",
            "use std::net::IpAddr;",
            "let t = std::time::Instant::now();",
            "let t = SystemTime::now();",
            "let t = Utc::now();",
            "let x = rand::random();",
            "getrandom::fill(&mut b);",
            "let q = \"SELECT seat FROM seats\";",
            "let q = \"INSERT OR IGNORE INTO seats\";",
            "let q = \"update seats set held = 1\";",
        ] {
            assert!(breaches(DOMAIN, planted) >= 1, "{planted}");
        }
    }

    #[test]
    fn other_crates_tests_comments_and_ordinary_words_are_left_alone() {
        assert_eq!(breaches("crates/store/src/a.rs", "async fn f() {}"), 0);
        assert_eq!(
            breaches("crates/domain/src/money/tests.rs", "use std::fs;"),
            0
        );
        assert_eq!(
            breaches(
                DOMAIN,
                "// async, std::fs\n#[cfg(test)]\nmod t { use std::fs; }"
            ),
            0
        );
        assert_eq!(
            breaches(
                DOMAIN,
                "let operand = InstantRange; let s = \"select a seat\";"
            ),
            0
        );
    }
}
