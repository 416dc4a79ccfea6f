//! `cargo xtask machines`: a ticket sale on several machines, each a network namespace, of which one after the other
//! fails under load. What is played, and what has to hold, is the test's business.

use std::process::Command;

use crate::cli::{Flag, Parsed, Spec};
use crate::{paths, process, system};

pub const SPEC: Spec = Spec {
    command: "machines",
    about: "Lets every machine of a sale fail in turn (network namespaces, HAProxy, PostgreSQL with a standby). Needs root.",
    flags: &[
        Flag {
            name: "--release",
            value: None,
            help: "with the server as it is shipped, built with optimisation",
        },
        Flag {
            name: "--seconds",
            value: Some("N"),
            help: "how long each state lasts (default 10)",
        },
        Flag {
            name: "--buyers",
            value: Some("N"),
            help: "how many come in a second (default 10)",
        },
        Flag {
            name: "--no-install",
            value: None,
            help: "install nothing; say what is missing and stop",
        },
    ],
    rest: None,
};

pub fn run(arguments: &Parsed) -> Result<(), String> {
    if process::output("id", &["-u"]).as_deref().map(str::trim) != Some("0") {
        return Err(
            "network namespaces need root; run it again as root (in a container: with CAP_NET_ADMIN and CAP_SYS_ADMIN)"
                .to_owned(),
        );
    }
    system::ensure_machines(!arguments.has("--no-install"))?;
    let release = arguments.has("--release");
    let mut build = vec!["build", "--locked", "-p", "matinee-server"];
    if release {
        build.push("--release");
    }
    process::run(&mut process::cargo(&build))?;
    let mut test = process::cargo(&[
        "test",
        "--locked",
        "-p",
        "matinee-tests",
        "--test",
        "machines",
    ]);
    test.args(["--", "--nocapture", "machines_fail_in_turn"]);
    test.env("MATINEE_MACHINES_SECONDS", "10");
    test.env(
        "MATINEE_SERVER_BIN",
        paths::binary("matinee-server", release),
    );
    set(
        &mut test,
        arguments,
        "--seconds",
        "MATINEE_MACHINES_SECONDS",
    )?;
    set(&mut test, arguments, "--buyers", "MATINEE_MACHINES_BUYERS")?;
    process::run(&mut test)
}

fn set(command: &mut Command, arguments: &Parsed, flag: &str, name: &str) -> Result<(), String> {
    let Some(text) = arguments.value(flag) else {
        return Ok(());
    };
    match text.parse::<u32>() {
        Ok(1..) => {
            command.env(name, text);
            Ok(())
        }
        _ => Err(format!("{flag} takes a number from 1, not `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_passed_on_and_anything_else_refused() {
        let given = |text: &str| {
            let words = ["--seconds".to_owned(), text.to_owned()];
            let parsed = crate::cli::parse(&SPEC, &words).map_err(|_| "refused".to_owned());
            let mut command = Command::new("true");
            parsed.and_then(|parsed| set(&mut command, &parsed, "--seconds", "N"))
        };
        assert_eq!(given("5"), Ok(()));
        assert!(given("0").is_err() && given("soon").is_err());
    }
}
