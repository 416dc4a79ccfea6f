//! A PostgreSQL server for tests: its own folder, a private port, every commit synced. One per test program; it ends
//! with it, also when it is killed.
//!
//! Standard library only: the engine's own tests take this file in as a module.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// A running PostgreSQL.
pub struct Postgres {
    port: u16,
    pid: u32,
    folder: PathBuf,
}

impl Postgres {
    /// The one of this test program, started at first use.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::start().expect("PostgreSQL starts; is postgresql-15 installed?"))
    }

    /// Starts one of its own.
    pub fn start() -> io::Result<Self> {
        Self::start_in(&std::env::temp_dir(), &["shared_buffers=64MB"])
    }

    /// Starts one whose data lies under `parent`, with more settings.
    pub fn start_in(parent: &Path, settings: &[&str]) -> io::Result<Self> {
        let folder = fresh_folder(parent)?;
        let data = folder.join("data");
        let made = as_postgres(&Path::new(PROGRAMS).join("initdb"))
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("initdb.log"))?)
            .status()?;
        if !made.success() {
            let log = fs::read_to_string(folder.join("initdb.log")).unwrap_or_default();
            return Err(io::Error::other(format!("initdb failed: {log}")));
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = fs::File::create(folder.join("server.log"))?;
        let server = as_postgres(&Path::new(PROGRAMS).join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(&folder)
            .args(["-c", "max_connections=400", "-c", "fsync=on"])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let pid = server.id();
        // Statics are not dropped, so a shell waits for the test program to end, then ends the server and removes its
        // folder. SIGINT is PostgreSQL's fast way out.
        let ends = "read -r _; kill -INT \"$0\"; n=0; \
            while kill -0 \"$0\" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done; rm -rf \"$1\"";
        let watcher = Command::new("sh")
            .args(["-c", ends, &pid.to_string()])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        std::mem::forget(watcher);
        let reaped = std::thread::Builder::new().name("postgres".into());
        reaped.spawn(move || {
            let mut server = server;
            server.wait()
        })?;
        let postgres = Self { port, pid, folder };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }

    fn wait_until_ready(&self) -> io::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(1) {
            if self.try_sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(io::Error::other(format!(
            "PostgreSQL is not ready: {}",
            self.log()
        )))
    }

    /// A database of its own for one test, empty.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(name)
    }

    /// A copy of a database nobody is connected to.
    pub fn copy(&self, template: &str, name: &str) -> String {
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"),
        );
        self.url(name)
    }

    /// How a server is told of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its own process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Runs statements with `psql`; what it printed.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.try_sql(database, statements).expect("psql runs")
    }

    fn try_sql(&self, database: &str, statements: &str) -> io::Result<String> {
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
                "-h",
                "127.0.0.1",
                "-p",
            ])
            .args([&self.port.to_string(), "-d", database, "-c", statements])
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// Encrypts connections from now on that ask for it, with a certificate and its key, PEM.
    pub fn encrypt(&self, certificate: &str, key: &str) -> io::Result<()> {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let mut writing = as_postgres(Path::new("sh"))
                .args(["-c", "umask 077; cat > \"$0\""])
                .arg(self.folder.join("data").join(name))
                .stdin(Stdio::piped())
                .spawn()?;
            if let Some(mut into) = writing.stdin.take() {
                into.write_all(text.as_bytes())?;
            }
            if !writing.wait()?.success() {
                return Err(io::Error::other(format!("{name} was not written")));
            }
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.sql("postgres", "SELECT pg_reload_conf()");
        let begun = Instant::now();
        while self.sql("postgres", "SHOW ssl").trim() != "on" {
            if begun.elapsed() > Duration::from_mins(1) {
                return Err(io::Error::other(self.log()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    // It must not stand in a folder that its user may not enter.
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A folder that PostgreSQL's user owns.
fn fresh_folder(parent: &Path) -> io::Result<PathBuf> {
    let template = parent.join("matinee-postgres-XXXXXX");
    let made = as_postgres(Path::new("mktemp"))
        .arg("-d")
        .arg(template)
        .output()?;
    if !made.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&made.stderr).into_owned(),
        ));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()))
}

/// A way to a server that can be cut: what is sent on it is forwarded until then.
pub struct Cable {
    port: u16,
    open: std::sync::Arc<std::sync::Mutex<Option<Vec<TcpStream>>>>,
}

impl Cable {
    /// To a port of this machine.
    pub fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?.port();
        let open = std::sync::Arc::new(std::sync::Mutex::new(Some(Vec::new())));
        let streams = std::sync::Arc::clone(&open);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let mut streams = streams.lock().expect("nobody panics with it");
                // Cut: whoever calls is hung up on.
                let Some(streams) = &mut *streams else {
                    continue;
                };
                let both = (
                    near.try_clone(),
                    far.try_clone(),
                    near.try_clone(),
                    far.try_clone(),
                );
                if let (Ok(a), Ok(b), Ok(c), Ok(d)) = both {
                    streams.extend([a, b]);
                    forward(near, d);
                    forward(far, c);
                }
            }
        });
        Ok(Self { port: own, open })
    }

    /// Its near end.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection and refuses new ones.
    pub fn cut(&self) {
        let streams = self.open.lock().expect("nobody panics with it").take();
        for stream in streams.into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets new connections through.
    pub fn mend(&self) {
        *self.open.lock().expect("nobody panics with it") = Some(Vec::new());
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(some @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..some]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
