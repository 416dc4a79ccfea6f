//! Programs that end with the test, also when the test is killed: a shell waits for that and ends them.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// A program on a leash.
pub struct Leash {
    child: Child,
    watcher: Option<Child>,
}

/// A command inside a network namespace, or here.
pub fn inside(namespace: Option<&str>, program: impl AsRef<Path>) -> Command {
    let Some(namespace) = namespace else {
        return Command::new(program.as_ref());
    };
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace]);
    command.arg(program.as_ref());
    command
}

impl Leash {
    /// Starts a program; what it prints goes to `log`.
    pub fn spawn(command: &mut Command, log: &Path) -> io::Result<Self> {
        let log = fs::File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let watcher = Command::new("sh")
            .args(["-c", "read -r _; kill -KILL \"$0\""])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            child,
            watcher: Some(watcher),
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it and what it started at the same moment, as a power cut would.
    pub fn kill(&mut self) -> io::Result<()> {
        let children = format!("/proc/{0}/task/{0}/children", self.pid());
        let children = fs::read_to_string(children).unwrap_or_default();
        Command::new("kill")
            .arg("-KILL")
            .arg(self.pid().to_string())
            .args(children.split_whitespace())
            // A child may have ended in between.
            .stderr(Stdio::null())
            .status()?;
        self.wait().map(|_| ())
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.unleash();
        Ok(status)
    }

    /// The watcher must not end a stranger who got the same number later.
    fn unleash(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            let _ = watcher.kill();
            let _ = watcher.wait();
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if self.watcher.is_some() {
            let _ = self.kill();
        }
    }
}

/// A folder that PostgreSQL's user owns, removed in the end.
pub struct OwnFolder(PathBuf);

impl OwnFolder {
    /// A fresh one, made by this command's user.
    pub fn made_by(mut mktemp: Command) -> io::Result<Self> {
        let template = std::env::temp_dir().join("matinee-machines-XXXXXX");
        let made = mktemp.arg("-d").arg(template).output()?;
        if !made.status.success() {
            let why = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(io::Error::other(why));
        }
        let name = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        Ok(Self(PathBuf::from(name)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The end of a log, for messages.
pub fn tail(log: &Path) -> String {
    let mut text = String::new();
    let read = fs::File::open(log).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() {
        return String::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
