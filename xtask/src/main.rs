//! The tasks of this repository, as `cargo xtask COMMAND`. Written with the standard library alone, so that it compiles
//! in seconds on a machine that has nothing but Rust and a C compiler, and can then install the rest.

mod bench;
mod cli;
mod codegen;
mod console;
mod deny;
mod fuzz;
mod localstripe;
mod machines;
mod message_tools;
mod node;
mod package;
mod paths;
mod planted;
mod process;
mod run;
mod session;
mod signals;
mod stamp;
mod system;
mod test;
mod tidy;

use std::env;
use std::process::ExitCode;

use cli::{Parsed, Spec, Stop};

type Task = fn(&Parsed) -> Result<(), String>;

const TASKS: &[(Spec, Task)] = &[
    (run::SPEC, run::run),
    (test::SPEC, test::run),
    (codegen::SPEC, codegen::run),
    (tidy::SPEC, tidy::run),
    (bench::SPEC, bench::run),
    (machines::SPEC, machines::run),
    (package::SPEC, package::run),
    (planted::SPEC, planted::run),
    (fuzz::SPEC, fuzz::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", overview());
        return ExitCode::from(2);
    };
    if ["--help", "-h", "help"].contains(&name.as_str()) {
        print!("{}", overview());
        return ExitCode::SUCCESS;
    }
    let Some((spec, task)) = TASKS.iter().find(|(spec, _)| spec.command == name) else {
        eprintln!("xtask: there is no task `{name}`\n\n{}", overview());
        return ExitCode::from(2);
    };
    match cli::parse(spec, rest) {
        Err(Stop::Help) => {
            print!("{}", cli::help(spec));
            ExitCode::SUCCESS
        }
        Err(Stop::Refused(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::from(2)
        }
        Ok(parsed) => match task(&parsed) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("xtask {name}: {why}");
                ExitCode::FAILURE
            }
        },
    }
}

fn overview() -> String {
    let rows: Vec<String> = TASKS
        .iter()
        .map(|(spec, _)| format!("  {:8} {}\n", spec.command, spec.about))
        .collect();
    format!(
        "The tasks of Matinee's repository.\n\nUsage: cargo xtask TASK [FLAGS]\n\n{}\n\
         `cargo xtask TASK --help` tells a task's flags.\n",
        rows.concat()
    )
}
