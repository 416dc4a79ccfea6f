//! People who watch a show's seats live, as light as they can be: a connection, a small buffer, and which seats they
//! saw taken. Ten thousand of them share one thread.
//!
//! A viewer pulls chunks of `text/event-stream` and knows the halls of [`arena`], whose seats are called by number.

use crate::{arena, failure::Failure, stats::Times};
use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

const BUFFER: usize = 2 << 10;
/// A longer event is none: a snapshot of the largest hall is smaller.
const EVENT_MAX: usize = 1 << 20;
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);

/// What all viewers of a show found out together.
pub struct Seen {
    /// When each seat was taken, as far as it is known.
    taken: RefCell<Vec<Option<Instant>>>,
    marked: Cell<u64>,
    /// Of every seat at every viewer, from when it was taken.
    pub delays: RefCell<Times>,
    /// Seat changes that reached a viewer, and events they came in.
    pub deliveries: Cell<u64>,
    pub events: Cell<u64>,
    /// Snapshots after the first: the viewer had fallen behind and was told so.
    pub snapshots: Cell<u64>,
    /// Viewers that have their first snapshot.
    ready: Cell<usize>,
    broken: RefCell<Option<String>>,
}

impl Seen {
    /// A seat was taken at this moment.
    pub fn mark(&self, seat: usize, at: Instant) {
        if let Some(slot @ None) = self.taken.borrow_mut().get_mut(seat) {
            *slot = Some(at);
            self.marked.set(self.marked.get() + 1);
        }
    }
}

pub struct Crowd {
    pub seen: Rc<Seen>,
    viewers: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// So many viewers of one show, each with its first snapshot.
    pub async fn gather(
        address: SocketAddr,
        show: &str,
        seats: usize,
        many: usize,
    ) -> Result<Self, Failure> {
        let seen = Rc::new(Seen {
            taken: RefCell::new(vec![None; seats]),
            marked: Cell::new(0),
            delays: RefCell::default(),
            deliveries: Cell::new(0),
            events: Cell::new(0),
            snapshots: Cell::new(0),
            ready: Cell::new(0),
            broken: RefCell::default(),
        });
        let mut viewers = Vec::with_capacity(many);
        for _ in 0..many {
            let mut stream = TcpStream::connect(address).await?;
            let ask =
                format!("GET /api/v1/shows/{show}/seats/live HTTP/1.1\r\nHost: {address}\r\n\r\n");
            stream.write_all(ask.as_bytes()).await?;
            let seen = seen.clone();
            viewers.push(tokio::task::spawn_local(async move {
                let mut viewer = Viewer {
                    seen: &seen,
                    had: vec![0; seats.div_ceil(64)],
                    first: true,
                };
                if let Err(why) = viewer.watch(stream).await {
                    seen.broken.replace(Some(why.to_string()));
                }
            }));
        }
        let crowd = Self { seen, viewers };
        crowd
            .wait("viewers with a snapshot", |seen| seen.ready.get() >= many)
            .await?;
        Ok(crowd)
    }

    /// Until every viewer saw every seat that was marked. A change that is lost silently ends here.
    pub async fn all_seen(&self) -> Result<(), Failure> {
        let all = self.seen.marked.get() * self.viewers.len() as u64;
        self.wait("seats seen by every viewer", |seen| {
            seen.deliveries.get() >= all
        })
        .await?;
        crate::failure::expect("seats seen by viewers", all, self.seen.deliveries.get())
    }

    async fn wait(&self, what: &'static str, done: impl Fn(&Seen) -> bool) -> Result<(), Failure> {
        let until = Instant::now() + ARRIVES_WITHIN;
        while !done(&self.seen) {
            if let Some(why) = self.seen.broken.borrow().clone() {
                return Err(Failure::Server(format!("a live stream broke: {why}")));
            }
            if Instant::now() > until {
                return Err(Failure::Server(format!(
                    "{what}: not within {} s, {} deliveries",
                    ARRIVES_WITHIN.as_secs(),
                    self.seen.deliveries.get()
                )));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for viewer in &self.viewers {
            viewer.abort();
        }
    }
}

struct Viewer<'a> {
    seen: &'a Seen,
    /// One bit for each seat it saw taken.
    had: Vec<u64>,
    first: bool,
}

impl Viewer<'_> {
    async fn watch(&mut self, mut stream: TcpStream) -> Result<(), Failure> {
        let mut buffer = vec![0; BUFFER];
        let mut filled = 0;
        loop {
            if filled == buffer.len() {
                if filled >= EVENT_MAX {
                    return Err(Failure::Server("too long an event".into()));
                }
                buffer.resize(filled * 2, 0);
            }
            let more = stream.read(&mut buffer[filled..]).await?;
            if more == 0 {
                return Err(Failure::Server("it was closed".into()));
            }
            // An event ends in an empty line; so does the head of the answer, which says nothing to a viewer.
            let before = filled.saturating_sub(1);
            filled += more;
            let Some(end) = last_end(&buffer[before..filled]) else {
                continue;
            };
            let end = before + end;
            self.read(&buffer[..end])?;
            buffer.copy_within(end..filled, 0);
            filled -= end;
            if filled == 0 && buffer.len() > 4 * BUFFER {
                buffer.truncate(BUFFER);
                buffer.shrink_to_fit();
            }
        }
    }

    /// Whole events, perhaps several.
    fn read(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(bytes);
        if text.starts_with("HTTP/1.1 ") && !text.starts_with("HTTP/1.1 200") {
            let line = text.lines().next().unwrap_or_default().to_owned();
            return Err(Failure::Server(line));
        }
        let snapshots = text.matches("event: snapshot").count() as u64;
        let events = snapshots + text.matches("event: seats").count() as u64;
        let seen = self.seen;
        seen.events.set(seen.events.get() + events);
        if snapshots > 0 && self.first {
            self.first = false;
            seen.ready.set(seen.ready.get() + 1);
            seen.snapshots.set(seen.snapshots.get() + snapshots - 1);
        } else {
            seen.snapshots.set(seen.snapshots.get() + snapshots);
        }
        let now = Instant::now();
        let taken = seen.taken.borrow();
        let mut delays = seen.delays.borrow_mut();
        let mut deliveries = 0;
        for change in text.split(r#""seat_id":""#).skip(1) {
            let Some((id, rest)) = change.split_once('"') else {
                continue;
            };
            let is_free = rest.starts_with(r#","status":"available""#);
            let Some(seat) = arena::seat_number(id).filter(|_| !is_free) else {
                continue;
            };
            let Some(word) = self.had.get_mut(seat / 64) else {
                continue;
            };
            // Held, then sold: the second is no news of who may sit there.
            if *word & (1 << (seat % 64)) == 0 {
                *word |= 1 << (seat % 64);
                deliveries += 1;
                let at = taken.get(seat).copied().flatten();
                delays.add(at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at)));
            }
        }
        seen.deliveries.set(seen.deliveries.get() + deliveries);
        Ok(())
    }
}

/// Behind the last whole event.
fn last_end(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(2).rposition(|two| two == b"\n\n")?;
    Some(at + 2)
}
