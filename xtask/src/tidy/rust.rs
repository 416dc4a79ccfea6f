//! Rules for every Rust source: a head that says why the file exists, nothing left for later, no test switched off,
//! and libraries named only by the crate they belong to.

use super::dependencies::RESERVED;
use super::masked::{Masked, words};
use super::{File, Problem};

/// Macros that mean unfinished work.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// The folder of each package that owns a library.
const HOMES: &[(&str, &str)] = &[
    ("matinee-app", "src-tauri/"),
    ("matinee-server", "crates/server/"),
];

pub fn check(file: &File, masked: &Masked) -> Vec<Problem> {
    let mut problems = Vec::new();
    // A file that another one includes as an expression cannot hold a module's comment: any comment will do.
    let expression = masked.code.trim_start().starts_with(['[', '(', '{']);
    let head = if expression { "//" } else { "//!" };
    if !file.is_generated() && !file.text.trim_start().starts_with(head) {
        problems.push(Problem::new(
            file,
            1,
            "does not open with `//!`: say why the file exists and what it leaves out",
        ));
    }
    for (line, word, after) in words(&masked.code) {
        if UNFINISHED.contains(&word) && after.starts_with('!') {
            problems.push(Problem::new(
                file,
                line,
                format!("`{word}!` is unfinished work"),
            ));
        }
        if let Some(what) = foreign(file, word, after) {
            problems.push(Problem::new(file, line, what));
        }
    }
    // The desktop stage runs exactly the ignored tests of this folder; everywhere else switched off means forgotten.
    let on_desktop = file.path.starts_with("tests/desktop/");
    for (index, line) in masked.code.lines().enumerate() {
        if !on_desktop && line.replace(' ', "").contains("#[ignore") {
            problems.push(Problem::new(
                file,
                index + 1,
                "a test that is switched off proves nothing",
            ));
        }
    }
    problems
}

/// Whether the word names a library that belongs to another crate.
fn foreign(file: &File, word: &str, after: &str) -> Option<String> {
    let (library, owner) = RESERVED.iter().find(|(library, _)| {
        // `tauri::x`, `use tauri;` and `tauri_specta::x`, but not a variable called `tauri_config`.
        let whole = word == *library && (after.starts_with("::") || after.starts_with(';'));
        let part = word
            .strip_prefix(library)
            .is_some_and(|rest| rest.starts_with('_'))
            && after.starts_with("::");
        whole || part
    })?;
    let home = HOMES
        .iter()
        .find(|(package, _)| package == owner)
        .map(|(_, folder)| *folder)?;
    let baseline = file.path.starts_with("bench/") && *library == "axum";
    (!file.path.starts_with(home) && !baseline).then(|| format!("only {owner} may name {library}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::masked;

    fn breaches(path: &str, text: &str) -> Vec<String> {
        let file = File::planted(path, text);
        check(&file, &masked::rust(text))
            .into_iter()
            .map(|p| format!("{}:{}", p.line, p.what))
            .collect()
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert!(breaches("a.rs", "fn f() {}\n")[0].contains("does not open"));
        assert!(breaches("a.rs", "//! Why.\nfn f() {}\n").is_empty());
        assert!(breaches("a/generated/b.rs", "fn f() {}\n").is_empty());
        assert!(breaches("names.rs", "// Why.\n[\"a\"]\n").is_empty());
        assert_eq!(breaches("names.rs", "[\"a\"]\n").len(), 1);
    }

    #[test]
    fn unfinished_work_is_found_in_code_only() {
        let found = breaches(
            "a.rs",
            "//! Why.\nfn f() { todo!() }\nfn g() { dbg!(1); unimplemented!(); }\n",
        );
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(breaches("a.rs", "//! Why: todo!()\nconst S: &str = \"dbg!(\";\n").is_empty());
    }

    #[test]
    fn a_test_switched_off_is_found() {
        assert_eq!(
            breaches("a.rs", "//! Why.\n#[ignore = \"slow\"]\nfn f() {}\n").len(),
            1
        );
        assert_eq!(
            breaches(
                "a.rs",
                "//! Why.\n#[cfg(test)]\nmod t { #[ignore]\nfn f() {} }\n"
            )
            .len(),
            1
        );
    }

    #[test]
    fn a_library_named_outside_its_crate_is_found() {
        assert_eq!(
            breaches("crates/client/src/a.rs", "//! W.\nuse tauri::Window;\n").len(),
            1
        );
        assert_eq!(
            breaches(
                "crates/client/src/a.rs",
                "//! W.\nfn f(x: tauri_specta::Event) {}\n"
            )
            .len(),
            1
        );
        assert_eq!(
            breaches("crates/booking/src/a.rs", "//! W.\nuse axum::Router;\n").len(),
            1
        );
        assert!(breaches("src-tauri/src/a.rs", "//! W.\nuse tauri::Window;\n").is_empty());
        assert!(breaches("crates/server/src/a.rs", "//! W.\nuse axum::Router;\n").is_empty());
        assert!(breaches("xtask/src/a.rs", "//! W.\nlet tauri_config = 1;\n").is_empty());
    }
}
