//! `cargo xtask run`: from a clone to Matinee in front of you. Installs what is missing, builds the UI and then the
//! programs, starts a server with the demo data and the app's window beside it, and stops both when asked to or when
//! the window closes. Without a display the server alone runs and its address is printed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::{Flag, Parsed, Spec};
use crate::console::{elapsed, say, step};
use crate::node::Node;
use crate::system::Wanted;
use crate::{node, paths, process, session, signals, system};

pub const SPEC: Spec = Spec {
    command: "run",
    about: "Builds Matinee and runs it: a server with demo data and the app's window; without a display, the server alone.",
    flags: &[
        Flag {
            name: "--no-install",
            value: None,
            help: "install nothing; say what is missing and stop",
        },
        Flag {
            name: "--release",
            value: None,
            help: "build with optimisation",
        },
        Flag {
            name: "--app-only",
            value: None,
            help: "start the app with no server, to see it work offline",
        },
        Flag {
            name: "--server-only",
            value: None,
            help: "start the server with no window",
        },
        Flag {
            name: "--data",
            value: Some("DIR"),
            help: "where the server keeps its data (default: target/demo)",
        },
        Flag {
            name: "--port",
            value: Some("N"),
            help: "the server's port (default: 8080, or a free one when it is taken)",
        },
    ],
    rest: None,
};

const USUAL_PORT: u16 = 8080;
/// Filling the demo data takes seconds; a debug build on a busy machine may need more.
const SERVER_START: Duration = Duration::from_mins(3);
const SERVER_END: Duration = Duration::from_secs(10);
const APP_END: Duration = Duration::from_secs(5);

/// What this start consists of.
struct Plan {
    server: bool,
    app: bool,
    release: bool,
    data: PathBuf,
    port: Option<u16>,
}

pub fn run(arguments: &Parsed) -> Result<(), String> {
    let begun = Instant::now();
    let plan = Plan::from(arguments)?;
    let may_install = !arguments.has("--no-install");
    system::ensure(
        Wanted {
            shell: plan.app,
            session: plan.app && session::needs_bus(),
            test: false,
            bench: false,
        },
        may_install,
    )?;
    let node = node::ensure(may_install)?;
    build(&plan, &node)?;
    say(&format!(
        "ready to start after {}",
        elapsed(begun.elapsed())
    ));
    signals::listen();
    start(&plan)
}

impl Plan {
    fn from(arguments: &Parsed) -> Result<Self, String> {
        let app_only = arguments.has("--app-only");
        let server_only = arguments.has("--server-only");
        if app_only && server_only {
            return Err("--app-only and --server-only exclude each other".to_owned());
        }
        let display = session::has_display();
        if app_only && !display {
            return Err(
                "--app-only needs a display: neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned(),
            );
        }
        let port = match arguments.value("--port") {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_| format!("--port {text}: not a port number"))?,
            ),
        };
        let data = match arguments.value("--data") {
            Some(folder) => {
                std::path::absolute(folder).map_err(|error| format!("--data {folder}: {error}"))?
            }
            None => paths::target().join("demo"),
        };
        Ok(Self {
            server: !app_only,
            app: !server_only && display,
            release: arguments.has("--release"),
            data,
            port,
        })
    }
}

fn build(plan: &Plan, node: &Node) -> Result<(), String> {
    node.build_ui()?;
    // One call builds all that is needed. `--workspace` keeps the dependencies' features, and so what is already
    // built, the same as in `cargo xtask test`; a release build leaves it out to ship no test-only feature.
    let mut arguments = vec!["build"];
    let mut names = Vec::new();
    if plan.server {
        names.push("matinee-server");
    }
    if plan.app {
        names.push("matinee-app");
    }
    if plan.release {
        arguments.push("--release");
        for name in &names {
            arguments.extend(["-p", name]);
        }
    } else {
        arguments.push("--workspace");
        for name in &names {
            arguments.extend(["--bin", name]);
        }
    }
    step(
        &format!(
            "building {} (the first time takes minutes)",
            names.join(" and ")
        ),
        || process::run(&mut process::cargo(&arguments)),
    )
}

fn start(plan: &Plan) -> Result<(), String> {
    fs::create_dir_all(&plan.data).map_err(|error| format!("{}: {error}", plan.data.display()))?;
    let mut server = if plan.server {
        Some(Server::start(plan)?)
    } else {
        None
    };
    let outcome = accompany(plan, server.as_mut());
    if let Some(mut server) = server {
        let begun = Instant::now();
        if signals::stop(&mut server.child, SERVER_END).is_some() {
            say(&format!(
                "the server has stopped ({})",
                elapsed(begun.elapsed())
            ));
        }
    }
    outcome
}

/// Runs the window, if there is to be one, and waits for whatever ends first.
fn accompany(plan: &Plan, server: Option<&mut Server>) -> Result<(), String> {
    let address = server.as_ref().map(|server| server.address.clone());
    if let Some(address) = &address {
        say(&format!(
            "Matinee is at http://{address}/ for any browser on this machine"
        ));
        say(&format!("its data is in {}", plan.data.display()));
    }
    if !plan.app {
        say("press Ctrl-C to stop");
        return wait(server, None);
    }
    let mut command = app_command(plan, address.as_deref())?;
    // The app may run inside a session of its own, which has to end with it.
    signals::lead_group(&mut command);
    let mut app = command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("the app did not start: {error}"))?;
    say("the app's window is opening; close it, or press Ctrl-C here, to stop");
    let outcome = wait(server, Some(&mut app));
    signals::stop_group(&mut app, APP_END);
    outcome
}

fn app_command(plan: &Plan, address: Option<&str>) -> Result<Command, String> {
    let program = paths::binary("matinee-app", plan.release);
    let mut command = session::command_in_session(&program, &plan.data.join("keyring"))?;
    // With --app-only the address is the usual one: nobody answers there, and that is the point.
    let usual = format!("127.0.0.1:{}", plan.port.unwrap_or(USUAL_PORT));
    let address = address.unwrap_or(&usual);
    command.env("MATINEE_SERVER", format!("http://{address}"));
    Ok(command)
}

/// Waits until somebody asks to stop, the window closes or the server ends.
fn wait(mut server: Option<&mut Server>, mut app: Option<&mut Child>) -> Result<(), String> {
    loop {
        if signals::stop_asked() {
            say("stopping …");
            return Ok(());
        }
        if let Some(server) = &mut server
            && let Ok(Some(status)) = server.child.try_wait()
        {
            // Ctrl-C reaches the server too; it may be quicker than we are.
            thread::sleep(signals::TICK);
            if signals::stop_asked() {
                return Ok(());
            }
            return Err(format!("the server ended by itself with {status}"));
        }
        if let Some(app) = &mut app
            && let Ok(Some(status)) = app.try_wait()
        {
            if status.success() || signals::stop_asked() {
                say("the window was closed");
                return Ok(());
            }
            return Err(format!("the app ended with {status}"));
        }
        thread::sleep(signals::TICK);
    }
}

/// A server that is ready.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(plan: &Plan) -> Result<Self, String> {
        let port = choose_port(plan.port)?;
        let mut command = server_command(plan, port);
        say("starting the server (the first start fills in the demo data) …");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the server did not start: {error}"))?;
        let Some(output) = child.stdout.take() else {
            return Err("the server's output could not be read".to_owned());
        };
        match ready(&watch(output), &mut child) {
            Ok(address) => Ok(Self { child, address }),
            Err(problem) => {
                signals::stop(&mut child, SERVER_END);
                Err(problem)
            }
        }
    }
}

fn server_command(plan: &Plan, port: u16) -> Command {
    let mut command = Command::new(paths::binary("matinee-server", plan.release));
    command
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--database")
        .arg(database(&plan.data))
        .arg("--ui")
        .arg(paths::ui_build())
        .arg("--demo")
        // Mail and whatever else is written to relative paths lands with the data.
        .current_dir(&plan.data);
    command
}

fn database(data: &Path) -> std::ffi::OsString {
    let mut address = std::ffi::OsString::from("sqlite:");
    address.push(data.join("matinee.db"));
    address
}

/// The wished port, or the usual one when it is free, or any (0).
fn choose_port(wished: Option<u16>) -> Result<u16, String> {
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    match wished {
        Some(port) if port == 0 || free(port) => Ok(port),
        Some(port) => Err(format!(
            "port {port} is taken; choose another with --port N, or 0 for any"
        )),
        None if free(USUAL_PORT) => Ok(USUAL_PORT),
        None => {
            say(&format!(
                "port {USUAL_PORT} is taken: the server takes a free one"
            ));
            Ok(0)
        }
    }
}

/// Shows what the server prints, for as long as it runs, and hands over the address it announces.
fn watch(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            if let Some(address) = announced(&line) {
                // Nobody listens any more once the server is ready; further lines are only shown.
                let _ = sender.send(address.to_owned());
            }
        }
    });
    receiver
}

/// The address in `listening on http://ADDRESS`.
fn announced(line: &str) -> Option<&str> {
    let (_, address) = line.split_once("listening on http://")?;
    let address = address.trim().trim_end_matches('/');
    (!address.is_empty()).then_some(address)
}

fn ready(addresses: &Receiver<String>, child: &mut Child) -> Result<String, String> {
    let begun = Instant::now();
    loop {
        match addresses.recv_timeout(signals::TICK) {
            Ok(address) => {
                say(&format!(
                    "the server was ready after {}",
                    elapsed(begun.elapsed())
                ));
                return Ok(address);
            }
            Err(RecvTimeoutError::Disconnected) => {
                let end = child
                    .wait()
                    .map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(format!(
                    "the server ended before it was ready ({end}); see its messages above"
                ));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if signals::stop_asked() {
            return Err("stopped before the server was ready".to_owned());
        }
        if begun.elapsed() > SERVER_START {
            return Err(format!(
                "the server was not ready after {}",
                elapsed(SERVER_START)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announced_address_is_read() {
        assert_eq!(
            announced("listening on http://127.0.0.1:8080"),
            Some("127.0.0.1:8080")
        );
        assert_eq!(announced("listening on http://[::1]:9/\n"), Some("[::1]:9"));
        assert_eq!(announced("loading"), None);
    }

    #[test]
    fn a_wished_port_that_is_taken_is_refused_and_the_usual_one_gives_way() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(choose_port(Some(port)).unwrap_err().contains("taken"));
        assert!(choose_port(None).is_ok());
    }
}
