//! `cargo xtask bench`: builds the server and the load generator as they are shipped, and runs the one against the
//! other. What is measured, and how, is the load generator's business.

use crate::cli::{Parsed, Spec};
use crate::console::step;
use crate::system::{self, Wanted};
use crate::{paths, process};

pub const SPEC: Spec = Spec {
    command: "bench",
    about: "Builds the server with optimisation and measures it; ARGS go to the load generator (try `-- --help`).",
    flags: &[],
    rest: Some(("ARGS", "arguments for the load generator")),
};

pub fn run(arguments: &Parsed) -> Result<(), String> {
    let wanted = Wanted {
        bench: true,
        ..Wanted::default()
    };
    system::ensure(wanted, true)?;
    // Together, so that shared dependencies are built once: the load generator asks for no feature of them that the
    // server does not, so the server measured is the one that is shipped.
    let build = [
        "build",
        "--release",
        "-p",
        "matinee-server",
        "-p",
        "matinee-bench",
    ];
    step(
        "building the server and the load generator with optimisation",
        || process::run(&mut process::cargo(&build)),
    )?;
    let mut bench = process::command(paths::binary("matinee-bench", true), &arguments.rest);
    bench.env("MATINEE_SERVER_BIN", paths::binary("matinee-server", true));
    process::run(&mut bench)
}
