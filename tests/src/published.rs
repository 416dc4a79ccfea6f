//! What others say of what the server publishes: JSON-LD held against schema.org's vocabulary (`feeds/structured.mjs`),
//! calendars against RFC 5545 (`feeds/rfc5545.py`). Nobody here wrote the programs that read them; `cargo xtask test`
//! installs those beside the servers that messages go to.

use crate::{TestError, message_peers::tools};
use serde_json::Value;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("feeds")
        .join(name)
}

/// What the reader counted, or everything that it finds wrong.
fn read(mut command: Command, input: &[u8]) -> Result<String, TestError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("it reads nothing")?;
    let written = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output()?;
    if output.status.success() {
        written?;
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// JSON-LD documents, all at once: TypeScript's compiler takes seconds to start.
pub fn structured(documents: &[Value]) -> Result<String, TestError> {
    let mut command = Command::new("node");
    command.arg(script("structured.mjs")).arg(tools());
    read(command, &serde_json::to_vec(documents)?)
}

/// A calendar.
pub fn calendar(octets: &[u8]) -> Result<String, TestError> {
    let mut command = Command::new("python3");
    command.arg(script("rfc5545.py"));
    command.env("PYTHONPATH", tools().join("python"));
    read(command, octets)
}
