//! A server program with its own folder. It is killed when dropped; `stop` asks it to end well.

use crate::{Caller, TestError};
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

/// Longest a server may take to be ready, the demo included, in an unoptimized build on a busy machine.
const READY: Duration = Duration::from_mins(2);

/// How to start one.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub demo: bool,
    /// Without the demo: payments go to the sandbox, unless the arguments or the wrapper name a gateway.
    pub sandbox: bool,
    /// Rates and quotas apply, as for real visitors.
    pub limits: bool,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    /// The database, when it is not the file in the server's folder.
    pub database: Option<String>,
    /// Where it listens, when that is not a free port of 127.0.0.1.
    pub listen: Option<String>,
    /// Runs the server: a namespace, another clock, fewer cores. The last of its words starts the program.
    pub wrapper: Vec<String>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            demo: true,
            sandbox: true,
            limits: false,
            arguments: Vec::new(),
            database: None,
            listen: None,
            wrapper: Vec::new(),
        }
    }
}

/// A running server.
pub struct Server {
    child: Child,
    url: String,
    folder: PathBuf,
    /// Removes the folder at the end, when it is ours.
    temporary: Option<tempfile::TempDir>,
}

/// The server program: built before the tests, its path passed in.
pub fn program() -> PathBuf {
    std::env::var_os("MATINEE_SERVER_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/debug/matinee-server"),
        PathBuf::from,
    )
}

/// Runs another command of the server program on a folder's database.
pub fn run(folder: &Path, arguments: &[&str]) -> Result<(ExitStatus, String), TestError> {
    run_on(&database(folder), arguments)
}

/// The same on any database.
pub fn run_on(database: &str, arguments: &[&str]) -> Result<(ExitStatus, String), TestError> {
    let output = Command::new(program())
        .args(arguments)
        .env("MATINEE_DATABASE", database)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Ok((output.status, text))
}

/// The database of a folder, as the command line names it.
pub fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("matinee.db").display())
}

impl Server {
    /// A server with the demo in a fresh folder.
    pub fn demo() -> Result<Self, TestError> {
        Self::start(&ServerOptions::default())
    }

    /// A server in a fresh folder. The demo is filled in once per process and copied for every further server.
    pub fn start(options: &ServerOptions) -> Result<Self, TestError> {
        let temporary = demo_folder(options.demo)?;
        let mut server = Self::start_in(temporary.path(), options)?;
        server.temporary = Some(temporary);
        Ok(server)
    }

    /// A server in a folder that may hold a database already.
    pub fn start_in(folder: &Path, options: &ServerOptions) -> Result<Self, TestError> {
        let mut command = match options.wrapper.split_first() {
            Some((wrapper, rest)) => {
                let mut command = Command::new(wrapper);
                command.args(rest).arg(program());
                command
            }
            None => Command::new(program()),
        };
        let own = database(folder);
        let database = options.database.as_ref().unwrap_or(&own);
        let listen = options.listen.as_deref().unwrap_or("127.0.0.1:0");
        command.args(["serve", "--listen", listen]);
        command.env("MATINEE_DATABASE", database);
        command.env("MATINEE_MAIL_DIR", folder.join("mail"));
        if options.demo {
            command.arg("--demo");
        } else if options.sandbox {
            command.args(["--gateway", "sandbox"]);
        }
        command.args(&options.arguments);
        // Whoever runs the tests may have named a UI for the browser's; these servers have only what they were given.
        command.env_remove("MATINEE_UI");
        if options.limits {
            command.env_remove("MATINEE_RATE_LIMIT");
        } else {
            command.env("MATINEE_RATE_LIMIT", "off");
        }
        let log = std::fs::File::create(folder.join("server.log"))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        match wait_until_ready(stdout) {
            Ok(url) => Ok(Self {
                child,
                url,
                folder: folder.to_owned(),
                temporary: None,
            }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
                Err(format!("the server did not start: {error}\n{log}").into())
            }
        }
    }

    /// Shares it with every test of the process. Statics are not dropped, so a shell waits for the process to end, then
    /// ends the server and removes its folder.
    pub fn shared(self) -> Result<&'static Self, TestError> {
        let watcher = Command::new("sh")
            .args(["-c", "read -r _; kill -KILL \"$0\"; rm -rf \"$1\""])
            .arg(self.child.id().to_string())
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        std::mem::forget(watcher);
        Ok(Box::leak(Box::new(self)))
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }
    /// The folder with its database, mails and log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    /// A caller nobody knows yet.
    pub fn caller(&self) -> Caller {
        Caller::new(&self.url)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Every mail it wrote, oldest first.
    pub fn mails(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.join("mail")) else {
            return vec![];
        };
        let mut files: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "eml")
            })
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        files
            .into_iter()
            .filter_map(|(_, path)| std::fs::read_to_string(path).ok())
            .collect()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) -> Result<(), TestError> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end and waits.
    pub fn stop(&mut self) -> Result<ExitStatus, TestError> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begun.elapsed() > Duration::from_secs(15) {
                self.kill()?;
                return Err("the server did not end within 15 s".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A fresh folder, with the demo's database in it if so wished.
pub fn demo_folder(demo: bool) -> Result<tempfile::TempDir, TestError> {
    static FILLED: Mutex<Option<Vec<u8>>> = Mutex::new(None);
    let folder = tempfile::tempdir()?;
    if !demo {
        return Ok(folder);
    }
    let mut filled = FILLED
        .lock()
        .map_err(|_| "filling the demo failed before")?;
    let bytes = if let Some(bytes) = &*filled {
        bytes
    } else {
        let first = tempfile::tempdir()?;
        Server::start_in(first.path(), &ServerOptions::default())?.stop()?;
        let copy = first.path().join("copy.db");
        let (status, text) = run(first.path(), &["backup", &copy.to_string_lossy()])?;
        if !status.success() {
            return Err(text.into());
        }
        filled.insert(std::fs::read(copy)?)
    };
    std::fs::write(folder.path().join("matinee.db"), bytes)?;
    Ok(folder)
}

/// Waits for the line that says where it listens.
fn wait_until_ready(stdout: impl Read + Send + 'static) -> Result<String, TestError> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("listening on ") {
                let _ = send.send(url.trim().to_owned());
            }
        }
    });
    receive
        .recv_timeout(READY)
        .map_err(|error| format!("no word of where it listens: {error}").into())
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Only now: a server that still writes would keep the folder from going.
        drop(self.temporary.take());
    }
}
