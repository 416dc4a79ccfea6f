//! Tickets to print: one A6 page each, QR code drawn as shapes.

use super::{
    Coded,
    code::Code,
    sheet::{self, BOLD, REGULAR, Sheet, Size, fitting},
};
use chrono::{DateTime, Utc};
use matinee_api as api;
use matinee_booking::OnFile;

const A6: Size = Size {
    width: 297.64,
    height: 419.53,
    margin: 28.0,
};
const QR: f32 = 170.0;

/// A document with a page per ticket that still opens the door.
pub(super) fn document(on_file: &OnFile, tickets: &[Coded]) -> Vec<u8> {
    let valid = tickets
        .iter()
        .filter(|coded| coded.ticket.status != api::TicketStatus::Void);
    let pages: Vec<_> = valid.map(|ticket| content(on_file, ticket)).collect();
    sheet::document(A6, &pages)
}

fn content(on_file: &OnFile, coded: &Coded) -> Vec<u8> {
    let ticket = &coded.ticket;
    let show = &on_file.show;
    let screen = show
        .theater
        .screens
        .iter()
        .find(|screen| screen.screen_id == show.show.screen_id);
    let mut page = Sheet::new(A6);
    if ticket.test {
        page.line(BOLD, 11.0, "TEST TICKET - not valid at the door");
    }
    page.line(BOLD, fitting(A6, &show.movie.name, 18.0), &show.movie.name);
    page.line(
        REGULAR,
        11.0,
        &local(show.show.start_time, show.theater.time_zone),
    );
    page.line(
        REGULAR,
        11.0,
        &format!(
            "{}, {}",
            show.theater.name,
            screen.map_or("", |screen| screen.name.as_str())
        ),
    );
    page.y -= 6.0;
    page.line(
        BOLD,
        22.0,
        &format!("Row {}  Seat {}", ticket.row, ticket.number),
    );
    let kind = match &ticket.proof_needed {
        Some(proof) => format!("{} - please show: {proof}", ticket.ticket_type),
        None => ticket.ticket_type.clone(),
    };
    page.line(REGULAR, 11.0, &kind);
    draw(&mut page, &coded.code);
    page.line(
        REGULAR,
        9.0,
        &format!("Booking {}", on_file.file.booking.reference),
    );
    page.finish()
}

/// The code as one filled path.
fn draw(page: &mut Sheet, code: &Code) {
    page.y -= QR + 12.0;
    let side = QR / code.side() as f32;
    for (row, column, many) in code.runs() {
        let x = A6.margin + column as f32 * side;
        let y = page.y + QR - (row + 1) as f32 * side;
        // A hair higher than its place, so that no reader shows seams.
        page.content.rect(x, y, side * many as f32, side + 0.05);
    }
    page.content.fill_nonzero();
}

pub(super) fn local(at: DateTime<Utc>, zone: chrono_tz::Tz) -> String {
    at.with_timezone(&zone)
        .format("%a %-d %B %Y, %H:%M")
        .to_string()
}
