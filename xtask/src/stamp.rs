//! Stamps: a step that made something notes a fingerprint of what it was made from, and is skipped while that holds.
//! Fingerprints are of contents, not of dates, which a fresh clone does not keep.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// A fingerprint of every file below `folder` but those in the folders of these names.
pub fn fingerprint(folder: &Path, skip: &[&str]) -> Result<String, String> {
    let mut files = Vec::new();
    collect(folder, skip, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in &files {
        let name = file.strip_prefix(folder).unwrap_or(file);
        hasher.write(name.to_string_lossy().as_bytes());
        hasher.write(&read(file)?);
        hasher.write_u8(0);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// A fingerprint of one file's contents, and of a word that must not change either.
pub fn fingerprint_file(file: &Path, word: &str) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&read(file)?);
    hasher.write(word.as_bytes());
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, skip: &[&str], files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
        let path = entry.path();
        if !path.is_dir() {
            files.push(path);
        } else if !skip.iter().any(|name| entry.file_name() == **name) {
            collect(&path, skip, files)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Whether the stamp says `fingerprint`.
pub fn holds(stamp: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == fingerprint)
}

/// Notes `fingerprint` for the next time.
pub fn set(stamp: &Path, fingerprint: &str) -> Result<(), String> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::write(stamp, fingerprint).map_err(|error| format!("{}: {error}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_follows_contents_and_names_only() {
        let folder = crate::paths::scratch().join(format!("stamp-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("skipped")).unwrap();
        fs::write(folder.join("a"), "1").unwrap();
        let first = fingerprint(&folder, &["skipped"]).unwrap();
        fs::write(folder.join("skipped/b"), "x").unwrap();
        fs::write(folder.join("a"), "1").unwrap();
        assert_eq!(fingerprint(&folder, &["skipped"]).unwrap(), first);
        fs::write(folder.join("a"), "2").unwrap();
        assert_ne!(fingerprint(&folder, &["skipped"]).unwrap(), first);
        fs::remove_dir_all(folder).unwrap();
    }
}
