//! `cargo xtask package`: what is handed to people: the app as a Debian package, and the server as an archive with the
//! UI it serves. Both are built with optimisation and with the shipped packages' features only.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Flag, Parsed, Spec};
use crate::console::{say, step};
use crate::node::{self, Node};
use crate::system::{self, Wanted};
use crate::{paths, planted, process};

pub const SPEC: Spec = Spec {
    command: "package",
    about: "Builds the app's Debian package and the server's archive.",
    flags: &[
        Flag {
            name: "--no-install",
            value: None,
            help: "install nothing; say what is missing and stop",
        },
        Flag {
            name: "--server-only",
            value: None,
            help: "leave the app out",
        },
        Flag {
            name: "--app-only",
            value: None,
            help: "leave the server out",
        },
    ],
    rest: None,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PAPERS: &[&str] = &["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

pub fn run(arguments: &Parsed) -> Result<(), String> {
    let (app, server) = (
        !arguments.has("--server-only"),
        !arguments.has("--app-only"),
    );
    if !app && !server {
        return Err("--app-only and --server-only exclude each other".to_owned());
    }
    let may_install = !arguments.has("--no-install");
    system::ensure(
        Wanted {
            shell: app,
            ..Wanted::default()
        },
        may_install,
    )?;
    let node = node::ensure(may_install)?;
    node.build_ui()?;
    let mut made = Vec::new();
    if server {
        made.push(server_archive()?);
    }
    if app {
        made.extend(app_package(&node)?);
    }
    for file in made {
        say(&format!("made {}", file.display()));
    }
    Ok(())
}

fn server_archive() -> Result<PathBuf, String> {
    step("building matinee-server with optimisation", || {
        process::run(&mut process::cargo(&[
            "build",
            "--release",
            "--locked",
            "-p",
            "matinee-server",
        ]))
    })?;
    planted::refuse_planted(&paths::binary("matinee-server", true))?;
    let name = format!(
        "matinee-server-{VERSION}-{}-{}",
        env::consts::ARCH,
        env::consts::OS
    );
    let folder = paths::target().join("package");
    let content = folder.join(&name);
    if content.exists() {
        fs::remove_dir_all(&content).map_err(|error| format!("{}: {error}", content.display()))?;
    }
    fs::create_dir_all(&content).map_err(|error| format!("{}: {error}", content.display()))?;
    copy(
        &paths::binary("matinee-server", true),
        &content.join("matinee-server"),
    )?;
    for paper in PAPERS {
        copy(&paths::root().join(paper), &content.join(paper))?;
    }
    process::run(
        process::command("cp", &["-R"])
            .arg(paths::ui_build())
            .arg(content.join("ui")),
    )?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let mut tar = process::command("tar", &["--owner=0", "--group=0", "-czf"]);
    process::run(tar.arg(&archive).arg("-C").arg(&folder).arg(&name))?;
    Ok(archive)
}

fn app_package(node: &Node) -> Result<Vec<PathBuf>, String> {
    let tauri = paths::ui().join("node_modules/.bin/tauri");
    if !tauri.exists() {
        return Err(
            "ui/package.json does not name @tauri-apps/cli, which makes the package".to_owned(),
        );
    }
    let folder = paths::target().join("release/bundle/deb");
    if folder.exists() {
        // An older version's package must not be taken for the new one.
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    step("building the app's package", || {
        let program = tauri.to_string_lossy();
        process::run(&mut node.command(
            &program,
            &["build", "--bundles", "deb", "--ci", "--", "--locked"],
        )?)
    })?;
    let made: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "deb"))
        .collect();
    if made.is_empty() {
        return Err(format!("{} holds no package", folder.display()));
    }
    Ok(made)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| format!("{}: {error}", from.display()))
}
