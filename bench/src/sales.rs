//! Selling through the HTTP interface: durable holds against POSTs without effect, and paid bookings.

use crate::{
    args::Pace,
    failure::{Failure, expect},
    load::{Round, drive},
    plan::{Pair, Plan},
    report::{Report, column, ratio},
    server::ServerProcess,
    wire::Connection,
};
use bytes::Bytes;
use rusqlite::{Connection as Database, OpenFlags};
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

const CONNECTIONS: usize = 256;
/// Time to hold seats of every show once, at most.
const WARM_UP: Duration = Duration::from_secs(15);
/// Bookings whose tickets are asked for afterwards.
const SAMPLES: usize = 50;

pub struct Sales<'a> {
    server: &'a ServerProcess,
    plan: &'a Plan,
    connections: RefCell<Vec<Connection>>,
    held: Cell<u64>,
    paid: Cell<u64>,
    /// Booking ids and guest tokens of paid bookings.
    samples: RefCell<Vec<(String, String)>>,
    answer: RefCell<Bytes>,
}

/// What later parts need to know about the holds.
pub struct Holds {
    /// The bytes of one answer, as the server keeps them for repetitions.
    pub answer: Bytes,
    pub cpu_us: f64,
    pub no_op_cpu_us: f64,
}

/// What later parts need to know about the paid bookings.
pub struct Paid {
    pub per_second: f64,
}

impl<'a> Sales<'a> {
    pub async fn new(server: &'a ServerProcess, plan: &'a Plan) -> Result<Self, Failure> {
        let connections = Connection::open_many(server.address(), CONNECTIONS).await?;
        Ok(Self {
            server,
            plan,
            connections: RefCell::new(connections),
            held: Cell::new(0),
            paid: Cell::new(0),
            samples: RefCell::default(),
            answer: RefCell::default(),
        })
    }

    async fn round<J>(&self, time: Duration, job: J) -> Result<Round, Failure>
    where
        J: AsyncFn(&mut Connection) -> Result<bool, Failure>,
    {
        // Taken out and put back, so that nothing is borrowed while the round runs.
        let mut connections = self.connections.take();
        let round = drive(&mut connections, self.server.pid(), time, job).await;
        self.connections.replace(connections);
        round
    }

    /// Durable holds ÷ POSTs without effect.
    pub async fn holds(&self, pace: &Pace, report: &mut Report) -> Result<Holds, Failure> {
        let hold = async |connection: &mut Connection| self.hold(connection).await;
        self.round(pace.slice / 3, no_op).await?;
        // The first look at a show reads it from the database, once per start of the server: not what is measured.
        let all = self.plan.shows();
        let touch = async |connection: &mut Connection| {
            Ok(self.plan.taken() < all && self.hold(connection).await?)
        };
        let first = self.round(WARM_UP, touch).await?;
        let (mut holds, mut no_ops) = (Vec::new(), Vec::new());
        for _ in 0..pace.rounds {
            holds.push(self.round(pace.slice, hold).await?);
            no_ops.push(self.round(pace.slice, no_op).await?);
        }
        let out = Holds {
            answer: self.answer.borrow().clone(),
            cpu_us: column(&holds, Round::cpu_us),
            no_op_cpu_us: column(&no_ops, Round::cpu_us),
        };
        let note = format!(
            "{CONNECTIONS} connections, {} shows, with Idempotency-Key; {:.0} against {:.0} per second; the no-op is `POST /auth/logout` of nobody",
            self.plan.shows(),
            column(&holds, Round::per_second),
            column(&no_ops, Round::per_second),
        );
        report.add(
            "holds_over_no_op",
            "durable hold (`POST /book`, 2 seats) ÷ no-op POST on the same server",
            ratio(&holds, &no_ops),
            "",
            Some("≥ 0.7"),
            &note,
        );
        report.add(
            "hold_cpu_us",
            "server CPU per hold",
            out.cpu_us,
            "µs",
            None,
            "commit and fsync included",
        );
        report.add(
            "no_op_cpu_us",
            "server CPU per no-op POST",
            out.no_op_cpu_us,
            "µs",
            None,
            "",
        );
        report.add(
            "first_hold_cpu_us",
            "server CPU of the first hold of a show since the start",
            first.cpu_us(),
            "µs",
            None,
            &format!("{} shows once each, before the rounds above", first.done),
        );
        Ok(out)
    }

    async fn hold(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Some(pair) = self.plan.take() else {
            return Ok(false);
        };
        let body = book(connection, &pair, "").await?;
        if self.held.get() == 0 {
            self.answer.replace(Bytes::copy_from_slice(body));
        }
        self.held.set(self.held.get() + 1);
        Ok(true)
    }

    /// Booked, paid in the sandbox, confirmed, tickets issued; the mails go out meanwhile.
    pub async fn paid(&self, pace: &Pace, report: &mut Report) -> Result<Paid, Failure> {
        let buy = async |connection: &mut Connection| self.buy(connection).await;
        self.round(pace.slice / 3, buy).await?;
        let mut rounds = Vec::new();
        for _ in 0..pace.rounds {
            rounds.push(self.round(pace.slice, buy).await?);
        }
        let per_second = column(&rounds, Round::per_second);
        let note = format!(
            "`POST /book` and `POST /payment` with pm_card_visa: confirmed, tickets issued, mail queued; {CONNECTIONS} connections"
        );
        report.add(
            "paid_per_second",
            "paid bookings per second",
            per_second,
            "/s",
            Some("≥ 12,000"),
            &note,
        );
        let cpu = column(&rounds, Round::cpu_us);
        report.add(
            "paid_cpu_us",
            "server CPU per paid booking",
            cpu,
            "µs",
            Some("≤ 90"),
            "with the mails sent meanwhile",
        );
        Ok(Paid { per_second })
    }

    async fn buy(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Some(pair) = self.plan.take() else {
            return Ok(false);
        };
        let body = book(connection, &pair, r#","guest_email":"bench@example.org""#).await?;
        let (booking, token) = (text(body, "booking_id")?, text(body, "guest_token")?);
        let payment = format!(r#"{{"booking_id":"{booking}","payment_method":"pm_card_visa"}}"#);
        let answer = connection
            .post(
                "/api/v1/payment",
                format_args!(
                    "Authorization: Bearer {token}\r\nIdempotency-Key: pay-{}\r\n",
                    pair.number
                ),
                &payment,
            )
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

    /// Counts what was acknowledged: in the seat maps, in the rows, and by the server's own check.
    pub async fn check(&self, report: &mut Report) -> Result<(), Failure> {
        let (held, paid) = (self.held.get(), self.paid.get());
        let (maps_held, maps_sold) = self.count_seats().await?;
        expect("held seats in the seat maps", held * 2, maps_held)?;
        expect("sold seats in the seat maps", paid * 2, maps_sold)?;
        self.check_tickets().await?;
        let database =
            Database::open_with_flags(self.server.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
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
            let found: i64 = database.query_row(sql, [], |row| row.get(0))?;
            expect(what, expected, found as u64)?;
        }
        self.server.verify()?;
        report.effects(format!(
            "{held} holds and {paid} paid bookings: {maps_held} seats held and {maps_sold} sold in the seat maps the server answers, \
             as many rows in its database, {} tickets fetched, `matinee-server verify` without a finding.",
            self.samples.borrow().len() * 2
        ));
        Ok(())
    }

    async fn count_seats(&self) -> Result<(u64, u64), Failure> {
        let shows = self.plan.touched();
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
        let mut connections = Connection::open_many(self.server.address(), 8).await?;
        let minute = Duration::from_mins(1);
        drive(&mut connections, self.server.pid(), minute, count).await?;
        Ok((held.get(), sold.get()))
    }

    async fn check_tickets(&self) -> Result<(), Failure> {
        let mut connection = Connection::open(self.server.address()).await?;
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
        Ok(())
    }
}

/// Signing out without being signed in: routed, checked, its JSON read, and nothing done.
async fn no_op(connection: &mut Connection) -> Result<bool, Failure> {
    let answer = connection
        .post("/api/v1/auth/logout", format_args!(""), "{}")
        .await?;
    answer.expect("logout", 204).map(|_| true)
}

async fn book<'c>(
    connection: &'c mut Connection,
    pair: &Pair<'_>,
    more: &str,
) -> Result<&'c [u8], Failure> {
    let (show, (left, right), number) = (pair.show, pair.seats, pair.number);
    let body = format!(r#"{{"show_id":"{show}","seat_ids":["{left}","{right}"]{more}}}"#);
    let headers = format_args!("Idempotency-Key: book-{number}\r\nGuest-Secret: {number:032x}\r\n");
    let answer = connection.post("/api/v1/book", headers, &body).await?;
    answer.expect("book", 201)
}

/// The text behind the first field of this name.
fn text(body: &[u8], name: &str) -> Result<String, Failure> {
    let body = std::str::from_utf8(body).unwrap_or_default();
    let found = body
        .split_once(&format!("\"{name}\":\""))
        .and_then(|(_, rest)| rest.split_once('"'));
    match found {
        Some((text, _)) => Ok(text.to_owned()),
        None => Err(Failure::Server(format!("an answer without {name}"))),
    }
}
