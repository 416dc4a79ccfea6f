//! Buyers as the app is one: each request has an idempotency key and is asked again, with it, until there is a definite
//! answer. Everything asked, answered and seen is taken down for [`crate::history`], and how long it took.
//!
//! What they ask for follows from the seed they are given; when, is the caller's business.

mod closing;
pub mod load;
mod samples;
mod session;

pub use samples::{Sample, Summary};
pub use session::{Plan, Then};

use crate::{
    Answer,
    history::{Kind, Moment, Operation, Outcome, Recorder, record::moments},
};
use reqwest::Client;
use serde_json::Value;
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How buyers behave.
#[derive(Debug, Clone)]
pub struct Manners {
    /// How long one try waits for its answer.
    pub patience: Duration,
    /// For how long a request is asked again.
    pub persistence: Duration,
    /// Between two tries.
    pub pause: Duration,
    /// How far behind a seat map may be.
    pub behind: Duration,
    /// Each buyer has an address of their own, told to the load balancer.
    pub addresses: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            persistence: Duration::from_secs(40),
            pause: Duration::from_millis(100),
            behind: Duration::ZERO,
            addresses: false,
        }
    }
}

/// A request that can be asked again.
#[derive(Debug, Clone)]
struct Request {
    kind: Kind,
    path: String,
    body: String,
    key: String,
    /// A guest's, before there is a booking.
    secret: String,
    /// A guest's, for the booking.
    token: Option<String>,
    buyer: usize,
}

/// A request with the number of its record.
struct Asked {
    request: Request,
    number: usize,
}

/// What came of it.
struct Told {
    answer: Option<Answer>,
    invoked: Moment,
    ended: Moment,
    /// An earlier try had no definite answer and may still take effect.
    unsure: bool,
}

/// Many buyers at one or several addresses of the same sale.
pub struct Crowd {
    client: Client,
    /// Base addresses; the next is tried when one does not answer.
    doors: Mutex<Vec<String>>,
    next_door: AtomicUsize,
    manners: Manners,
    pub recorder: Arc<Recorder>,
    asked: Mutex<Vec<Asked>>,
    /// Of every acknowledged booking, the guest's.
    tokens: Mutex<Vec<(String, String)>>,
    samples: Mutex<Vec<Sample>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crowd {
    /// Buyers at these addresses (`http://HOST:PORT`).
    pub fn at(doors: Vec<String>, manners: Manners, recorder: Arc<Recorder>) -> Self {
        Self {
            client: crate::caller::client(manners.patience),
            doors: Mutex::new(doors),
            next_door: AtomicUsize::new(0),
            manners,
            recorder,
            asked: Mutex::default(),
            tokens: Mutex::default(),
            samples: Mutex::default(),
        }
    }

    /// The sale is somewhere else now: a server came back on another port.
    pub fn move_to(&self, doors: Vec<String>) {
        *locked(&self.doors) = doors;
    }

    fn door(&self, turn: usize) -> String {
        let doors = locked(&self.doors);
        doors[turn % doors.len()].clone()
    }

    /// Asks for something nobody is changed by, at each address in turn.
    async fn get(&self, path: &str, token: Option<&str>) -> Result<(Answer, String), String> {
        let turn = self.next_door.fetch_add(1, Ordering::Relaxed);
        let door = self.door(turn);
        let url = format!("{door}{}{path}", matinee_api::BASE_PATH);
        let mut sent = self.client.get(url);
        if let Some(token) = token {
            sent = sent.bearer_auth(token);
        }
        if self.manners.addresses {
            sent = sent.header("x-buyer-address", address(turn));
        }
        whole(sent).await.map(|answer| (answer, door))
    }

    /// One try, at the address whose turn it is.
    async fn send(&self, request: &Request, turn: usize) -> Result<Answer, String> {
        let url = format!(
            "{}{}{}",
            self.door(turn),
            matinee_api::BASE_PATH,
            request.path
        );
        let mut sent = match request.kind {
            Kind::Release => self.client.delete(url),
            _ => self
                .client
                .post(url)
                .header("idempotency-key", &request.key)
                .header("content-type", "application/json")
                .body(request.body.clone()),
        };
        sent = sent.header("guest-secret", &request.secret);
        if let Some(token) = &request.token {
            sent = sent.bearer_auth(token);
        }
        if self.manners.addresses {
            sent = sent.header("x-buyer-address", address(request.buyer));
        }
        whole(sent).await
    }

    /// Asks until there is a definite answer, or persistence ends.
    async fn ask(&self, request: &Request, persistence: Duration) -> Told {
        let (invoked, begun) = (self.recorder.now(), Instant::now());
        let (mut unsure, mut errors) = (false, Vec::new());
        let answer = loop {
            // Another address each time.
            match self.send(request, request.buyer + errors.len()).await {
                Ok(answer) if is_definite(&answer) => break Some(answer),
                Ok(answer) => {
                    unsure |= answer.status >= 500;
                    errors.push(answer.status.to_string());
                }
                Err(error) => {
                    // A refused connection carried nothing.
                    unsure |= error != samples::REFUSED;
                    errors.push(error);
                }
            }
            if begun.elapsed() >= persistence {
                break None;
            }
            tokio::time::sleep(self.manners.pause).await;
        };
        let ended = self.recorder.now();
        let done = answer.as_ref().map(|answer| answer.status < 300);
        locked(&self.samples).push(Sample::of(request.kind, invoked, ended, done, errors));
        Told {
            answer,
            invoked,
            ended,
            unsure,
        }
    }

    /// Asks and takes it down; the answer when the request was done.
    async fn record(&self, request: Request, show: &str, booking: Option<&str>) -> Option<Value> {
        let told = self.ask(&request, self.manners.persistence).await;
        let mut operation = Operation {
            kind: request.kind,
            key: request.key.clone(),
            show: show.to_owned(),
            booking: booking.map(ToOwned::to_owned),
            seats: Vec::new(),
            invoked: told.invoked,
            ended: told.ended,
            outcome: Outcome::Refused,
            taken: Vec::new(),
            refund_minor: 0,
            answers: Vec::new(),
        };
        if request.kind == Kind::Hold {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            operation.seats = texts(&body["seat_ids"]);
        }
        let done = understand(&mut operation, &told);
        self.keep_token(done.as_ref());
        let number = self.recorder.operation(operation);
        locked(&self.asked).push(Asked { request, number });
        done
    }
}

impl Crowd {
    /// Keeps what opens a booking, so that it can be read in the end.
    fn keep_token(&self, booking: Option<&Value>) {
        let text = |member| booking.and_then(|booking| booking[member].as_str());
        if let (Some(id), Some(token)) = (text("booking_id"), text("guest_token")) {
            locked(&self.tokens).push((id.to_owned(), token.to_owned()));
        }
    }
}

/// Fills in what an answer says; its body when the request was done.
fn understand(operation: &mut Operation, told: &Told) -> Option<Value> {
    let body = told.answer.as_ref().map(Answer::json).unwrap_or_default();
    match &told.answer {
        Some(answer) if answer.status < 300 => {
            operation.outcome = Outcome::Done;
            operation.ended = told.ended;
            let mut digest = DefaultHasher::new();
            answer.bytes.hash(&mut digest);
            operation.answers.push(digest.finish());
            if operation.kind == Kind::Hold {
                operation.booking = body["booking_id"].as_str().map(ToOwned::to_owned);
                let seats = body["seats"].as_array().into_iter().flatten();
                operation.seats = seats
                    .filter_map(|seat| seat["seat_id"].as_str().map(ToOwned::to_owned))
                    .collect();
            }
            operation.refund_minor = body["refund"]["amount"]["amount_minor"]
                .as_i64()
                .unwrap_or_default();
            return Some(body);
        }
        // Without an answer too: then it never reached a server.
        _ if !told.unsure => {
            operation.outcome = Outcome::Refused;
            operation.ended = told.ended;
            operation.taken = texts(&body["unavailable_seat_ids"]);
        }
        _ => {
            operation.outcome = Outcome::Unknown;
            operation.ended = crate::history::NEVER;
        }
    }
    None
}

/// Sends a request and reads the answer to its end.
async fn whole(sent: reqwest::RequestBuilder) -> Result<Answer, String> {
    let answered = async {
        let response = sent.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        Ok::<_, reqwest::Error>(Answer {
            status,
            headers,
            bytes,
        })
    };
    let answered = answered.await;
    answered.map_err(|error| samples::name(&error).to_owned())
}

/// Whether asking again with the same key would tell nothing new.
fn is_definite(answer: &Answer) -> bool {
    match answer.status {
        409 => !matches!(
            &*answer.code(),
            "idempotency_in_progress" | "payment_in_progress"
        ),
        429 => false,
        status => status < 500,
    }
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(ToOwned::to_owned))
        .collect()
}

/// A made-up address for each buyer.
fn address(buyer: usize) -> String {
    let [_, a, b, c] = (buyer as u32 + 1).to_be_bytes();
    format!("10.{}.{b}.{c}", 128 + a % 128)
}

/// A span as moments are counted.
fn span(span: Duration) -> Moment {
    moments(span)
}
