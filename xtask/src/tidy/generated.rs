//! Generated files are committed. Whether they equal what the generator writes is compared by the generators' own
//! tests; this only finds one that was never written or that was forgotten.

use super::{File, Problem};

/// The folder that holds a generator, and what it writes.
const WRITTEN: &[(&str, &str)] = &[
    ("crates/api/", "ui/src/lib/platform/generated/api.ts"),
    ("src-tauri/", "ui/src/lib/platform/generated/shell.ts"),
];

pub fn check(files: &[File]) -> Vec<Problem> {
    let has = |path: &str| files.iter().any(|file| file.path == path);
    WRITTEN
        .iter()
        .filter(|(folder, path)| generates(files, folder) && !has(path))
        .map(|(folder, path)| Problem {
            path: (*path).to_owned(),
            line: 0,
            what: format!("is missing; {folder} generates it: `cargo xtask codegen`"),
        })
        .collect()
}

fn generates(files: &[File], folder: &str) -> bool {
    files.iter().any(|file| {
        file.is_rust() && file.path.starts_with(folder) && file.text.contains("fn codegen_")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_file_that_is_missing_is_found() {
        let generator = File::planted("crates/api/tests/codegen.rs", "fn codegen_types() {}");
        assert_eq!(check(std::slice::from_ref(&generator)).len(), 1);
        let written = File::planted("ui/src/lib/platform/generated/api.ts", "");
        assert!(check(&[generator, written]).is_empty());
        assert!(check(&[]).is_empty());
    }
}
