//! Rules for every text file: no path of one person's machine, no conflict left over from a merge.

use super::{File, Problem};

/// Folders that exist on somebody's machine only. Written in two parts so that this file keeps its own rule.
const MACHINE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tm", "p/"),
    concat!("C:\\Us", "ers"),
];

pub fn check(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if let Some(path) = MACHINE.iter().find(|path| stands_alone(line, path)) {
            problems.push(Problem::new(
                file,
                index + 1,
                format!("`{path}` is a place on one machine only"),
            ));
        }
        if ["<<<<<<< ", ">>>>>>> "]
            .iter()
            .any(|mark| line.starts_with(mark))
        {
            problems.push(Problem::new(
                file,
                index + 1,
                "a merge conflict was left here",
            ));
        }
    }
    problems
}

/// An absolute path, not the tail of a longer one or of an address.
fn stands_alone(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~*})]/$@".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_found_and_relative_ones_left_alone() {
        let count = |text: &str| check(&File::planted("README.md", text)).len();
        assert_eq!(count(concat!("see /ro", "ot/notes")), 1);
        assert_eq!(count(concat!("'/ho", "me/me/x' and \"/tm", "p/x\"")), 1);
        assert_eq!(
            count("target/tmp/x, ./home/x and https://example.org/work/x"),
            0
        );
        assert_eq!(count("a\n<<<<<<< mine\n"), 1);
    }
}
