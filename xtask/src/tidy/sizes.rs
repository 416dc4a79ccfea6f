//! Rooms are small. A file past 400 lines is listed: a sign of two rooms. Past 800 it is an error.

use super::{File, Problem, has_kind};

const LISTED: usize = 400;
const LIMIT: usize = 800;

pub fn check(file: &File) -> Vec<Problem> {
    let lines = lines(file);
    if lines > LIMIT {
        vec![Problem::new(
            file,
            0,
            format!("has {lines} lines; over {LIMIT} it must be divided"),
        )]
    } else {
        Vec::new()
    }
}

/// The longest files, longest first.
pub fn report(files: &[File]) -> Vec<String> {
    let mut long: Vec<(usize, &str)> = files
        .iter()
        .map(|file| (lines(file), file.path.as_str()))
        .filter(|(lines, _)| *lines > LISTED)
        .collect();
    long.sort_unstable_by(|a, b| b.cmp(a));
    long.iter()
        .map(|(lines, path)| format!("{lines:5} lines (over {LISTED}): {path}"))
        .collect()
}

/// Lines of code and style; data, documents and generated files have no limit.
fn lines(file: &File) -> usize {
    let code = has_kind(
        &file.path,
        &["rs", "ts", "js", "mjs", "svelte", "css", "sql"],
    );
    if code && !file.is_generated() {
        file.text.lines().count()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_listed_and_very_long_ones_refused() {
        let file = |path: &str, lines: usize| File::planted(path, &"x\n".repeat(lines));
        assert!(report(&[file("a.rs", 400)]).is_empty());
        assert_eq!(
            report(&[file("a.rs", 401), file("b.rs", 500)])[0],
            "  500 lines (over 400): b.rs"
        );
        assert!(check(&file("a.rs", 800)).is_empty());
        assert_eq!(check(&file("a.rs", 801)).len(), 1);
        assert!(check(&file("ui/src/generated/a.ts", 9000)).is_empty());
    }
}
