//! Tickets as their owner gets them: signed, as QR code, calendar entry and printable page.
//!
//! The signature (Ed25519) is made when a ticket is read, off the booking path, over the few facts a door needs; it
//! names its key and the ticket's revision and holds no personal data. Whether a ticket was redeemed or voided is the
//! store's to say.

mod code;
mod escpos;
pub mod ics;
mod pdf;
mod receipt;
mod sheet;
mod signed;

pub use escpos::Paper;
pub use ics::{Method, calendar};
pub use signed::{SignedTicket, payload};

use crate::{auth::Keys, http::ApiError};
use code::Code;
use matinee_api as api;
use matinee_booking::{OnFile, SaleError};
use matinee_store::bookings::{TicketRow, TicketState};

/// A ticket and its code, which is worth making only once: choosing among a code's masks costs more than signing.
struct Coded {
    /// Its `qr_svg` is still empty.
    ticket: api::Ticket,
    code: Code,
}

/// The answer of `GET /bookings/{booking_id}/tickets`.
pub fn tickets(keys: &Keys, on_file: &OnFile) -> Result<api::Tickets, ApiError> {
    let coded = coded(keys, on_file)?;
    let pdf = pdf::document(on_file, &coded);
    Ok(api::Tickets {
        booking_id: on_file.file.booking.booking_id,
        ics: calendar(on_file, None),
        pdf_base64: data_encoding::BASE64.encode(&pdf),
        tickets: coded.into_iter().map(Coded::with_svg).collect(),
    })
}

/// The tickets as a printable page, for a mail.
pub fn pdf(keys: &Keys, on_file: &OnFile) -> Result<Vec<u8>, ApiError> {
    Ok(pdf::document(on_file, &coded(keys, on_file)?))
}

/// The tickets as they were when they were sold, whatever became of them since.
pub fn as_sold(keys: &Keys, on_file: &OnFile) -> Result<Vec<api::Ticket>, ApiError> {
    let mut on_file = on_file.clone();
    for row in &mut on_file.file.tickets {
        row.state = TicketState::Valid;
    }
    Ok(coded(keys, &on_file)?
        .into_iter()
        .map(Coded::with_svg)
        .collect())
}

/// The tickets as a receipt printer takes them.
pub fn receipt_paper(keys: &Keys, on_file: &OnFile, paper: Paper) -> Result<Vec<u8>, ApiError> {
    let coded = coded(keys, on_file)?;
    let tickets: Vec<_> = coded.iter().map(|coded| &coded.ticket).collect();
    Ok(escpos::document(on_file, &tickets, paper))
}

/// The answer of `GET /bookings/{booking_id}/receipt`.
pub fn receipt(on_file: &OnFile) -> Result<api::Receipt, ApiError> {
    Ok(api::Receipt {
        booking_id: on_file.file.booking.booking_id,
        pdf_base64: data_encoding::BASE64.encode(&receipt::document(on_file)?),
    })
}

fn coded(keys: &Keys, on_file: &OnFile) -> Result<Vec<Coded>, ApiError> {
    if on_file.file.tickets.is_empty() {
        return Err(SaleError::NotConfirmed.into());
    }
    let rows = on_file.file.tickets.iter();
    rows.map(|row| ticket(keys, on_file, row)).collect()
}

impl Coded {
    fn with_svg(self) -> api::Ticket {
        api::Ticket {
            qr_svg: self.code.svg(),
            ..self.ticket
        }
    }
}

fn ticket(keys: &Keys, on_file: &OnFile, row: &TicketRow) -> Result<Coded, ApiError> {
    let show = &on_file.show;
    let mut booked = on_file.file.booking.seats.iter();
    let booked = booked.find(|booked| booked.seat == row.seat);
    let map = booked.map_or(&*show.map, |booked| show.map_of(booked));
    let map = &map.map;
    let seat = map
        .seat(row.seat.place())
        .ok_or_else(|| ApiError::not_found("seat"))?;
    let code = booked.map_or(matinee_domain::price::STANDARD, |booked| {
        booked.ticket_type.as_str()
    });
    let ticket_type = show.show.prices.ticket_type(code);
    let qr_payload = payload(
        keys,
        row,
        show.show.show_id,
        show.show.start_time,
        on_file.file.booking.test,
    );
    let code = qr(&qr_payload)?;
    let ticket = api::Ticket {
        ticket_id: row.ticket_id,
        seat_id: seat.seat_id.clone(),
        row: seat.row.clone(),
        number: seat.number.clone(),
        area: map
            .areas
            .get(usize::from(seat.area))
            .map(|area| area.name.clone())
            .unwrap_or_default(),
        ticket_type: ticket_type.map_or_else(|| "Standard".to_owned(), |kind| kind.label.clone()),
        proof_needed: ticket_type.and_then(|kind| kind.proof.clone()),
        qr_svg: String::new(),
        qr_payload,
        status: match row.state {
            TicketState::Valid => api::TicketStatus::Valid,
            TicketState::Redeemed => api::TicketStatus::Redeemed,
            TicketState::Void => api::TicketStatus::Void,
        },
        test: on_file.file.booking.test,
    };
    Ok(Coded { ticket, code })
}

/// A text as a QR code, for a screen.
pub fn qr_svg(text: &str) -> Result<String, ApiError> {
    Ok(qr(text)?.svg())
}

/// The code of a payload.
fn qr(payload: &str) -> Result<Code, ApiError> {
    Code::of(payload).map_err(|error| {
        tracing::error!(%error, "a ticket did not fit its code");
        ApiError::new(
            api::ProblemCode::Internal,
            "The ticket's code could not be made. Your booking is safe.",
        )
    })
}
