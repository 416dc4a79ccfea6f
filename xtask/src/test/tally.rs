//! Reads how many tests ran out of what the runners print: cargo's result lines, vitest's summary, and the plain
//! `N passed, N failed` with which our own runners close.

use std::fmt;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Adds up every summary in `output`.
pub fn read(output: &str) -> Tally {
    let mut sum = Tally::default();
    for line in output.lines() {
        let plain = without_colours(line);
        if let Some(tally) = summary(plain.trim()) {
            sum.add(tally);
        }
    }
    sum
}

fn summary(line: &str) -> Option<Tally> {
    if let Some(rest) = line.strip_prefix("test result: ") {
        return Some(counts(rest, &['.', ';']));
    }
    // vitest prints the same for files under "Test Files"; only "Tests" counts tests.
    if let Some(rest) = line.strip_prefix("Tests ") {
        let rest = rest.trim();
        return rest
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| counts(rest, &['|', '(']));
    }
    plain(line)
}

/// `[WORD:] N passed, N failed[, N skipped]`, alone on its line.
fn plain(line: &str) -> Option<Tally> {
    let line = match line.split_once(": ") {
        Some((word, rest)) if !word.contains(' ') => rest,
        _ => line,
    };
    let parts: Vec<&str> = line.split(", ").collect();
    let shape = ["passed", "failed", "skipped"];
    let fits = (2..=3).contains(&parts.len())
        && parts.iter().zip(shape).all(|(part, word)| {
            part.split_once(' ')
                .is_some_and(|(number, rest)| rest == word && number.parse::<u64>().is_ok())
        });
    fits.then(|| counts(line, &[',']))
}

/// Every `N word` between the separators.
fn counts(text: &str, separators: &[char]) -> Tally {
    let mut tally = Tally::default();
    for part in text.split(separators) {
        let mut words = part.split_whitespace();
        let (Some(number), Some(word)) = (words.next(), words.next()) else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match word {
            "passed" => tally.passed += number,
            "failed" => tally.failed += number,
            "skipped" | "ignored" | "todo" => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut inside = false;
    for character in line.chars() {
        match (inside, character) {
            (false, '\u{1b}') => inside = true,
            (true, 'a'..='z' | 'A'..='Z') => inside = false,
            (true, _) => {}
            (false, other) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargo_result_lines_are_added_up() {
        let output = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.1s\n\
                      noise\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(read(output), tally(13, 2, 1));
    }

    #[test]
    fn vitest_is_read_once_with_and_without_colours() {
        let output =
            " Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 11 passed (12)\n";
        assert_eq!(read(output), tally(11, 1, 0));
        let colours = "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m4 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (4)\u{1b}[39m";
        assert_eq!(read(colours), tally(4, 0, 0));
    }

    #[test]
    fn the_plain_closing_line_counts_only_alone_on_its_line() {
        assert_eq!(
            read("browser: 7 passed, 1 failed, 2 skipped"),
            tally(7, 1, 2)
        );
        assert_eq!(read("7 passed, 1 failed"), tally(7, 1, 0));
        assert_eq!(read("we saw 7 passed, 1 failed"), tally(0, 0, 0));
        assert_eq!(read("7 passed"), tally(0, 0, 0));
    }
}
