//! A PostgreSQL primary with a synchronous standby: a commit is acknowledged when the standby has applied it, so that
//! the standby can take over with nothing lost. Who promotes it is the caller's business.

use crate::leash::{Leash, OwnFolder, inside, tail};
use std::{
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
const STANDBY: &str = "standby";

/// Where a database server runs.
#[derive(Debug, Clone)]
pub struct Place {
    /// A network namespace, or this one.
    pub namespace: Option<String>,
    pub address: String,
}

impl Place {
    /// On this machine, for this machine.
    pub fn here() -> Self {
        Self {
            namespace: None,
            address: "127.0.0.1".into(),
        }
    }
}

/// One database server.
pub struct Node {
    place: Place,
    port: u16,
    folder: OwnFolder,
    running: Option<Leash>,
}

/// Both of them.
pub struct Pair {
    pub primary: Node,
    pub standby: Node,
}

impl Pair {
    /// Starts the primary, copies it, starts the standby and waits until it follows.
    pub fn start(places: [Place; 2]) -> io::Result<Self> {
        let [first, second] = places;
        let mut primary = Node::new(first)?;
        primary.init()?;
        // Given here and not stored, so that the standby does not wait for one of its own once it is promoted.
        let waits = format!("synchronous_standby_names={STANDBY}");
        primary.run(&["-c", &waits, "-c", "synchronous_commit=remote_apply"])?;
        let mut standby = Node::new(second)?;
        standby.copy_of(&primary)?;
        standby.run(&["-c", &format!("cluster_name={STANDBY}")])?;
        let pair = Self { primary, standby };
        let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'";
        until("the standby follows", || {
            pair.primary
                .sql("postgres", follows)
                .is_ok_and(|n| n == "1")
        })?;
        Ok(pair)
    }

    /// How a server is told of a database that moves: whichever takes writes.
    pub fn url(&self, database: &str) -> String {
        let at = |node: &Node| format!("{}:{}", node.place.address, node.port);
        format!(
            "postgres://postgres@{},{}/{database}?target_session_attrs=read-write&connect_timeout=2",
            at(&self.primary),
            at(&self.standby)
        )
    }

    /// The standby takes over.
    pub fn promote(&self) -> io::Result<()> {
        let node = &self.standby;
        let mut promote = as_postgres(None, "pg_ctl");
        promote.arg("-D").arg(node.data()).args(["-w", "promote"]);
        run(&mut promote, node.folder.path())
    }
}

impl Node {
    fn new(place: Place) -> io::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self {
            place,
            port,
            folder: OwnFolder::made_by(user("mktemp", None))?,
            running: None,
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn init(&self) -> io::Result<()> {
        let mut init = as_postgres(None, "initdb");
        let how = [
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ];
        init.args(how)
            .args(["--data-checksums", "-D"])
            .arg(self.data());
        run(&mut init, self.folder.path())?;
        if self.place.namespace.is_some() {
            // The machines of a test's own network.
            let trusted = "host all all samenet trust\nhost replication all samenet trust\n";
            let file = self.data().join("pg_hba.conf");
            let known = fs::read_to_string(&file)?;
            fs::write(file, known + trusted)?;
        }
        Ok(())
    }

    fn copy_of(&self, primary: &Self) -> io::Result<()> {
        let mut copy = as_postgres(None, "pg_basebackup");
        copy.args([
            "-h",
            &primary.place.address,
            "-p",
            &primary.port.to_string(),
        ]);
        copy.args(["-U", "postgres", "-R", "-X", "stream", "-C", "-S", STANDBY]);
        copy.arg("--checkpoint=fast").arg("-D").arg(self.data());
        run(&mut copy, self.folder.path())
    }

    fn run(&mut self, more: &[&str]) -> io::Result<()> {
        let mut server = as_postgres(self.place.namespace.as_deref(), "postgres");
        server.arg("-D").arg(self.data());
        server.args([
            "-p",
            &self.port.to_string(),
            "-h",
            &self.place.address,
            "-k",
        ]);
        server.arg(self.folder.path());
        let settings = [
            "max_connections=200",
            "shared_buffers=64MB",
            "fsync=on",
            "wal_receiver_timeout=5s",
        ];
        for setting in settings {
            server.args(["-c", setting]);
        }
        server.args(more);
        self.running = Some(Leash::spawn(&mut server, &self.log())?);
        until("the database is ready", || {
            self.sql("postgres", "SELECT 1").is_ok()
        })
        .map_err(|error| io::Error::other(format!("{error}: {}", tail(&self.log()))))
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> io::Result<()> {
        self.running
            .take()
            .map_or(Ok(()), |mut server| server.kill())
    }

    /// Whether it takes connections, as far as can be told within a second.
    pub fn answers(&self) -> bool {
        let asked = Command::new(Path::new(PROGRAMS).join("pg_isready"))
            .args(["-q", "-t", "1", "-h", &self.place.address])
            .args(["-p", &self.port.to_string()])
            .status();
        asked.is_ok_and(|status| status.success())
    }

    /// Runs statements; what they printed.
    pub fn sql(&self, database: &str, statements: &str) -> io::Result<String> {
        let output = Command::new(Path::new(PROGRAMS).join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
            ])
            .args(["-h", &self.place.address, "-p", &self.port.to_string()])
            .args(["-d", database, "-c", statements])
            .env("PGCONNECT_TIMEOUT", "5")
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }
}

/// PostgreSQL refuses to run as root, and its user may not enter every folder.
fn user(program: impl AsRef<Path>, namespace: Option<&str>) -> Command {
    let root = Command::new("id").arg("-u").output();
    let mut command = if root.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        let mut command = inside(namespace, "setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        command.arg(program.as_ref());
        command
    } else {
        inside(namespace, program)
    };
    command.current_dir("/");
    command
}

fn as_postgres(namespace: Option<&str>, program: &str) -> Command {
    user(Path::new(PROGRAMS).join(program), namespace)
}

fn run(command: &mut Command, folder: &Path) -> io::Result<()> {
    let log = folder.join("commands.log");
    let out = fs::File::create(&log)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{command:?}: {status}: {}",
        tail(&log)
    )))
}

fn until(what: &str, mut is: impl FnMut() -> bool) -> io::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        if is() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(io::Error::other(format!("still not: {what}")))
}
