//! What a door is shown and told of what was scanned.

use super::{Seen, SeenTicket};
use crate::{app::App, http::ApiError};
use chrono::{DateTime, Utc};
use matinee_api::{self as api, ScannedShow};
use matinee_booking::ShowFile;
use matinee_domain::{
    door::{Door, ScanVerdict, UNDO_WITHIN},
    ids::Reference,
};
use matinee_store::bookings::Owner;

impl SeenTicket {
    pub(in super::super) fn shown(
        &self,
        first_scan: Option<api::FirstScan>,
        now: DateTime<Utc>,
    ) -> api::ScannedTicket {
        let map = &self.show.map.map;
        let seat = map.seat(self.seat);
        let area = seat.and_then(|seat| map.areas.get(usize::from(seat.area)));
        let kind = self.show.show.prices.ticket_type(&self.ticket_type);
        let until = first_scan
            .as_ref()
            .map(|scan| scan.scanned_at + UNDO_WITHIN);
        api::ScannedTicket {
            ticket_id: self.ticket_id,
            seat_id: self.show.map.seat_id(self.seat),
            row: seat.map(|seat| seat.row.clone()).unwrap_or_default(),
            number: seat.map(|seat| seat.number.clone()).unwrap_or_default(),
            area: area.map(|area| area.name.clone()).unwrap_or_default(),
            ticket_type: kind.map_or_else(|| self.ticket_type.clone(), |kind| kind.label.clone()),
            proof_needed: kind.and_then(|kind| kind.proof.clone()),
            verdict: self.verdict,
            first_scan,
            undo_until: until.filter(|until| *until > now),
        }
    }
}

/// A show as doors are told of it; how many are in is filled in by whoever counts.
pub(in super::super) fn show_at_door(file: &ShowFile, door: &Door) -> ScannedShow {
    let show = &file.show;
    let screen = file.theater.screens.iter();
    let screen = screen
        .clone()
        .find(|screen| screen.screen_id == show.screen_id);
    ScannedShow {
        show_id: show.show_id,
        movie_name: file.movie.name.clone(),
        screen_name: screen.map(|screen| screen.name.clone()).unwrap_or_default(),
        start_time: show.start_time,
        end_time: show.end_time,
        doors_open_at: door.opens_at(show.start_time),
        admitted: 0,
        tickets: 0,
    }
}

impl Seen {
    pub(in super::super) async fn show(&self, app: &App) -> Result<Option<ScannedShow>, ApiError> {
        let Some(file) = &self.show else {
            return Ok(None);
        };
        let counts = app.store.at_the_door(file.show.show_id).await?;
        Ok(Some(ScannedShow {
            admitted: counts.admitted,
            tickets: counts.tickets,
            ..show_at_door(file, &self.door)
        }))
    }

    pub(in super::super) fn reference(&self) -> Option<Reference> {
        self.booking
            .as_ref()
            .map(|on_file| on_file.file.booking.reference)
    }

    /// The name of the account that booked.
    pub(in super::super) async fn name(&self, app: &App) -> Result<Option<String>, ApiError> {
        let Some(on_file) = &self.booking else {
            return Ok(None);
        };
        let Owner::User(user_id) = &on_file.file.booking.owner else {
            return Ok(None);
        };
        let user = app.store.user(*user_id).await?;
        Ok(user
            .map(|user| user.profile.name)
            .filter(|name| !name.is_empty()))
    }

    /// The verdict for people, with what belongs to it.
    pub(in super::super) fn words(&self, tickets: &[api::ScannedTicket]) -> String {
        let show = self.show.as_ref();
        let local = |at: DateTime<Utc>| {
            let zone = show.map_or(chrono_tz::UTC, |file| file.theater.time_zone);
            at.with_timezone(&zone)
                .format("%a %-d %B, %H:%M")
                .to_string()
        };
        let starts = || {
            show.map(|file| local(file.show.start_time))
                .unwrap_or_default()
        };
        match self.verdict {
            ScanVerdict::Admitted => {
                let let_in = |ticket: &&api::ScannedTicket| ticket.verdict == ScanVerdict::Admitted;
                match tickets.iter().filter(let_in).count() {
                    1 => "Welcome.".into(),
                    many => format!("Welcome, all {many}."),
                }
            }
            ScanVerdict::Already => {
                match tickets
                    .first()
                    .and_then(|ticket| ticket.first_scan.as_ref())
                {
                    Some(first) => format!(
                        "Somebody is in with it since {}, door {}.",
                        local(first.scanned_at),
                        first.door
                    ),
                    None => "Somebody is in with it.".into(),
                }
            }
            ScanVerdict::Choose => format!("{} tickets: which of them?", tickets.len()),
            ScanVerdict::Forged => "Not one of our tickets: its signature does not fit.".into(),
            ScanVerdict::Unknown => "There is no such ticket or booking.".into(),
            ScanVerdict::Revoked => "It was issued anew; only the newer ticket counts.".into(),
            ScanVerdict::Cancelled => "It was given back.".into(),
            ScanVerdict::WrongShow => match show {
                Some(file) => format!("For another show: {}, {}.", file.movie.name, starts()),
                None => "For another show.".into(),
            },
            ScanVerdict::WrongTheater => "For another theater.".into(),
            ScanVerdict::TooEarly => match show {
                Some(file) => format!(
                    "The doors open on {}.",
                    local(self.door.opens_at(file.show.start_time))
                ),
                None => "The doors are not open yet.".into(),
            },
            ScanVerdict::TooLate => format!("The show is over; it began on {}.", starts()),
            ScanVerdict::TestTicket => "A test ticket: no money was paid for it.".into(),
            ScanVerdict::NotPaid => "The booking is not paid.".into(),
        }
    }
}
