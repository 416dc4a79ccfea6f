//! The stages of `cargo xtask test`, in the order they run: what costs seconds first, then what needs the UI built,
//! then what needs everything compiled, and the real programs last.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tally::{self, Tally};
use super::virtual_desktop::VirtualDesktop;
use crate::node::{self, Node, peers};
use crate::system::{self, Wanted};
use crate::{deny, localstripe, message_tools, paths, process, tidy};

/// One stage. `absent` says why it cannot run yet.
pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    needs: Needs,
    absent: fn() -> Option<&'static str>,
    work: Work,
}

/// A check passes or not; a test runner also counts.
enum Work {
    Check(fn(&mut Context) -> Result<(), String>),
    Tests(fn(&mut Context) -> Result<Tally, String>),
}

/// What has to be there before a stage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    FrontEnd,
    Everything,
}

const BROWSER: &str = "tests/browser/run.mjs";
const BUILD: &[&str] = &["build", "--locked", "--workspace", "--bins", "--tests"];

pub const STAGES: &[Stage] = &[
    check("format", "Rust formatting", Needs::Nothing, |_| {
        process::run(&mut process::cargo(&["fmt", "--all", "--check"]))
    }),
    check("tidy", "the house rules", Needs::Nothing, |_| tidy::check()),
    check("ui-format", "UI formatting", Needs::FrontEnd, |c| {
        c.script("format:check")
    }),
    check("ui-types", "svelte-check", Needs::FrontEnd, |c| {
        c.script("check")
    }),
    check("ui-lint", "eslint", Needs::FrontEnd, |c| c.script("lint")),
    check("ui-styles", "stylelint", Needs::FrontEnd, |c| {
        c.script("stylelint")
    }),
    check("ui-unused", "knip", Needs::FrontEnd, |c| c.script("knip")),
    tests("ui-unit", "the UI's unit tests (vitest)", always, |c| {
        counted(&mut c.node()?.script("test")?)
    })
    .needing(Needs::FrontEnd),
    check("ui-build", "the UI itself", Needs::FrontEnd, |c| {
        c.node()?.build_ui()
    }),
    check(
        "deny",
        "licences, bans and sources of dependencies",
        Needs::Nothing,
        |c| deny::check(c.may_install),
    ),
    check(
        "clippy",
        "Rust lints, warnings are errors",
        Needs::Everything,
        |_| {
            let all = ["clippy", "--locked", "--workspace", "--all-targets"];
            process::run(process::cargo(&all).args(["--", "-D", "warnings"]))
        },
    ),
    check("build", "programs and tests", Needs::Everything, |c| {
        c.build()
    }),
    tests(
        "rust",
        "unit, property, contract and whole-system tests (cargo test)",
        always,
        |c| {
            let all = ["test", "--locked", "--workspace", "--no-fail-fast"];
            counted(c.with_programs(&mut process::cargo(&all))?)
        },
    ),
    tests(
        "browser",
        "the UI in Chromium against a real server",
        browser_absent,
        |c| {
            let mut node = c.node()?.command("node", &[BROWSER])?;
            counted(c.with_programs(&mut node)?)
        },
    ),
    tests(
        "desktop",
        "the real app on a virtual display, with a real keyring",
        desktop_absent,
        desktop,
    ),
];

const fn check(
    name: &'static str,
    about: &'static str,
    needs: Needs,
    work: fn(&mut Context) -> Result<(), String>,
) -> Stage {
    Stage {
        name,
        about,
        needs,
        absent: always,
        work: Work::Check(work),
    }
}

const fn tests(
    name: &'static str,
    about: &'static str,
    absent: fn() -> Option<&'static str>,
    work: fn(&mut Context) -> Result<Tally, String>,
) -> Stage {
    Stage {
        name,
        about,
        needs: Needs::Everything,
        absent,
        work: Work::Tests(work),
    }
}

impl Stage {
    const fn needing(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    pub fn absent(&self) -> Option<&'static str> {
        (self.absent)()
    }

    /// Runs the stage; a test runner's count comes back with it.
    pub fn run(&self, context: &mut Context) -> Result<Option<Tally>, String> {
        match self.work {
            Work::Check(work) => work(context).map(|()| None),
            Work::Tests(work) => work(context).map(Some),
        }
    }
}

fn always() -> Option<&'static str> {
    None
}

fn browser_absent() -> Option<&'static str> {
    let there = paths::root().join(BROWSER).is_file();
    (!there).then_some("tests/browser/run.mjs does not exist")
}

/// Cargo finds a test target by its file or by its entry in the manifest.
fn desktop_absent() -> Option<&'static str> {
    let tests = paths::root().join("tests");
    let manifest = std::fs::read_to_string(tests.join("Cargo.toml")).unwrap_or_default();
    let there = manifest.contains("name = \"desktop\"")
        || tests.join("tests/desktop.rs").is_file()
        || tests.join("tests/desktop/main.rs").is_file();
    (!there).then_some("tests/Cargo.toml has no target `desktop`")
}

/// What the stages share: what is installed, and what is built.
pub struct Context {
    may_install: bool,
    node: Option<Node>,
    localstripe: Option<PathBuf>,
    built: bool,
}

impl Context {
    pub fn new(may_install: bool) -> Self {
        Self {
            may_install,
            node: None,
            localstripe: None,
            built: false,
        }
    }

    /// Installs what the chosen stages need, before any of them runs: a machine that lacks something says so at once.
    pub fn prepare(&mut self, stages: &[&Stage]) -> Result<(), String> {
        let needs = stages.iter().map(|stage| stage.needs).max();
        if needs == Some(Needs::Everything) {
            let wanted = Wanted {
                shell: true,
                session: true,
                test: true,
                bench: false,
            };
            system::ensure(wanted, self.may_install)?;
            self.localstripe = Some(localstripe::ensure(self.may_install)?);
        }
        if needs >= Some(Needs::FrontEnd) {
            self.node = Some(node::ensure(self.may_install)?);
        }
        if needs == Some(Needs::Everything) {
            self.node()?.install_peer(peers::OPENID, self.may_install)?;
        }
        // The shell embeds the built UI, so that nothing of Rust's compiles without it.
        let builds_ui = stages.iter().any(|stage| stage.name == "ui-build");
        if needs == Some(Needs::Everything) && !builds_ui {
            self.node()?.build_ui()?;
        }
        Ok(())
    }

    fn node(&self) -> Result<&Node, String> {
        self.node
            .as_ref()
            .ok_or_else(|| "Node was not set up for this stage".to_owned())
    }

    fn script(&self, name: &str) -> Result<(), String> {
        process::run(&mut self.node()?.script(name)?)
    }

    fn build(&mut self) -> Result<(), String> {
        if !self.built {
            process::run(&mut process::cargo(BUILD))?;
            self.built = true;
        }
        Ok(())
    }

    /// Tells a test runner where the programs are, having built them. (Cargo's own variables for this do not reach
    /// from one package to another.)
    fn with_programs<'c>(&mut self, command: &'c mut Command) -> Result<&'c mut Command, String> {
        self.build()?;
        let chromium = ["chromium", "chromium-browser", "google-chrome"]
            .iter()
            .find_map(|name| process::find(name));
        if let Some(program) = chromium {
            command.env("MATINEE_CHROMIUM", program);
        }
        if let Some(folder) = &self.localstripe {
            command.env("MATINEE_LOCALSTRIPE", folder);
        }
        self.node()?.apply(command)?;
        let messages = message_tools::ensure(self.node()?, self.may_install)?;
        Ok(command
            .env("MATINEE_MESSAGE_TOOLS", messages)
            .env("MATINEE_SERVER_BIN", paths::binary("matinee-server", false))
            .env("MATINEE_APP_BIN", paths::binary("matinee-app", false))
            .env("MATINEE_UI", paths::ui_build())
            .env("MATINEE_OPENID_MODULES", peers::OPENID.modules())
            .env("MATINEE_UI_MODULES", paths::ui().join("node_modules")))
    }
}

/// Runs a test runner and reads what it counted. An unhappy end without a counted failure is an error by itself.
fn counted(command: &mut Command) -> Result<Tally, String> {
    let shown = process::run_and_read(command)?;
    let tally = tally::read(&shown.text);
    if shown.success || tally.failed > 0 {
        Ok(tally)
    } else {
        let line = process::describe(command);
        Err(format!("`{line}` failed outside its tests ({tally})"))
    }
}

fn desktop(context: &mut Context) -> Result<Tally, String> {
    let desktop = VirtualDesktop::start()?;
    let mut cargo = process::cargo(&["test", "--locked", "--workspace", "--test", "desktop"]);
    // Ignored everywhere else, so that `cargo test` alone opens no window and counts nothing it did not do.
    cargo.args(["--", "--ignored", "--test-threads", "1"]);
    let mut command = desktop.command(Path::new(cargo.get_program()))?;
    command.args(cargo.get_args());
    for (name, value) in cargo.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    // The driver passes its environment on to the app, which lets itself be driven only when told so.
    command.env("TAURI_WEBVIEW_AUTOMATION", "true");
    counted(context.with_programs(&mut command)?)
}
