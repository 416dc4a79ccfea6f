//! Buying through the HTTP interface, and counting what was acknowledged.

use crate::{
    failure::{Failure, expect},
    load::{Watched, drive},
    paced::Outcome,
    plan::{Pair, Plan},
    server::ServerProcess,
    wire::{Answer, Connection},
};
use bytes::Bytes;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// Bookings whose tickets are asked for afterwards.
const SAMPLES: usize = 50;

/// What one kind of buyer got.
pub struct Till<'a> {
    plan: &'a Plan,
    /// Makes its idempotency keys its own.
    name: &'static str,
    pub held: Cell<u64>,
    pub paid: Cell<u64>,
    /// Booking ids and guest tokens of paid bookings.
    samples: RefCell<Vec<(String, String)>>,
    /// The bytes of the first answer, as the server keeps them for repetitions.
    pub answer: RefCell<Bytes>,
}

impl<'a> Till<'a> {
    pub fn new(plan: &'a Plan, name: &'static str) -> Self {
        Self {
            plan,
            name,
            held: Cell::new(0),
            paid: Cell::new(0),
            samples: RefCell::default(),
            answer: RefCell::default(),
        }
    }

    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// Holds the next pair; false when there is none.
    pub async fn hold(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Some(pair) = self.plan.take() else {
            return Ok(false);
        };
        let body = book(connection, self.name, &pair, "")
            .await?
            .expect("book", 201)?;
        if self.held.get() == 0 {
            self.answer.replace(Bytes::copy_from_slice(body));
        }
        self.held.set(self.held.get() + 1);
        Ok(true)
    }

    /// Holds the next pair, or is told to come again later.
    pub async fn try_hold(&self, connection: &mut Connection) -> Result<Outcome, Failure> {
        let Some(pair) = self.plan.take() else {
            return Ok(Outcome::Nothing);
        };
        let answer = book(connection, self.name, &pair, "").await?;
        if matches!(answer.status, 429 | 503) && answer.retry_after {
            return Ok(Outcome::Refused);
        }
        answer.expect("book", 201)?;
        self.held.set(self.held.get() + 1);
        Ok(Outcome::Done)
    }

    /// Booked, paid in the sandbox, confirmed, tickets issued; the mails go out meanwhile.
    pub async fn buy(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Some(pair) = self.plan.take() else {
            return Ok(false);
        };
        let email = r#","guest_email":"bench@example.org""#;
        let body = book(connection, self.name, &pair, email).await?;
        let body = body.expect("book", 201)?;
        let (booking, token) = (text(body, "booking_id")?, text(body, "guest_token")?);
        let payment = format!(r#"{{"booking_id":"{booking}","payment_method":"pm_card_visa"}}"#);
        let (name, number) = (self.name, pair.number);
        let headers = format_args!(
            "Authorization: Bearer {token}\r\nIdempotency-Key: pay-{name}-{number}\r\n"
        );
        let answer = connection
            .post("/api/v1/payment", headers, &payment)
            .await?;
        let status = text(answer.expect("payment", 200)?, "status")?;
        if status != "confirmed" {
            return Err(Failure::Server(format!("a paid booking is {status}")));
        }
        self.paid.set(self.paid.get() + 1);
        let mut samples = self.samples.borrow_mut();
        if samples.len() < SAMPLES {
            samples.push((booking, token));
        }
        Ok(true)
    }
}

/// Asks for a pair of seats.
pub async fn book<'c>(
    connection: &'c mut Connection,
    name: &str,
    pair: &Pair<'_>,
    more: &str,
) -> Result<Answer<'c>, Failure> {
    let (show, (left, right), number) = (pair.show, pair.seats, pair.number);
    let body = format!(r#"{{"show_id":"{show}","seat_ids":["{left}","{right}"]{more}}}"#);
    let headers =
        format_args!("Idempotency-Key: book-{name}-{number}\r\nGuest-Secret: {number:032x}\r\n");
    connection.post("/api/v1/book", headers, &body).await
}

/// Counts what was acknowledged: in the seat maps, in the rows, and by the server's own check. Says what was found.
pub async fn check(server: &ServerProcess, tills: &[&Till<'_>]) -> Result<String, Failure> {
    let sum = |of: fn(&Till<'_>) -> u64| tills.iter().map(|till| of(till)).sum::<u64>();
    let (held, paid) = (sum(|till| till.held.get()), sum(|till| till.paid.get()));
    let mut shows: Vec<&str> = tills.iter().flat_map(|till| till.plan.touched()).collect();
    shows.sort_unstable();
    shows.dedup();
    let (maps_held, maps_sold) = count_seats(server, &shows).await?;
    expect("held seats in the seat maps", held * 2, maps_held)?;
    expect("sold seats in the seat maps", paid * 2, maps_sold)?;
    let mut tickets = 0;
    for till in tills {
        tickets += till.check_tickets(server).await?;
    }
    for (what, sql, expected) in [
        (
            "held bookings",
            "SELECT count(*) FROM bookings WHERE status = 'held'",
            held,
        ),
        (
            "confirmed bookings",
            "SELECT count(*) FROM bookings WHERE status = 'confirmed'",
            paid,
        ),
        (
            "tickets",
            "SELECT count(*) FROM tickets WHERE state = 'valid'",
            paid * 2,
        ),
        (
            "captured charges",
            "SELECT count(*) FROM sandbox_charges WHERE status = 'captured'",
            paid,
        ),
        (
            "kept answers",
            "SELECT count(*) FROM idempotency",
            held + paid * 2,
        ),
    ] {
        expect(what, expected, server.database().number(sql)?)?;
    }
    server.verify()?;
    Ok(format!(
        "{held} holds and {paid} paid bookings: {maps_held} seats held and {maps_sold} sold in the seat maps the server answers, \
         as many rows in its database, {tickets} tickets fetched, `matinee-server verify` without a finding."
    ))
}

/// Held and sold seats in the seat maps of these shows.
pub async fn count_seats(server: &ServerProcess, shows: &[&str]) -> Result<(u64, u64), Failure> {
    let (next, held, sold) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let count = async |connection: &mut Connection| {
        let Some(show) = shows.get(next.get()) else {
            return Ok(false);
        };
        next.set(next.get() + 1);
        let path = format!("/api/v1/shows/{show}/seats");
        let answer = connection.get(&path, "").await?;
        let text = String::from_utf8_lossy(answer.expect("seats", 200)?);
        held.set(held.get() + text.matches(r#""status":"held""#).count() as u64);
        sold.set(sold.get() + text.matches(r#""status":"sold""#).count() as u64);
        Ok(true)
    };
    let mut connections = Connection::open_many(server.address(), 8).await?;
    let watched = Watched::only(server.pid());
    drive(&mut connections, watched, Duration::from_mins(2), count).await?;
    expect("seat maps looked at", shows.len() as u64, next.get() as u64)?;
    Ok((held.get(), sold.get()))
}

impl Till<'_> {
    async fn check_tickets(&self, server: &ServerProcess) -> Result<u64, Failure> {
        let mut connection = Connection::open(server.address()).await?;
        let samples = self.samples.borrow().clone();
        for (booking, token) in &samples {
            let answer = connection
                .get(
                    &format!("/api/v1/bookings/{booking}/tickets"),
                    &format!("Authorization: Bearer {token}\r\n"),
                )
                .await?;
            let text = String::from_utf8_lossy(answer.expect("tickets", 200)?);
            let found = text.matches(r#""ticket_id""#).count() as u64;
            expect("tickets of a booking", 2, found)?;
        }
        Ok(samples.len() as u64 * 2)
    }
}

/// The text behind the first field of this name.
pub fn text(body: &[u8], name: &str) -> Result<String, Failure> {
    let body = std::str::from_utf8(body).unwrap_or_default();
    let found = body
        .split_once(&format!("\"{name}\":\""))
        .and_then(|(_, rest)| rest.split_once('"'));
    match found {
        Some((text, _)) => Ok(text.to_owned()),
        None => Err(Failure::Server(format!("an answer without {name}"))),
    }
}
