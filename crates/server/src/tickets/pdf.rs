//! Tickets to print: one A6 page each, QR code drawn as shapes.
//!
//! Text uses the standard Helvetica that every reader has, so a page is about 3 kB; letters outside Windows-1252 are
//! left out of it (the screen shows them). An embedded font would lift that at some 100 kB a document.

use chrono::{DateTime, Utc};
use matinee_api as api;
use matinee_booking::OnFile;
use pdf_writer::{Content, Name, Pdf, Rect, Ref, Str};

use super::{Coded, code::Code};

/// A6 in points.
const WIDTH: f32 = 297.64;
const HEIGHT: f32 = 419.53;
const MARGIN: f32 = 28.0;
const QR: f32 = 170.0;

/// A document with a page per ticket that still opens the door.
pub(super) fn document(on_file: &OnFile, tickets: &[Coded]) -> Vec<u8> {
    let tickets: Vec<_> = tickets
        .iter()
        .filter(|coded| coded.ticket.status != api::TicketStatus::Void)
        .collect();
    let mut pdf = Pdf::new();
    let (catalog, tree, regular, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let page = |index: usize| Ref::new(5 + 2 * index as i32);
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree)
        .kids((0..tickets.len()).map(page))
        .count(tickets.len() as i32);
    for (font, name) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(font)
            .base_font(Name(name))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (index, ticket) in tickets.iter().enumerate() {
        let content_id = Ref::new(page(index).get() + 1);
        let mut out = pdf.page(page(index));
        out.parent(tree)
            .media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT))
            .contents(content_id);
        let mut resources = out.resources();
        resources
            .fonts()
            .pair(Name(b"R"), regular)
            .pair(Name(b"B"), bold);
        resources.finish();
        out.finish();
        pdf.stream(content_id, &content(on_file, ticket));
    }
    pdf.finish()
}

use pdf_writer::Finish as _;

fn content(on_file: &OnFile, coded: &Coded) -> Vec<u8> {
    let ticket = &coded.ticket;
    let show = &on_file.show;
    let screen = show
        .theater
        .screens
        .iter()
        .find(|screen| screen.screen_id == show.show.screen_id);
    let mut page = Page {
        content: Content::new(),
        y: HEIGHT - MARGIN,
    };
    if ticket.test {
        page.line(b"B", 11.0, "TEST TICKET - not valid at the door");
    }
    page.line(b"B", fitting(&show.movie.name, 18.0), &show.movie.name);
    page.line(
        b"R",
        11.0,
        &local(show.show.start_time, show.theater.time_zone),
    );
    page.line(
        b"R",
        11.0,
        &format!(
            "{}, {}",
            show.theater.name,
            screen.map_or("", |screen| screen.name.as_str())
        ),
    );
    page.y -= 6.0;
    page.line(
        b"B",
        22.0,
        &format!("Row {}  Seat {}", ticket.row, ticket.number),
    );
    let kind = match &ticket.proof_needed {
        Some(proof) => format!("{} - please show: {proof}", ticket.ticket_type),
        None => ticket.ticket_type.clone(),
    };
    page.line(b"R", 11.0, &kind);
    page.qr(&coded.code);
    page.line(
        b"R",
        9.0,
        &format!("Booking {}", on_file.file.booking.reference),
    );
    page.content.finish().to_vec()
}

struct Page {
    content: Content,
    y: f32,
}

impl Page {
    fn line(&mut self, font: &[u8], size: f32, text: &str) {
        self.y -= size * 1.25;
        let bytes = win_ansi(text);
        self.content
            .begin_text()
            .set_font(Name(font), size)
            .next_line(MARGIN, self.y)
            .show(Str(&bytes))
            .end_text();
    }

    /// The code as one filled path.
    fn qr(&mut self, code: &Code) {
        self.y -= QR + 12.0;
        let side = QR / code.side() as f32;
        for (row, column, many) in code.runs() {
            let x = MARGIN + column as f32 * side;
            let y = self.y + QR - (row + 1) as f32 * side;
            // A hair higher than its place, so that no reader shows seams.
            self.content.rect(x, y, side * many as f32, side + 0.05);
        }
        self.content.fill_nonzero();
    }
}

/// A size at which a title roughly fits: Helvetica bold is about 0.55 em wide on average.
fn fitting(text: &str, size: f32) -> f32 {
    let room = (WIDTH - 2.0 * MARGIN) / (text.chars().count().max(1) as f32 * 0.55);
    room.clamp(7.0, size)
}

fn local(at: DateTime<Utc>, zone: chrono_tz::Tz) -> String {
    at.with_timezone(&zone)
        .format("%a %-d %B %Y, %H:%M")
        .to_string()
}

/// Windows-1252, as the standard fonts have it; what it lacks becomes `?`.
fn win_ansi(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => c as u32 as u8,
            '€' => 0x80,
            '‘' => 0x91,
            '’' => 0x92,
            '“' => 0x93,
            '”' => 0x94,
            '•' => 0x95,
            '–' => 0x96,
            '—' => 0x97,
            'Š' => 0x8a,
            'š' => 0x9a,
            'Ž' => 0x8e,
            'ž' => 0x9e,
            'Œ' => 0x8c,
            'œ' => 0x9c,
            _ => b'?',
        })
        .collect()
}
