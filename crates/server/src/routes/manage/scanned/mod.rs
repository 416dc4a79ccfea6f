//! What a code at a door means: which tickets of which booking, and what the door says of each.
//!
//! A code is a ticket's, signed; or what a person types: a booking's reference, perhaps with a seat, or a ticket's id.

mod shown;

pub(super) use shown::show_at_door;

use crate::{app::App, http::ApiError, tickets::SignedTicket};
use chrono::{DateTime, Utc};
use matinee_api::RedeemRequest;
use matinee_booking::{OnFile, ShowFile, Shows as _};
use matinee_domain::{
    booking::BookingStatus,
    catalog::Theater,
    door::{Door, Entry, Presented, ScanVerdict, Standing},
    ids::{Reference, ShowId, TheaterId, TicketId},
    price::STANDARD,
    seat_map::SeatNo,
};
use matinee_store::{
    bookings::{TicketRow, TicketState},
    door::ScannedTicket,
};
use std::sync::Arc;

/// How a ticket's code begins.
const SIGNED: &str = "MT1:";

/// A code, read.
enum Code {
    Ticket(Box<SignedTicket>),
    Forged,
    Typed(TicketId),
    Booking(Reference, Option<String>),
    Nothing,
}

/// A ticket at the door.
pub(super) struct SeenTicket {
    pub(super) ticket_id: TicketId,
    /// None when no booking has it any more.
    pub(super) place: Option<ScannedTicket>,
    pub(super) verdict: ScanVerdict,
    /// Who is in with it.
    pub(super) entry: Option<Entry>,
    show: Arc<ShowFile>,
    seat: SeatNo,
    ticket_type: String,
}

/// What a code means.
pub(super) struct Seen {
    pub(super) verdict: ScanVerdict,
    pub(super) tickets: Vec<SeenTicket>,
    show: Option<Arc<ShowFile>>,
    booking: Option<OnFile>,
    door: Door,
}

fn read(app: &App, text: &str) -> Code {
    let text = text.trim();
    let capitals = text.to_ascii_uppercase();
    if capitals.starts_with(SIGNED) {
        // A scanner that types may have typed small letters.
        return match SignedTicket::check(&capitals, &app.keys.ticket_public_key()) {
            Some(ticket) => Code::Ticket(Box::new(ticket)),
            None => Code::Forged,
        };
    }
    if let Ok(ticket_id) = text.parse() {
        return Code::Typed(ticket_id);
    }
    let (reference, seat) = match text.split_once('/') {
        Some((reference, seat)) => (reference, Some(seat.trim().to_owned())),
        None => (text, None),
    };
    match reference.parse() {
        Ok(reference) => Code::Booking(reference, seat),
        Err(_) => Code::Nothing,
    }
}

/// Finds out what a code means and what the door says.
pub(super) async fn found(
    app: &App,
    theater: &Theater,
    request: &RedeemRequest,
    at: DateTime<Utc>,
) -> Result<Seen, ApiError> {
    let door = Door {
        show: request.show_id,
        opens_minutes: theater.doors_open_minutes(),
        test_mode: app
            .desk
            .gateway
            .as_ref()
            .is_some_and(|gateway| gateway.is_test()),
    };
    let look = Look {
        app,
        theater_id: theater.theater_id,
        door,
        at,
    };
    match read(app, &request.code) {
        Code::Forged => Ok(look.nothing(ScanVerdict::Forged)),
        Code::Nothing => Ok(look.nothing(ScanVerdict::Unknown)),
        Code::Ticket(ticket) => look.signed(&ticket).await,
        Code::Typed(ticket_id) => look.typed(ticket_id, request.show_id).await,
        Code::Booking(reference, seat) => {
            look.booking(reference, seat, request.ticket_ids.as_deref())
                .await
        }
    }
}

/// A door looking at a code.
struct Look<'a> {
    app: &'a App,
    theater_id: TheaterId,
    door: Door,
    at: DateTime<Utc>,
}

impl Look<'_> {
    fn nothing(&self, verdict: ScanVerdict) -> Seen {
        Seen {
            verdict,
            tickets: Vec::new(),
            show: None,
            booking: None,
            door: self.door,
        }
    }

    async fn signed(&self, ticket: &SignedTicket) -> Result<Seen, ApiError> {
        if ticket.ticket_id.theater() != self.theater_id {
            return Ok(self.nothing(ScanVerdict::WrongTheater));
        }
        let of = self.booking_of(ticket.ticket_id, ticket.show_id).await?;
        if let Some(on_file) = of {
            let newest = Some(ticket.revision);
            return self.one(on_file, ticket.ticket_id, newest).await;
        }
        // It was ours, and no booking that still has seats in the show has it.
        let Some(show) = self.app.catalog.show(ticket.show_id).await? else {
            return Ok(self.nothing(ScanVerdict::Cancelled));
        };
        let gone = SeenTicket {
            ticket_id: ticket.ticket_id,
            place: None,
            verdict: ScanVerdict::Cancelled,
            entry: None,
            show: Arc::clone(&show),
            // Of a show that moved the number may be another seat's by now.
            seat: if show.seating == 0 {
                ticket.seat
            } else {
                SeatNo::FIRST_ASIDE
            },
            ticket_type: String::new(),
        };
        Ok(Seen {
            tickets: vec![gone],
            show: Some(show),
            ..self.nothing(ScanVerdict::Cancelled)
        })
    }

    async fn typed(&self, ticket_id: TicketId, show: Option<ShowId>) -> Result<Seen, ApiError> {
        if ticket_id.theater() != self.theater_id {
            return Ok(self.nothing(ScanVerdict::WrongTheater));
        }
        let of = match show {
            Some(show) => self.booking_of(ticket_id, show).await?,
            None => None,
        };
        match of {
            Some(on_file) => self.one(on_file, ticket_id, None).await,
            None => Ok(self.nothing(ScanVerdict::Unknown)),
        }
    }

    async fn booking_of(
        &self,
        ticket_id: TicketId,
        show_id: ShowId,
    ) -> Result<Option<OnFile>, ApiError> {
        let booking = self.app.store.booking_of_ticket(ticket_id, show_id).await?;
        match booking {
            Some(booking_id) => Ok(Some(self.app.desk.on_file(booking_id).await?)),
            None => Ok(None),
        }
    }

    /// One ticket of a booking, by its code's revision if it has one.
    async fn one(
        &self,
        on_file: OnFile,
        ticket_id: TicketId,
        revision: Option<u32>,
    ) -> Result<Seen, ApiError> {
        let rows = on_file.file.tickets.iter();
        let row: Vec<TicketRow> = rows
            .filter(|row| row.ticket_id == ticket_id)
            .cloned()
            .collect();
        let tickets = self.judged(&on_file, &row, revision).await?;
        let verdict = tickets
            .first()
            .map_or(ScanVerdict::Unknown, |one| one.verdict);
        Ok(self.seen(on_file, verdict, tickets))
    }

    fn seen(&self, on_file: OnFile, verdict: ScanVerdict, tickets: Vec<SeenTicket>) -> Seen {
        Seen {
            verdict,
            tickets,
            show: Some(Arc::clone(&on_file.show)),
            booking: Some(on_file),
            door: self.door,
        }
    }

    async fn booking(
        &self,
        reference: Reference,
        seat: Option<String>,
        wanted: Option<&[TicketId]>,
    ) -> Result<Seen, ApiError> {
        let Some(file) = self.app.store.booking_by_reference(reference).await? else {
            return Ok(self.nothing(ScanVerdict::Unknown));
        };
        if file.booking.booking_id.theater() != self.theater_id {
            return Ok(self.nothing(ScanVerdict::WrongTheater));
        }
        let on_file = self.app.desk.on_file(file.booking.booking_id).await?;
        let rows = &on_file.file.tickets;
        let standing = |row: &&TicketRow| row.state != TicketState::Void;
        let chosen: Vec<TicketRow> = match (&seat, wanted) {
            (Some(seat), _) => {
                let seat = on_file.show.map.seat_no(seat);
                let row = rows.iter().filter(|row| Some(row.seat) == seat);
                let row: Vec<_> = row.cloned().collect();
                if row.is_empty() {
                    return Ok(self.seen(on_file, ScanVerdict::Unknown, Vec::new()));
                }
                row
            }
            (None, Some(named)) if !named.is_empty() => named_tickets(rows, named)?,
            (None, _) => rows.iter().filter(standing).cloned().collect(),
        };
        if chosen.is_empty() {
            let verdict = match on_file.file.booking.state.status() {
                BookingStatus::Cancelled => ScanVerdict::Cancelled,
                BookingStatus::Confirmed | BookingStatus::PartlyCancelled if !rows.is_empty() => {
                    ScanVerdict::Cancelled
                }
                _ => ScanVerdict::NotPaid,
            };
            return Ok(self.seen(on_file, verdict, Vec::new()));
        }
        let tickets = self.judged(&on_file, &chosen, None).await?;
        let which = seat.is_none() && wanted.is_none() && tickets.len() > 1;
        let any = |verdict| tickets.iter().any(|ticket| ticket.verdict == verdict);
        let verdict = match tickets.first() {
            Some(_) if any(ScanVerdict::Admitted) && which => ScanVerdict::Choose,
            Some(_) if any(ScanVerdict::Admitted) => ScanVerdict::Admitted,
            Some(first) => first.verdict,
            None => ScanVerdict::Unknown,
        };
        Ok(self.seen(on_file, verdict, tickets))
    }

    async fn judged(
        &self,
        on_file: &OnFile,
        rows: &[TicketRow],
        revision: Option<u32>,
    ) -> Result<Vec<SeenTicket>, ApiError> {
        let booking = &on_file.file.booking;
        let (show, status) = (&on_file.show.show, booking.state.status());
        let entries = self.app.store.entries_of(booking.booking_id).await?;
        let judged = rows.iter().map(|row| {
            let presented = Presented {
                standing: match row.state {
                    TicketState::Valid => Standing::Valid,
                    TicketState::Redeemed => Standing::Redeemed,
                    TicketState::Void => Standing::Void,
                },
                newest: revision.is_none_or(|revision| revision == row.revision),
                paid: matches!(
                    status,
                    BookingStatus::Confirmed | BookingStatus::PartlyCancelled
                ),
                test: booking.test,
                show: show.show_id,
                starts_at: show.start_time,
                ends_at: show.end_time,
            };
            let entry = entries.iter().find(|(ticket, _)| *ticket == row.ticket_id);
            let booked = booking.seats.iter().find(|booked| booked.seat == row.seat);
            SeenTicket {
                ticket_id: row.ticket_id,
                place: Some(ScannedTicket {
                    ticket_id: row.ticket_id,
                    show_id: show.show_id,
                    booking_id: row.booking_id,
                    seat: row.seat,
                    revision: row.revision,
                }),
                verdict: self.door.judge(&presented, self.at),
                entry: entry.map(|(_, entry)| entry.clone()),
                show: Arc::clone(&on_file.show),
                seat: row.seat,
                ticket_type: booked
                    .map_or_else(|| STANDARD.to_owned(), |booked| booked.ticket_type.clone()),
            }
        });
        Ok(judged.collect())
    }
}

/// The named tickets of a booking, each once.
fn named_tickets(rows: &[TicketRow], named: &[TicketId]) -> Result<Vec<TicketRow>, ApiError> {
    if named.len() > rows.len() {
        return Err(ApiError::invalid(
            "/ticket_ids",
            "The booking has fewer tickets.",
        ));
    }
    let mut chosen: Vec<TicketRow> = Vec::with_capacity(named.len());
    for (at, ticket_id) in named.iter().enumerate() {
        let row = rows.iter().find(|row| row.ticket_id == *ticket_id);
        let twice = chosen.iter().any(|row| row.ticket_id == *ticket_id);
        match row.filter(|_| !twice) {
            Some(row) => chosen.push(row.clone()),
            None => {
                return Err(ApiError::invalid(
                    format!("/ticket_ids/{at}"),
                    "The booking has no such ticket, or it was named twice.",
                ));
            }
        }
    }
    Ok(chosen)
}
