//! Every target over its corpus, and over mutations of it that a seed decides: always the same ones.
//! `MATINEE_FUZZ_ROUNDS` makes it more.

use std::path::PathBuf;

/// What formats are made of: put in where chance alone would take too long.
const WORDS: &[&str] = &[
    "{}",
    "[]",
    "null",
    "-1",
    "1e400",
    "\"",
    "\\u0000",
    "%00",
    "..",
    "://",
    "@",
    ";",
    "=",
    "\r\n",
    "\n\n",
    "data:",
    "id:",
    "MT1:",
    "W/\"",
    "*",
    "18446744073709551615",
    "\u{feff}",
    "é",
    "postgres://",
    "sqlite:",
];
const LONGEST: usize = 20_000;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn mutate(dice: &mut fastrand::Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut data = seeds[dice.usize(..seeds.len())].clone();
    for _ in 0..dice.usize(1..6) {
        let at = dice.usize(..=data.len());
        let end = (at + dice.usize(..16)).min(data.len());
        match dice.u8(..6) {
            0 => drop(data.drain(at..end)),
            1 => drop(data.splice(at..at, WORDS[dice.usize(..WORDS.len())].bytes())),
            2 => data.insert(at, dice.u8(..)),
            3 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << dice.u8(..8);
                }
            }
            4 => {
                let again = data[at..end].to_vec();
                drop(data.splice(at..at, again));
            }
            _ => {
                let other = &seeds[dice.usize(..seeds.len())];
                let cut = dice.usize(..=other.len());
                data.truncate(at);
                data.extend_from_slice(&other[cut..]);
            }
        }
    }
    data.truncate(LONGEST);
    data
}

#[test]
fn no_target_falls_over() {
    let rounds = std::env::var("MATINEE_FUZZ_ROUNDS").ok();
    let rounds: usize = rounds.and_then(|text| text.parse().ok()).unwrap_or(5_000);
    for (name, run) in matinee_fuzz_targets::TARGETS {
        let seeds = corpus(name);
        assert!(!seeds.is_empty(), "{name} has no seed");
        for seed in &seeds {
            run(seed);
        }
        let mut dice = fastrand::Rng::with_seed(name.len() as u64);
        for _ in 0..rounds {
            let data = mutate(&mut dice, &seeds);
            let fell = std::panic::catch_unwind(|| run(&data)).is_err();
            assert!(
                !fell,
                "{name} falls over {:?}",
                String::from_utf8_lossy(&data)
            );
        }
    }
}
