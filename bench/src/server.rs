//! The server under test: the shipped program on a database of its own, started, looked at and stopped.

use crate::{database::Database, failure::Failure, load::Watched, proc};
use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// After this long without a request a server counts as idle.
const REST: Duration = Duration::from_secs(3);
const STOPS_WITHIN: Duration = Duration::from_secs(20);

pub struct ServerProcess {
    child: Child,
    binary: PathBuf,
    database: Database,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts it without rate limits, paid by the sandbox, on a free port of the loopback.
    pub fn start(
        binary: &Path,
        folder: &Path,
        database: Database,
        more: &[&str],
    ) -> Result<Self, Failure> {
        Self::run(Command::new(binary), binary, folder, database, more)
    }

    /// The same, held to one core from its start on (util-linux' `taskset`).
    pub fn start_on_core(
        binary: &Path,
        folder: &Path,
        database: Database,
        core: usize,
    ) -> Result<Self, Failure> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &core.to_string()]).arg(binary);
        Self::run(command, binary, folder, database, &[])
    }

    fn run(
        mut command: Command,
        binary: &Path,
        folder: &Path,
        database: Database,
        more: &[&str],
    ) -> Result<Self, Failure> {
        let name = format!("{}-{}.log", database.name(), std::process::id());
        let log = folder.join(name);
        let mut child = command
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--gateway", "sandbox"])
            .args(["--hold-minutes", "20", "--rate-limit", "off"])
            .args(["--log-level", "warn"])
            .args(more)
            .arg("--mail-dir")
            .arg(folder.join(format!("{}-mail", database.name())))
            .env("MATINEE_DATABASE", database.url())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .map_err(|error| Failure::Server(format!("{}: {error}", binary.display())))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .and_then(|address| address.parse().ok());
        let Some(address) = address else {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            return Err(Failure::Server(format!("did not start: {line}{log}")));
        };
        Ok(Self {
            child,
            binary: binary.to_owned(),
            database,
            address,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Whose CPU time counts.
    pub fn watched(&self) -> Watched {
        Watched {
            server: self.pid(),
            database: self.database.process(),
        }
    }

    pub fn memory(&self) -> Result<proc::Memory, Failure> {
        proc::memory(self.pid())
    }

    /// Its memory when nobody has asked anything yet.
    pub async fn memory_after_rest(&self) -> Result<proc::Memory, Failure> {
        tokio::time::sleep(REST).await;
        self.memory()
    }

    /// Every invariant of the database holds; otherwise the server's own words.
    pub fn verify(&self) -> Result<(), Failure> {
        command(&self.binary, "verify", &[], &self.database)
    }

    /// Ends it as a supervisor would, and waits.
    pub async fn stop(mut self) -> Result<Database, Failure> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let until = Instant::now() + STOPS_WITHIN;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() {
                    Ok(self.database.clone())
                } else {
                    Err(Failure::Server(format!("ended with {status}")))
                };
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Failure::Server("did not end after SIGTERM".into()))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Only after a failure is it still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs another command of the server's program on a database.
pub fn command(
    binary: &Path,
    name: &str,
    arguments: &[&std::ffi::OsStr],
    database: &Database,
) -> Result<(), Failure> {
    let done = Command::new(binary)
        .arg(name)
        .args(arguments)
        .env("MATINEE_DATABASE", database.url())
        .output()?;
    if done.status.success() {
        return Ok(());
    }
    let text = [done.stdout, done.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Err(Failure::Server(format!("{name}: {text}")))
}
