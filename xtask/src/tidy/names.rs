//! `Manager`, `Service`, `Helper` and `Util` name nothing: no type, module or file is called so. Using such a name from
//! a library is fine.

use super::masked::{Masked, words};
use super::{File, Problem, has_kind};

const EMPTY: &[&str] = &["manager", "service", "helper", "helpers", "util", "utils"];
/// Names that a framework fixes.
const FIXED: &[&str] = &["service-worker"];

pub fn check_rust(file: &File, masked: &Masked) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lines: Vec<&str> = masked.code.lines().collect();
    let mut defines = false;
    for (line, word, _) in words(&masked.code) {
        // An associated type is called what the library's trait calls it.
        let associated = lines[line - 1].trim_start() != lines[line - 1]
            && lines[line - 1].trim_start().starts_with("type ");
        if defines
            && !associated
            && let Some(empty) = empty_part(word)
        {
            problems.push(Problem::new(file, line, says_nothing(word, empty)));
        }
        defines = matches!(word, "struct" | "enum" | "trait" | "type" | "mod" | "union");
    }
    problems
}

/// The file's own name, and the types of the front end.
pub fn check_file(file: &File) -> Vec<Problem> {
    if !has_kind(&file.path, &["rs", "ts", "js", "svelte", "css"]) || file.is_generated() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or(name);
    if let Some(empty) = empty_part(stem).filter(|_| !FIXED.contains(&stem)) {
        problems.push(Problem::new(file, 0, says_nothing(name, empty)));
    }
    if !file.is_rust() {
        problems.extend(front_end_types(file));
    }
    problems
}

fn front_end_types(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let line = line
            .trim_start()
            .trim_start_matches("export ")
            .trim_start_matches("default ");
        let Some((keyword, rest)) = line.split_once(' ') else {
            continue;
        };
        if !matches!(keyword, "class" | "interface" | "type" | "enum") {
            continue;
        }
        let name = rest
            .split(|c| !super::masked::is_word(c))
            .next()
            .unwrap_or_default();
        if let Some(empty) = empty_part(name) {
            problems.push(Problem::new(file, index + 1, says_nothing(name, empty)));
        }
    }
    problems
}

fn says_nothing(name: &str, empty: &str) -> String {
    format!("`{name}`: the word `{empty}` says nothing; name what it is or does")
}

/// The empty word in a name written as CamelCase, snake_case or kebab-case.
fn empty_part(name: &str) -> Option<&'static str> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c == '-' || c.is_uppercase() {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c.is_alphanumeric()) {
            part.extend(c.to_lowercase());
        }
    }
    EMPTY
        .iter()
        .copied()
        .find(|empty| parts.iter().any(|part| part == empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::masked;

    fn in_rust(text: &str) -> usize {
        check_rust(&File::planted("a.rs", text), &masked::rust(text)).len()
    }

    #[test]
    fn empty_names_are_found_where_they_are_defined() {
        assert_eq!(in_rust("struct BookingManager;"), 1);
        assert_eq!(
            in_rust("pub trait SeatService {}\nmod util;\nenum HelperKind {}"),
            3
        );
        assert_eq!(
            in_rust("use tauri::Manager;\nfn f(s: impl tower::Service) {}"),
            0
        );
        assert_eq!(in_rust("impl Layer for L {\n    type Service = S;\n}"), 0);
        assert_eq!(in_rust("type SeatService = S;"), 1);
        assert_eq!(in_rust("struct Utility;\nstruct Serviced;"), 0);
    }

    #[test]
    fn empty_file_and_front_end_names_are_found() {
        let count = |path: &str, text: &str| check_file(&File::planted(path, text)).len();
        assert_eq!(count("crates/x/src/utils.rs", ""), 1);
        assert_eq!(count("ui/src/lib/date-helpers.ts", ""), 1);
        assert_eq!(count("ui/src/service-worker.ts", ""), 0);
        assert_eq!(
            count(
                "ui/src/a.ts",
                "export class SeatManager {}\ninterface Util {}\n"
            ),
            2
        );
        assert_eq!(
            count("ui/src/a.ts", "// type Helper\nconst service = 1;\n"),
            0
        );
    }
}
