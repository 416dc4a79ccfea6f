//! Against pretix, the open-source ticket shop, on the same machine, the same PostgreSQL and in turns: orders of two
//! seats through its REST API against bookings of two seats through ours. On demand only: it is installed from PyPI.
//!
//! It runs as its manual says: gunicorn with three workers, celery, Redis, PostgreSQL.

use crate::{
    arena,
    bench::{Bench, Data},
    database::Engine,
    failure::{Failure, expect},
    load::{Round, Watched, drive},
    plan::Plan,
    postgres::Postgres,
    proc,
    report::{Report, column},
    till::{self, Till},
    wire::Connection,
};
use futures_util::future::try_join_all;
use std::{
    cell::Cell,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};

const VERSION: &str = "pretix==2026.8.*";
const SETUP: &str = include_str!("pretix_setup.py");
const SEATS: usize = 4_000;
const CONNECTIONS: usize = 256;
/// More clients than its workers only wait.
const CALLERS: usize = 12;
const ROUNDS: usize = 3;
const ITS_SLICE: Duration = Duration::from_secs(8);

pub async fn run(bench: &Bench, report: &mut Report) -> Result<(), Failure> {
    let shop = Shop::open(bench).await?;
    let mut ours = vec![];
    for engine in [Engine::Sqlite, Engine::Postgres] {
        ours.push((engine, bench.server(engine, Data::Arena).await?));
    }
    let plans = [
        Plan::make(ours[0].1.address(), arena::SMALL).await?,
        Plan::make(ours[1].1.address(), arena::SMALL).await?,
    ];
    let tills = [
        Till::new(&plans[0], "pretix"),
        Till::new(&plans[1], "pretix"),
    ];
    let mut connections = vec![];
    for (_, server) in &ours {
        connections.push(Connection::open_many(server.address(), CONNECTIONS).await?);
    }
    shop.round("n", Duration::from_secs(2)).await?;
    let mut its: [Vec<Round>; 2] = Default::default();
    let mut own: [[Vec<Round>; 2]; 2] = Default::default();
    let slice = bench.extent.slice;
    for _ in 0..ROUNDS {
        for (at, status) in ["n", "p"].into_iter().enumerate() {
            its[at].push(shop.round(status, ITS_SLICE).await?);
            for (engine, (_, server)) in ours.iter().enumerate() {
                let (till, many) = (&tills[engine], &mut connections[engine]);
                let hold = async |connection: &mut Connection| till.hold(connection).await;
                let buy = async |connection: &mut Connection| till.buy(connection).await;
                let watched = server.watched();
                own[engine][at].push(match at {
                    0 => drive(many, watched, slice, hold).await?,
                    _ => drive(many, watched, slice, buy).await?,
                });
            }
        }
    }
    shop.check()?;
    for ((_, server), till) in ours.iter().zip(&tills) {
        till::check(server, &[till]).await?;
    }
    for (engine, rounds) in [Engine::Sqlite, Engine::Postgres].into_iter().zip(&own) {
        for (at, what) in ["seat orders", "orders marked paid"]
            .into_iter()
            .enumerate()
        {
            let (ours, its) = (&rounds[at], &its[at]);
            let cpu = |round: &Round| round.cpu_us() + round.database_cpu_us();
            report.add(
                &format!("pretix_{at}_{}", engine.key()),
                &format!("{} ÷ pretix 2026.8 (REST API), {what} of two seats per second", engine.name()),
                column(ours, Round::per_second) / column(its, Round::per_second),
                "×",
                (at == 0).then_some("≥ 1,000 ×"),
                &format!(
                    "{:.0} against {:.1} per second; CPU of all processes each {:.0} µs against {:.0} ms",
                    column(ours, Round::per_second),
                    column(its, Round::per_second),
                    column(ours, cpu),
                    column(its, cpu) / 1000.0
                ),
            );
        }
    }
    report.effects(format!(
        "pretix: {} orders with twice as many seats in its database.",
        shop.ordered.get()
    ));
    for (_, server) in ours {
        server.stop().await?.remove()?;
    }
    Ok(())
}

/// A running pretix.
struct Shop {
    postgres: Rc<Postgres>,
    address: SocketAddr,
    token: String,
    item: String,
    next: Cell<usize>,
    ordered: Cell<u64>,
    processes: Vec<Process>,
}

/// One we started; it ends with us.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Its workers go with it, which a kill would not tell them.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn done(command: &mut Command) -> Result<String, Failure> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    let last = last.unwrap_or_default();
    Err(Failure::Server(format!("pretix: {last}")))
}

/// Where it is installed, once for all runs.
fn install() -> Result<PathBuf, Failure> {
    let target = Path::new("target");
    let parent = if target.is_dir() {
        target.canonicalize()?
    } else {
        std::env::temp_dir()
    };
    let venv = parent.join("pretix").join("venv");
    if !venv.join("bin/gunicorn").exists() {
        eprintln!("  installing {VERSION} from PyPI into {}", venv.display());
        done(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let pip = ["install", "--quiet", "--no-input", VERSION, "gunicorn"];
        done(Command::new(venv.join("bin/pip")).args(pip))?;
    }
    Ok(venv)
}

impl Shop {
    async fn open(bench: &Bench) -> Result<Self, Failure> {
        let venv = install()?;
        let folder = bench.folder().join("pretix");
        fs::create_dir_all(folder.join("data"))?;
        let postgres = bench.postgres()?;
        postgres.database("pretix");
        let (redis, web) = (free_port()?, free_port()?);
        let config = folder.join("pretix.cfg");
        fs::write(
            &config,
            format!(
                "[pretix]\ninstance_name=bench\nurl=http://127.0.0.1:{web}\ndatadir={}\n\
                 [database]\nbackend=postgresql\nname=pretix\nuser=postgres\nhost=127.0.0.1\nport={}\n\
                 [redis]\nlocation=redis://127.0.0.1:{redis}/0\nsessions=true\n\
                 [celery]\nbackend=redis://127.0.0.1:{redis}/1\nbroker=redis://127.0.0.1:{redis}/2\n",
                folder.join("data").display(),
                postgres.port()
            ),
        )?;
        let python = |arguments: &[&str]| {
            let mut command = Command::new(venv.join("bin/python"));
            command.args(arguments).env("PRETIX_CONFIG_FILE", &config);
            command.current_dir(&folder);
            command
        };
        let spawn = |mut command: Command, log: &str| {
            let log = File::create(folder.join(log))?;
            command
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log);
            Ok::<_, Failure>(Process(command.spawn()?))
        };
        let mut store = Command::new("redis-server");
        store.args([
            "--port",
            &redis.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ]);
        let store = spawn(store, "redis.log")?;
        eprintln!("  pretix makes its tables");
        done(&mut python(&["-m", "pretix", "migrate"]))?;
        let printed = done(&mut python(&["-c", SETUP, &SEATS.to_string()]))?;
        let mut words = printed.lines().last().unwrap_or_default().split(' ');
        let (Some(token), Some(item)) = (words.next(), words.next()) else {
            return Err(Failure::Server(format!("pretix was not set up: {printed}")));
        };
        let celery = [
            "-m",
            "celery",
            "-A",
            "pretix.celery_app",
            "worker",
            "-l",
            "warning",
        ];
        let celery = spawn(python(&celery), "celery.log")?;
        let bind = format!("127.0.0.1:{web}");
        let gunicorn = [
            "-m",
            "gunicorn",
            "pretix.wsgi",
            "--workers",
            "3",
            "--bind",
            &bind,
        ];
        let gunicorn = spawn(python(&gunicorn), "gunicorn.log")?;
        let shop = Self {
            postgres,
            address: SocketAddr::from(([127, 0, 0, 1], web)),
            token: token.to_owned(),
            item: item.to_owned(),
            next: Cell::new(0),
            ordered: Cell::new(0),
            processes: vec![gunicorn, celery, store],
        };
        shop.wait().await?;
        Ok(shop)
    }

    async fn wait(&self) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_mins(2);
        loop {
            if let Ok(mut connection) = Connection::open(self.address).await
                && connection.get("/healthcheck/", "").await.is_ok()
            {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(Failure::Server("pretix does not answer".into()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Orders with two neighbouring seats each, "n"ew or "p"aid.
    async fn round(&self, status: &str, time: Duration) -> Result<Round, Failure> {
        let cpu = || {
            let mut all = Duration::ZERO;
            for process in &self.processes {
                all += proc::tree_cpu(process.0.id())?;
            }
            let database = Watched {
                server: std::process::id(),
                database: Some(self.postgres.pid()),
            };
            Ok::<_, Failure>((all, database.cpu()?.1))
        };
        let before = cpu()?;
        let ordered = self.ordered.get();
        let began = Instant::now();
        try_join_all((0..CALLERS).map(async |_| {
            while began.elapsed() < time {
                self.order(status).await?;
            }
            Ok::<(), Failure>(())
        }))
        .await?;
        let elapsed = began.elapsed();
        let after = cpu()?;
        Ok(Round {
            done: self.ordered.get() - ordered,
            elapsed,
            cpu: after.0.saturating_sub(before.0),
            database_cpu: after.1.saturating_sub(before.1),
        })
    }

    async fn order(&self, status: &str) -> Result<(), Failure> {
        let first = self.next.get();
        if first + 1 >= SEATS {
            return Err(Failure::Server("pretix' seats ran out".into()));
        }
        self.next.set(first + 2);
        let position = |seat: usize| {
            format!(
                r#"{{"item":{},"variation":null,"price":"11.00","seat":"{seat}","answers":[]}}"#,
                self.item
            )
        };
        let body = format!(
            r#"{{"email":"bench@example.org","locale":"en","sales_channel":"web","payment_provider":"manual","status":"{status}","positions":[{},{}]}}"#,
            position(first),
            position(first + 1)
        );
        // Its workers close the connection after each answer.
        let mut connection = Connection::open(self.address).await?;
        let path = "/api/v1/organizers/bench/events/bench/orders/";
        let headers = format_args!("Authorization: Token {}\r\n", self.token);
        let answer = connection.post(path, headers, &body).await?;
        answer.expect("pretix order", 201)?;
        self.ordered.set(self.ordered.get() + 1);
        Ok(())
    }

    fn check(&self) -> Result<(), Failure> {
        let number = |sql: &str| self.postgres.sql("pretix", sql).trim().parse().unwrap_or(0);
        let ordered = self.ordered.get();
        let orders = number("SELECT count(*) FROM pretixbase_order");
        expect("pretix' orders", ordered, orders)?;
        let seats = "SELECT count(DISTINCT seat_id) FROM pretixbase_orderposition";
        expect("pretix' seats", ordered * 2, number(seats))
    }
}
