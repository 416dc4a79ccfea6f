//! A Redis for tests: its own folder, a private port, nothing on disk. It ends with the test, also when that is killed.
//!
//! Standard library only: the engine's own tests take this file in as a module.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = "redis-server";

/// A Redis that runs, or was killed.
pub struct Redis {
    port: u16,
    password: Option<String>,
    folder: PathBuf,
    running: Option<(Child, Child)>,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
    Nothing,
    Many(Vec<Reply>),
}

impl Redis {
    /// Starts one that anybody may use.
    pub fn start() -> io::Result<Self> {
        Self::start_with(None)
    }

    /// Starts one, with a password if so wished.
    pub fn start_with(password: Option<&str>) -> io::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder =
            std::env::temp_dir().join(format!("matinee-redis-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut redis = Self {
            port,
            password: password.map(ToOwned::to_owned),
            folder,
            running: None,
        };
        redis.run()?;
        Ok(redis)
    }

    /// Starts it again after [`Self::kill`], on the same port and empty.
    pub fn run(&mut self) -> io::Result<()> {
        let log = fs::File::create(self.folder.join("redis.log"))?;
        let mut command = Command::new(PROGRAM);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no", "--dir"]);
        command.arg(&self.folder);
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        let server = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let watcher = Command::new("sh")
            .args(["-c", "read -r _; kill -KILL \"$0\"; rm -rf \"$1\""])
            .arg(server.id().to_string())
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.running = Some((server, watcher));
        let begun = Instant::now();
        while self.ask(&[b"PING"]).is_err() {
            if begun.elapsed() > Duration::from_secs(30) {
                let log = fs::read_to_string(self.folder.join("redis.log")).unwrap_or_default();
                return Err(io::Error::other(format!("Redis is not ready: {log}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some((mut server, mut watcher)) = self.running.take() {
            // The watcher must not end a stranger who gets the same number later.
            let _ = watcher.kill();
            let _ = watcher.wait();
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Stops it in its tracks, or lets it go on: it is there and does not answer.
    pub fn freeze(&self, frozen: bool) -> io::Result<()> {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let Some((server, _)) = &self.running else {
            return Err(io::Error::other("Redis does not run"));
        };
        let mut kill = Command::new("kill");
        kill.args([signal, &server.id().to_string()]).status()?;
        Ok(())
    }

    /// How a server is told of it.
    pub fn url(&self) -> String {
        let password = self.password.as_ref();
        let password = password.map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{password}127.0.0.1:{}", self.port)
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|(server, _)| server.id())
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Asks it something on a connection of its own.
    pub fn ask(&self, words: &[&[u8]]) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let mut answers = BufReader::new(stream.try_clone()?);
        if let Some(password) = &self.password {
            send(&mut stream, &[b"AUTH", password.as_bytes()])?;
            read(&mut answers)?;
        }
        send(&mut stream, words)?;
        read(&mut answers)
    }

    /// The keys that are there.
    pub fn keys(&self) -> Vec<String> {
        let Ok(Reply::Many(keys)) = self.ask(&[b"KEYS", b"*"]) else {
            return Vec::new();
        };
        let text = |reply| match reply {
            Reply::Bytes(bytes) => String::from_utf8(bytes).ok(),
            _ => None,
        };
        keys.into_iter().filter_map(text).collect()
    }

    /// A value.
    pub fn value(&self, key: &str) -> Option<Vec<u8>> {
        match self.ask(&[b"GET", key.as_bytes()]) {
            Ok(Reply::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Puts a value there.
    pub fn plant(&self, key: &str, value: &[u8]) {
        let planted = self.ask(&[b"SET", key.as_bytes(), value]);
        assert_eq!(planted.ok(), Some(Reply::Text("OK".into())));
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn send(stream: &mut TcpStream, words: &[&[u8]]) -> io::Result<()> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    stream.write_all(&bytes)
}

fn read(from: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).unwrap_or_default();
    let number = || rest.parse::<i64>().map_err(io::Error::other);
    Ok(match kind {
        "+" => Reply::Text(rest.to_owned()),
        ":" => Reply::Number(number()?),
        "$" => {
            let Ok(length) = usize::try_from(number()?) else {
                return Ok(Reply::Nothing);
            };
            let mut bytes = vec![0; length + 2];
            from.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Reply::Bytes(bytes)
        }
        "*" => {
            let many = (0..number()?).map(|_| read(from));
            Reply::Many(many.collect::<io::Result<_>>()?)
        }
        _ => return Err(io::Error::other(line.to_owned())),
    })
}
