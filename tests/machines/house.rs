//! A ticket sale on several machines: HAProxy in front, servers of ours, a PostgreSQL primary with a synchronous
//! standby, and Redis where the server knows it. Every one of them in a network namespace of its own.

use crate::net::{Net, Side};
use matinee_tests::{
    Server, ServerOptions, TestError,
    leash::{Leash, inside, tail},
    pair::{Pair, Place},
    server, small_house,
};
use std::{
    fmt::Write as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

const DATABASE: &str = "matinee";
const PORT: u16 = 8080;

/// A server of ours on its machine.
pub struct Machine {
    pub space: String,
    options: ServerOptions,
    folder: PathBuf,
    /// `None` while it is down.
    pub server: Option<Server>,
}

/// All of it. What is first here ends first.
pub struct House {
    pub machines: Vec<Machine>,
    balancer: Leash,
    pub redis: Option<Leash>,
    pub pair: Pair,
    pub primary: String,
    pub standby: String,
    pub net: Net,
    folder: tempfile::TempDir,
}

impl Machine {
    /// Starts the server.
    pub fn start(&mut self) -> Result<(), TestError> {
        self.server = Some(Server::start_in(&self.folder, &self.options)?);
        Ok(())
    }

    /// Ends it at once.
    pub fn kill(&mut self) -> Result<(), TestError> {
        self.server
            .take()
            .map_or(Ok(()), |mut server| server.kill())
    }

    /// Asks it to end, and waits.
    pub fn stop(&mut self) -> Result<(), TestError> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let status = server.stop()?;
        status
            .success()
            .then_some(())
            .ok_or_else(|| format!("a server asked to end: {status}").into())
    }
}

/// Why several machines cannot be played here.
pub fn cannot() -> Option<String> {
    if let Err(error) = Net::new() {
        return Some(format!("no network namespaces ({error}); it needs root"));
    }
    let haproxy = Command::new("haproxy").arg("-v").output();
    haproxy
        .is_err()
        .then(|| "haproxy is not installed".to_owned())
}

impl House {
    /// Builds it with so many servers of ours; with the demo, or a small theater.
    pub fn build(servers: u8, demo: bool) -> Result<Self, TestError> {
        let mut net = Net::new()?;
        let folder = tempfile::tempdir()?;
        let primary = net.machine("db1", 21, &[Side::Back])?;
        let standby = net.machine("db2", 22, &[Side::Back])?;
        let place = |space: &str, host| Place {
            namespace: Some(space.to_owned()),
            address: net.address(Side::Back, host),
        };
        let pair = Pair::start([place(&primary, 21), place(&standby, 22)])?;
        pair.primary
            .sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        if !demo {
            small_house::fill(&pair.url(DATABASE), folder.path(), 12)?;
        }
        let redis = redis(&mut net, &folder)?;
        let front = net.machine("front", 10, &[Side::Front])?;
        let address = net.address(Side::Front, 10);
        let mut machines = Vec::new();
        for number in 0..servers {
            let space = net.machine(
                &format!("s{number}"),
                11 + number,
                &[Side::Front, Side::Back],
            )?;
            let own = folder.path().join(format!("s{number}"));
            std::fs::create_dir(&own)?;
            let mut arguments: Vec<String> = [
                "--allow-test-payments",
                "--trusted-proxies",
                &address,
                "--public-url",
            ]
            .map(ToOwned::to_owned)
            .into();
            arguments.push(format!("http://{address}:{PORT}"));
            if redis.is_some() {
                arguments.push("--redis".into());
                arguments.push(format!("redis://{}:6379", net.address(Side::Back, 23)));
            }
            let mut machine = Machine {
                options: ServerOptions {
                    sandbox: true,
                    demo,
                    limits: true,
                    arguments,
                    database: Some(pair.url(DATABASE)),
                    listen: Some(format!("{}:{PORT}", net.address(Side::Front, 11 + number))),
                    wrapper: ["ip", "netns", "exec", &space]
                        .map(ToOwned::to_owned)
                        .into(),
                },
                space,
                folder: own,
                server: None,
            };
            machine.start()?;
            machines.push(machine);
        }
        let balancer = balancer(&net, &front, servers, folder.path())?;
        let house = Self {
            machines,
            balancer,
            redis,
            pair,
            primary,
            standby,
            net,
            folder,
        };
        house.wait_until_open()?;
        Ok(house)
    }

    /// Where buyers go.
    pub fn door(&self) -> String {
        format!("http://{}:{PORT}", self.net.address(Side::Front, 10))
    }

    fn wait_until_open(&self) -> Result<(), TestError> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if std::net::TcpStream::connect(self.door().trim_start_matches("http://")).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = self.folder.path().join("haproxy.log");
        Err(format!(
            "haproxy {} does not answer: {}",
            self.balancer.pid(),
            tail(&log)
        )
        .into())
    }

    /// Cuts the primary off and ends it, as when its machine loses power.
    pub fn lose_primary(&mut self) -> Result<(), TestError> {
        self.net.plug(&self.primary, Side::Back, false)?;
        Ok(self.pair.primary.kill()?)
    }

    /// What a supervisor does: asks the primary twice a second, and promotes the standby when it was silent twice. That
    /// the old one does not come back is up to whoever lost it. How long that took.
    pub fn supervise(&self) -> Result<Duration, TestError> {
        let begun = Instant::now();
        let mut silent = 0;
        while silent < 2 {
            silent = if self.pair.primary.answers() {
                0
            } else {
                silent + 1
            };
            std::thread::sleep(Duration::from_millis(500));
        }
        self.pair.promote()?;
        Ok(begun.elapsed())
    }

    /// How many bookings there are, asked of whichever takes writes.
    pub fn stored(&self) -> Option<usize> {
        let count = "SELECT count(*) FROM bookings";
        let [one, other] = [&self.pair.primary, &self.pair.standby];
        let stored = other
            .sql(DATABASE, count)
            .or_else(|_| one.sql(DATABASE, count));
        stored.ok()?.parse().ok()
    }

    /// `matinee-server verify`.
    pub fn verify(&self) -> Result<(), TestError> {
        let (status, said) = server::run_on(&self.pair.url(DATABASE), &["verify"])?;
        status.success().then_some(()).ok_or_else(|| said.into())
    }
}

/// Redis on its machine, when our server knows what to do with one.
fn redis(net: &mut Net, folder: &tempfile::TempDir) -> Result<Option<Leash>, TestError> {
    let help = Command::new(server::program())
        .args(["serve", "--help"])
        .output()?;
    let known = String::from_utf8_lossy(&help.stdout).contains("--redis");
    if !known
        || Command::new("redis-server")
            .arg("--version")
            .output()
            .is_err()
    {
        return Ok(None);
    }
    let space = net.machine("redis", 23, &[Side::Back])?;
    let mut command = inside(Some(&space), "redis-server");
    command.args([
        "--port",
        "6379",
        "--protected-mode",
        "no",
        "--save",
        "",
        "--bind",
    ]);
    command.arg(net.address(Side::Back, 23));
    Ok(Some(Leash::spawn(
        &mut command,
        &folder.path().join("redis.log"),
    )?))
}

/// HAProxy with a look at every server once a second. A server that is late with two of them gets nobody new; whoever
/// waits for it goes on waiting.
fn balancer(
    net: &Net,
    space: &str,
    servers: u8,
    folder: &std::path::Path,
) -> Result<Leash, TestError> {
    let address = net.address(Side::Front, 10);
    let mut config = format!(
        "global\n  maxconn 4000\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 60s\n  \
         timeout server 15s\n  timeout queue 2s\n  timeout check 2s\n  retries 1\n  option redispatch\n\
         frontend buyers\n  bind {address}:{PORT}\n  \
         http-request set-header X-Forwarded-For %[req.hdr(x-buyer-address)]\n  \
         http-after-response set-header x-served-by %s\n  default_backend servers\n\
         backend servers\n  balance roundrobin\n  option httpchk\n  \
         http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host {address}\n  \
         default-server check inter 1s fastinter 500ms fall 2 rise 1\n"
    );
    for number in 0..servers {
        let server = net.address(Side::Front, 11 + number);
        // Writing to a string does not fail.
        let _ = writeln!(config, "  server s{number} {server}:{PORT}");
    }
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, config)?;
    let mut command = inside(Some(space), "haproxy");
    command.arg("-db").arg("-f").arg(&file);
    Ok(Leash::spawn(&mut command, &folder.join("haproxy.log"))?)
}
