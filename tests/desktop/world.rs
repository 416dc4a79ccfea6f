//! What the app finds around it: a server at a fixed address that comes and goes, and a data folder of its own.

use matinee_tests::server;
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// Longest a server may take to be ready, the demo included.
const READY: Duration = Duration::from_mins(2);

/// A server's folder and address, and the app's data folder.
pub struct World {
    place: tempfile::TempDir,
    data: tempfile::TempDir,
    port: u16,
    server: Option<Child>,
    /// `NAME=value`, in the server's environment.
    variables: Vec<String>,
}

impl World {
    /// With the server running.
    pub fn new() -> Self {
        let mut world = Self::without_server();
        world.start_server();
        world
    }

    /// With nobody at the address.
    pub fn without_server() -> Self {
        Self {
            place: tempfile::tempdir().unwrap(),
            data: tempfile::tempdir().unwrap(),
            port: free_port(),
            server: None,
            variables: Vec::new(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The app's data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The same with these variables (`NAME=value`) in the server's environment, from now on.
    pub fn start_server_with(&mut self, variables: Vec<String>) {
        self.variables = variables;
        self.start_server();
    }

    pub fn start_server(&mut self) {
        let log = std::fs::File::create(self.place.path().join("server.log")).unwrap();
        let mut child = Command::new(server::program())
            .args([
                "serve",
                "--demo",
                "--listen",
                &format!("127.0.0.1:{}", self.port),
            ])
            .args(["--database", &server::database(self.place.path())])
            .envs(self.variables.iter().filter_map(|one| one.split_once('=')))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (ready, readiness) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.starts_with("listening on ") {
                    let _ = ready.send(());
                }
            }
        });
        let waited = readiness.recv_timeout(READY);
        self.server = Some(child);
        waited.expect("the server says where it listens");
    }

    pub fn stop_server(&mut self) {
        let mut child = self.server.take().expect("it runs");
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(
                begun.elapsed() < Duration::from_secs(15),
                "it ends when asked"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(child) = &mut self.server {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that was free a moment ago: the address has to stay the same while the server comes and goes.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Every file under a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
