//! Running other programs: to completion, for their output, or while both showing and reading what they print.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A program with its arguments, in the root of the checkout unless said otherwise.
pub fn command<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(crate::paths::root());
    command
}

/// The cargo that runs us. It told us about this very package; a build that hears of it makes anew what a cargo called by
/// hand has made (`ring`, and all that needs it), and the other way round.
pub fn cargo<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = command(
        env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        arguments,
    );
    for (name, _) in env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to completion; any end but success is an error that names the command.
pub fn run(command: &mut Command) -> Result<(), String> {
    let line = describe(command);
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` did not start: {error}")),
    }
}

/// What a program printed on stdout, if it ran and succeeded.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let answer = command(program, arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    answer
        .status
        .success()
        .then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// The end of a command whose output was shown and kept.
pub struct Shown {
    pub success: bool,
    pub text: String,
}

/// Runs to completion, shows everything the program prints and hands it back.
pub fn run_and_read(command: &mut Command) -> Result<Shown, String> {
    let line = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{line}` did not start: {error}"))?;
    let errors = child
        .stderr
        .take()
        .map(|pipe| thread::spawn(move || tee(pipe, &mut std::io::stderr())));
    let mut text = match child.stdout.take() {
        Some(pipe) => tee(pipe, &mut std::io::stdout()),
        None => String::new(),
    };
    if let Some(more) = errors.and_then(|reader| reader.join().ok()) {
        text.push_str(&more);
    }
    let status = child
        .wait()
        .map_err(|error| format!("`{line}` could not be waited for: {error}"))?;
    Ok(Shown {
        success: status.success(),
        text,
    })
}

fn tee(pipe: impl Read, out: &mut impl Write) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(n) if n > 0) {
        // A closed terminal must not stop the program whose output we read.
        let _ = out.write_all(&line).and_then(|()| out.flush());
        text.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    text
}

/// The command as one would type it, for messages.
pub fn describe(command: &Command) -> String {
    let mut words = vec![short(command.get_program())];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

fn short(program: &OsStr) -> String {
    let name = Path::new(program).file_name().unwrap_or(program);
    name.to_string_lossy().into_owned()
}

/// Finds a program the way a shell does.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The PATH with one folder before it.
pub fn path_with(folder: &Path) -> Result<std::ffi::OsString, String> {
    let old = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_path_buf()).chain(env::split_paths(&old));
    env::join_paths(folders).map_err(|error| format!("PATH cannot be extended: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_shown_and_kept_from_both_streams() {
        let shown = run_and_read(&mut command("sh", &["-c", "echo out; echo err >&2"])).unwrap();
        assert!(shown.success);
        assert!(shown.text.contains("out") && shown.text.contains("err"));
    }

    #[test]
    fn a_failure_names_the_command() {
        let why = run(&mut command("sh", &["-c", "exit 3"])).unwrap_err();
        assert!(why.contains("sh -c exit 3"), "{why}");
        let why = run(&mut command("no-such-program-here", &[""; 0])).unwrap_err();
        assert!(why.contains("did not start"), "{why}");
    }
}
