//! A Stripe for tests: the real localstripe on a private port, behind a front that makes of it what Stripe is, and lets
//! the way there go wrong. It ends with the test, also when that is killed.
//!
//! The front adds what localstripe lacks: Stripe's parameter names are the only ones it lets pass (recorded from the
//! official document, see `parameters.json`), those that localstripe does not know are then taken out; pages to pay on
//! (Checkout), the account, filters of lists; and, when asked to, Stripe's memory for idempotency keys. Money moves in
//! localstripe only. Standard library and serde_json: other crates' tests take this folder in as a module.

mod front;
mod page;
mod wire;

use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use wire::Answer;

/// The version that is installed; `cargo xtask test` does.
const LOCALSTRIPE: &str = "localstripe-1.15.10";
/// What a test of a gateway that must not wait long can wait for.
const STALL: Duration = Duration::from_secs(4);

/// Succeeds at once.
pub const VISA: &str = "pm_card_visa";
/// Is declined when it is charged.
pub const DECLINED: &str = "pm_card_visa_chargeDeclined";
/// The payer's bank asks.
pub const AUTHENTICATION_REQUIRED: &str = "pm_card_authenticationRequired";

/// What can happen to a call on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks before it arrives.
    Cut,
    /// It has its effect, the connection breaks before the answer.
    Lost,
    /// It does not arrive, and nobody says so for long.
    Stalled,
    /// It has its effect, and nobody answers for long.
    StalledAfter,
    /// Stripe fails before it did anything.
    Failed,
    /// Stripe fails after it did it.
    FailedAfter,
    /// "Too many."
    Limited,
    /// It arrives twice; the second answer is heard.
    Twice,
    /// Any status with an error's code.
    Status(u16, &'static str),
    /// Refused after it was begun, with an error's code: remembered with its key, if keys are.
    Refused(u16, &'static str),
    /// An answer that is no JSON.
    Garbage,
}

/// A call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub form: Vec<(String, String)>,
    pub key: Option<String>,
}

/// What Stripe's books say of one of our keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Books {
    /// Intents with this key that hold or took money.
    pub charges: usize,
    /// All intents with it.
    pub intents: usize,
    pub captured: i64,
    pub held: i64,
    pub refunded: i64,
    pub refunds: usize,
}

#[derive(Default)]
struct Kept {
    form: Vec<(String, String)>,
    answer: Answer,
}

#[derive(Default)]
pub(crate) struct State {
    target: u16,
    /// Where the front is.
    site: String,
    calls: Vec<Call>,
    /// Faults for the calls to come, by number.
    armed: BTreeMap<usize, Fault>,
    /// Every call meets this.
    always: Option<Fault>,
    /// Idempotency keys are remembered, as at Stripe.
    remembers: bool,
    kept: BTreeMap<String, Kept>,
    pages: BTreeMap<String, page::Page>,
    /// Put over whatever is answered, for answers that lie.
    lies: VecDeque<Value>,
}

/// A Stripe.
pub struct Stripe {
    url: String,
    state: Arc<Mutex<State>>,
    running: (Child, Child),
    folder: PathBuf,
}

/// Where localstripe is installed.
fn installed() -> PathBuf {
    std::env::var_os("MATINEE_LOCALSTRIPE").map_or_else(
        || {
            let target = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
            let target = target.map(|folder| folder.join("target/tools"));
            let places = target.map(|tools| tools.join(LOCALSTRIPE));
            let there = places.into_iter().find(|place| place.is_dir());
            there.unwrap_or_default()
        },
        PathBuf::from,
    )
}

impl Stripe {
    /// Starts one.
    pub fn start() -> io::Result<Self> {
        Self::start_in(&[])
    }

    /// Starts one with these variables (`NAME=value`) in its environment, e.g. those that set its clock.
    pub fn start_in(variables: &[String]) -> io::Result<Self> {
        let place = installed();
        if !place.join("localstripe").is_dir() {
            return Err(io::Error::other(
                "localstripe is not installed; `cargo xtask test` does, into target/tools",
            ));
        }
        let port = TcpListener::bind("[::]:0")?.local_addr()?.port();
        let folder =
            std::env::temp_dir().join(format!("matinee-stripe-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let log = fs::File::create(folder.join("localstripe.log"))?;
        let server = Command::new("python3")
            .args(["-m", "localstripe", "--from-scratch", "--port"])
            .arg(port.to_string())
            .env("PYTHONPATH", &place)
            .envs(variables.iter().filter_map(|one| one.split_once('=')))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let watcher = Command::new("sh")
            .args(["-c", "read -r _; kill -KILL \"$0\"; rm -rf \"$1\""])
            .arg(server.id().to_string())
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let stripe = Self {
            state: Arc::new(Mutex::new(State {
                target: port,
                site: url.clone(),
                ..State::default()
            })),
            url,
            running: (server, watcher),
            folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_mins(1) {
                let log = fs::read_to_string(stripe.folder.join("localstripe.log"));
                return Err(io::Error::other(log.unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        let state = Arc::clone(&stripe.state);
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || front::answer(&state, caller));
            }
        });
        Ok(stripe)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Where the API is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// What happens to the call of this number, counted from now.
    pub fn arm(&self, call: usize, fault: Fault) {
        let mut state = self.state();
        let number = state.calls.len() + call;
        state.armed.insert(number, fault);
    }

    /// What happens to every call from now on.
    pub fn always(&self, fault: Option<Fault>) {
        self.state().always = fault;
    }

    /// Idempotency keys are remembered, as at Stripe; localstripe by itself has no idea of them.
    pub fn remember(&self) {
        self.state().remembers = true;
    }

    /// These members stand in the next answer instead of the true ones.
    pub fn lie(&self, members: Value) {
        self.state().lies.push_back(members);
    }

    fn ask(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Value {
        let target = self.state().target;
        let form = form.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        wire::ask(target, method, path, form.collect()).json()
    }

    fn intents(&self) -> Vec<Value> {
        let list = self.ask("GET", "/v1/payment_intents", &[("limit", "100000")]);
        list["data"].as_array().cloned().unwrap_or_default()
    }

    /// What its books say of a payment of ours.
    pub fn books(&self, key: &str) -> Books {
        self.books_of(|intent| intent["metadata"]["matinee_payment"] == key)
    }

    /// What its books say of everything.
    pub fn all_books(&self) -> Books {
        self.books_of(|_| true)
    }

    fn books_of(&self, wanted: impl Fn(&Value) -> bool) -> Books {
        let mut books = Books::default();
        for intent in self.intents().iter().filter(|intent| wanted(intent)) {
            let amount = intent["amount"].as_i64().unwrap_or_default();
            let charge = &intent["latest_charge"];
            books.intents += 1;
            match intent["status"].as_str() {
                Some("requires_capture") => books.held += amount,
                Some("succeeded") => books.captured += amount,
                _ => continue,
            }
            books.charges += 1;
            books.refunded += charge["amount_refunded"].as_i64().unwrap_or_default();
            books.refunds += charge["refunds"]["data"].as_array().map_or(0, Vec::len);
        }
        books
    }

    /// The payer's bank answers for every intent with this key that waits for it.
    pub fn authenticate(&self, key: &str, success: bool) {
        for intent in self.intents() {
            let waits = intent["status"] == "requires_action";
            if waits && intent["metadata"]["matinee_payment"] == key {
                let id = intent["id"].as_str().unwrap_or_default();
                let secret = intent["client_secret"].as_str().unwrap_or_default();
                let success = if success { "true" } else { "false" };
                self.ask(
                    "POST",
                    &format!("/v1/payment_intents/{id}/_authenticate"),
                    &[("client_secret", secret), ("success", success)],
                );
            }
        }
    }

    /// Money goes back that nobody of ours asked for, as from the dashboard.
    pub fn refund_by_hand(&self, key: &str, amount: i64) {
        for intent in self.intents() {
            if intent["metadata"]["matinee_payment"] == key && intent["status"] == "succeeded" {
                let id = intent["id"].as_str().unwrap_or_default();
                let members = [("payment_intent", id), ("amount", &*amount.to_string())];
                self.ask("POST", "/v1/refunds", &members);
            }
        }
    }

    /// A charge that nobody of ours asked for.
    pub fn charge_by_hand(&self, key: &str, amount: i64) {
        self.ask(
            "POST",
            "/v1/payment_intents",
            &[
                ("amount", &*amount.to_string()),
                ("currency", "eur"),
                ("capture_method", "automatic"),
                ("payment_method", VISA),
                ("metadata[matinee_payment]", key),
                ("confirm", "true"),
            ],
        );
    }

    /// The payer pays on a page. What the page says then.
    pub fn pay_page(&self, page: &str, method: &str) -> Value {
        page::pay(&self.state, page, method)
    }

    /// A page, as a server is told of it.
    pub fn page(&self, page: &str) -> Value {
        page::object(&self.state, page)
    }

    /// The pages there are.
    pub fn pages(&self) -> Vec<String> {
        self.state().pages.keys().cloned().collect()
    }

    /// Messages go there, signed with this secret.
    pub fn send_messages_to(&self, url: &str, secret: &str) {
        self.ask(
            "POST",
            "/_config/webhooks/matinee",
            &[("url", url), ("secret", secret)],
        );
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        let (server, watcher) = &mut self.running;
        let _ = watcher.kill();
        let _ = watcher.wait();
        let _ = server.kill();
        let _ = server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
