//! Which seats are to be booked: neighbours of a row, two by two, through the shows, each pair once.

use crate::{failure::Failure, wire::Connection};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::{cell::Cell, collections::HashMap, net::SocketAddr, rc::Rc};

/// Shows that start sooner are left alone: their sale could end during the measurement.
const AHEAD: TimeDelta = TimeDelta::hours(2);
/// Pages of the catalog at most.
const PAGES: usize = 100;

#[derive(Deserialize)]
struct Page {
    shows: Vec<Show>,
    cursor: String,
    more: bool,
}

#[derive(Deserialize)]
struct Show {
    show_id: String,
    screen: Screen,
    start_time: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Screen {
    screen_id: String,
    name: String,
}

#[derive(Deserialize)]
struct Seats {
    seats: Vec<Seat>,
}

#[derive(Deserialize)]
struct Seat {
    seat_id: String,
    row: String,
    area: u16,
    status: String,
}

type Pairs = Rc<Vec<(String, String)>>;

/// A show and the pairs of its seats.
#[derive(Clone)]
pub struct Sold {
    pub show: String,
    pub pairs: Pairs,
    /// It is the first of its screen.
    first: bool,
}

/// How many shows are sold side by side: all.
pub const ALL: usize = usize::MAX;

/// The pairs in the order they are booked: the first of every show, then the second of every show, …, all shows side
/// by side or so many after so many.
pub struct Plan {
    shows: Vec<(String, Pairs)>,
    order: Vec<(u32, u16)>,
    next: Cell<usize>,
    /// One show of each screen.
    samples: Vec<String>,
}

/// Two seats of a show.
pub struct Pair<'a> {
    /// Which it is, counted from zero.
    pub number: usize,
    pub show: &'a str,
    pub seats: (&'a str, &'a str),
}

/// The shows of the screens whose name begins like this, in the catalog's order.
pub async fn shows(address: SocketAddr, screens: &str) -> Result<Vec<Sold>, Failure> {
    let mut connection = Connection::open(address).await?;
    let mut known: HashMap<String, Pairs> = HashMap::new();
    let mut out = Vec::new();
    for show in catalog(&mut connection).await? {
        if !show.screen.name.starts_with(screens) {
            continue;
        }
        // Shows on one screen have the same seats, and nothing is sold yet.
        let before = known.get(&show.screen.screen_id).cloned();
        let first = before.is_none();
        let pairs = match before {
            Some(pairs) => pairs,
            None => Rc::new(pairs_of(&mut connection, &show.show_id).await?),
        };
        known.insert(show.screen.screen_id, pairs.clone());
        out.push(Sold {
            show: show.show_id,
            pairs,
            first,
        });
    }
    Ok(out)
}

impl Plan {
    /// All shows side by side.
    pub async fn make(address: SocketAddr, screens: &str) -> Result<Self, Failure> {
        Ok(Self::of(shows(address, screens).await?, ALL))
    }

    /// `side` shows side by side, then the next.
    pub fn of(shows: Vec<Sold>, side: usize) -> Self {
        let mut order: Vec<(u32, u16)> = Vec::new();
        for (show, sold) in (0_u32..).zip(&shows) {
            order.extend((0..sold.pairs.len() as u16).map(|pair| (show, pair)));
        }
        order.sort_by_key(|(show, pair)| (*show as usize / side, *pair, *show));
        let firsts = shows.iter().filter(|sold| sold.first);
        Self {
            samples: firsts.map(|sold| sold.show.clone()).collect(),
            shows: shows
                .into_iter()
                .map(|sold| (sold.show, sold.pairs))
                .collect(),
            order,
            next: Cell::new(0),
        }
    }

    pub fn shows(&self) -> usize {
        self.shows.len()
    }

    pub fn pairs(&self) -> usize {
        self.order.len()
    }

    /// One show of each screen: small and large seat maps as the demo has them.
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// Pairs that somebody took.
    pub fn taken(&self) -> usize {
        self.next.get()
    }

    /// The next pair that nobody took yet.
    pub fn take(&self) -> Option<Pair<'_>> {
        let number = self.next.get();
        let pair = self.pair(number)?;
        self.next.set(number + 1);
        Some(pair)
    }

    fn pair(&self, number: usize) -> Option<Pair<'_>> {
        let (show, pair) = *self.order.get(number)?;
        let (show, pairs) = &self.shows[show as usize];
        let (left, right) = &pairs[usize::from(pair)];
        Some(Pair {
            number,
            show,
            seats: (left, right),
        })
    }

    /// Every show.
    pub fn all(&self) -> Vec<&str> {
        self.shows.iter().map(|(id, _)| id.as_str()).collect()
    }

    /// The shows of which seats were taken.
    pub fn touched(&self) -> Vec<&str> {
        let mut seen = vec![false; self.shows.len()];
        for (show, _) in &self.order[..self.next.get()] {
            seen[*show as usize] = true;
        }
        let shows = self.shows.iter().zip(seen).filter(|(_, seen)| *seen);
        shows.map(|((id, _), _)| id.as_str()).collect()
    }
}

async fn catalog(connection: &mut Connection) -> Result<Vec<Show>, Failure> {
    let soon = Utc::now() + AHEAD;
    let mut out = Vec::new();
    let mut path = String::from("/api/v1/sync");
    for _ in 0..PAGES {
        let answer = connection.get(&path, "").await?;
        let page: Page = serde_json::from_slice(answer.expect("sync", 200)?)?;
        out.extend(page.shows.into_iter().filter(|show| show.start_time > soon));
        if !page.more {
            return Ok(out);
        }
        path = format!("/api/v1/sync?cursor={}", page.cursor);
    }
    Err(Failure::Server(format!(
        "the catalog has more than {PAGES} pages"
    )))
}

async fn pairs_of(
    connection: &mut Connection,
    show: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let answer = connection
        .get(&format!("/api/v1/shows/{show}/seats"), "")
        .await?;
    let mut free: Seats = serde_json::from_slice(answer.expect("seats", 200)?)?;
    free.seats.retain(|seat| seat.status == "available");
    let mut out = Vec::with_capacity(free.seats.len() / 2);
    for row in free
        .seats
        .chunk_by(|a, b| (a.area, &a.row) == (b.area, &b.row))
    {
        for pair in row.chunks_exact(2) {
            out.push((pair[0].seat_id.clone(), pair[1].seat_id.clone()));
        }
    }
    Ok(out)
}
