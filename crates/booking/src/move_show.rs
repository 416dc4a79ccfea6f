//! Moving a show to another screen: everybody's new seats, and what becomes of those without room.
//!
//! The plan is made from what is there and carried out only while that is so; when somebody was faster it is made again. Who
//! holds, pays or has paid is moved alike: a payment under way is for the booking and not for a seat. Bookings without room
//! are given back afterwards ([`crate::end_moved`]).

use crate::{cancel::paying, desk::Desk, error::SaleError, show_file::ShowFile};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingState,
    catalog::Show,
    ids::ShowId,
    reseat::{self, Hall, WishError, Wishes},
    seat_map::{SeatId, SeatMap, SeatNo},
};
use matinee_store::{
    bookings::{BookedSeat, BookingFile, TicketState},
    feed::SeatState,
    idempotency::IdempotencyRecord,
    moves::{MoveShow, MoveShowOutcome, MovedBooking, MovedTicket},
    outbox::NewMessage,
    staff::AuditEntry,
};
use serde_json::json;
use std::{collections::HashSet, sync::Arc};

/// The kind of the message that tells of another screen and of new seats.
const MESSAGE: &str = "change";
/// How often a plan is made anew while seats are sold under it.
const TRIES: usize = 16;

/// Where a show shall go.
#[derive(Debug, Clone)]
pub struct MoveInput {
    /// As it shall be.
    pub show: Show,
    /// The map it has then.
    pub map: Arc<SeatMap>,
    /// Seats somebody decided on: before, after.
    pub wishes: Vec<(SeatId, SeatId)>,
    /// The version of the show that this was decided on.
    pub expected: u64,
}

/// A booking of the show and where it goes.
#[derive(Debug, Clone)]
pub struct Reseated {
    pub file: BookingFile,
    /// The new seat of each that is not cancelled, in their order; none when there is no room.
    pub seats: Option<Vec<SeatNo>>,
}

impl Reseated {
    /// Its seats that count, with their new ones.
    pub fn pairs(&self) -> impl Iterator<Item = (SeatNo, SeatNo)> + '_ {
        let new = self.seats.iter().flatten().copied();
        open(&self.file).map(|seat| seat.seat).zip(new)
    }

    /// How many seats it has.
    pub fn count(&self) -> usize {
        open(&self.file).count()
    }

    /// What goes back when there is no room: all that is paid for seats that count.
    pub fn refund_minor(&self) -> i64 {
        match paying(&self.file) {
            Some(_) if self.seats.is_none() => open(&self.file).map(|seat| seat.price_minor).sum(),
            _ => 0,
        }
    }
}

/// Who sits where after the move.
#[derive(Debug, Clone)]
pub struct MovePlan {
    /// The show as it is.
    pub before: Arc<ShowFile>,
    pub bookings: Vec<Reseated>,
    seats_version: u64,
}

/// Why a show does not move.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("the show has begun")]
    Started,
    #[error("the show is cancelled")]
    Cancelled,
    #[error("an earlier move is not finished")]
    Unfinished,
    #[error("a seat was given back after each of too many moves")]
    TooOften,
    #[error("show {0} is on the screen then")]
    Clash(ShowId),
    #[error("the show was changed")]
    Changed,
    #[error("the show has no seat {0}")]
    NoSuchSeat(SeatId),
    #[error("the screen has no seat {0}")]
    NoSuchPlace(SeatId),
    #[error("seat {seat}: {why}")]
    Wish { seat: SeatId, why: WishError },
    #[error("the request was made before")]
    Repeated(matinee_store::idempotency::Lookup),
    #[error(transparent)]
    Sale(#[from] SaleError),
}

impl From<matinee_store::StoreError> for MoveError {
    fn from(error: matinee_store::StoreError) -> Self {
        Self::Sale(error.into())
    }
}

/// What is written along with a plan: its entry for the list of changes and the answer to keep.
pub type Notes<'n> =
    dyn Fn(&MovePlan) -> (AuditEntry, Option<IdempotencyRecord>) + Send + Sync + 'n;

fn open(file: &BookingFile) -> impl Iterator<Item = &BookedSeat> {
    file.booking.seats.iter().filter(|seat| !seat.cancelled)
}

fn is_sold(file: &BookingFile) -> bool {
    matches!(
        file.booking.state,
        BookingState::Confirmed | BookingState::PartlyCancelled
    )
}

impl Desk {
    /// Who would sit where. Nothing is changed.
    pub async fn plan_move(&self, input: &MoveInput) -> Result<MovePlan, MoveError> {
        let show_id = input.show.show_id;
        let before = self.shows.reload(show_id).await?;
        let before = before.ok_or(SaleError::NoShow)?;
        if before.cancelled {
            return Err(MoveError::Cancelled);
        }
        if self.clock.now() >= before.show.start_time {
            return Err(MoveError::Started);
        }
        // Read before the bookings: what changes in between is found when the plan is carried out.
        let seats = self.store.seats(show_id).await?.ok_or(SaleError::NoShow)?;
        let files = self.moves.bookings_of_show(show_id).await?;
        let on_the_map = |seat: &BookedSeat| before.map.map.seat(seat.seat).is_some();
        if !files.iter().flat_map(open).all(on_the_map) {
            return Err(MoveError::Unfinished);
        }
        let halls = (
            Hall {
                map: &before.map.map,
                worth: &before.show.prices.base_minor,
            },
            Hall {
                map: &input.map,
                worth: &input.show.prices.base_minor,
            },
        );
        let parties: Vec<Vec<SeatNo>> = files
            .iter()
            .map(|file| open(file).map(|seat| seat.seat).collect())
            .collect();
        let wishes = wishes(&before, input)?;
        let planned = reseat::plan(halls, &parties, &wishes).map_err(|why| {
            let (WishError::NobodyHas(seat) | WishError::Kind(seat) | WishError::Twice(seat)) = why;
            let seat = match why {
                WishError::Twice(_) => seat_id(&input.map, seat),
                _ => before.map.seat_id(seat),
            };
            MoveError::Wish { seat, why }
        })?;
        let bookings = files.into_iter().zip(planned);
        Ok(MovePlan {
            bookings: bookings
                .map(|(file, seats)| Reseated { file, seats })
                .collect(),
            seats_version: seats.version,
            before,
        })
    }

    /// Moves a show with everybody who has seats of it; the plan that was carried out.
    pub async fn move_show(
        &self,
        input: &MoveInput,
        notes: &Notes<'_>,
    ) -> Result<MovePlan, MoveError> {
        for _ in 0..TRIES {
            let plan = self.plan_move(input).await?;
            let now = self.clock.now();
            let (audit, idempotency) = notes(&plan);
            let moving = MoveShow {
                show: input.show.clone(),
                expected: input.expected,
                seats_version: plan.seats_version,
                bookings: self.moved_bookings(&plan, input, now)?,
                audit,
                idempotency,
                now,
            };
            match self.moves.move_show(moving).await? {
                MoveShowOutcome::Moved => return Ok(plan),
                MoveShowOutcome::SeatsChanged => {}
                MoveShowOutcome::NoShow => return Err(SaleError::NoShow.into()),
                MoveShowOutcome::Changed => return Err(MoveError::Changed),
                MoveShowOutcome::Cancelled => return Err(MoveError::Cancelled),
                MoveShowOutcome::Unfinished => return Err(MoveError::Unfinished),
                MoveShowOutcome::Clash(other) => return Err(MoveError::Clash(other)),
                MoveShowOutcome::Repeated(found) => return Err(MoveError::Repeated(found)),
            }
        }
        Err(SaleError::Contended.into())
    }

    fn moved_bookings(
        &self,
        plan: &MovePlan,
        input: &MoveInput,
        now: DateTime<Utc>,
    ) -> Result<Vec<MovedBooking>, MoveError> {
        let seating = plan.before.seating + 1;
        let moved = plan.bookings.iter().map(|one| {
            let seats = seats_after(one, seating).ok_or(MoveError::TooOften)?;
            Ok(MovedBooking {
                booking_id: one.file.booking.booking_id,
                version: one.file.booking.version,
                state: if is_sold(&one.file) {
                    SeatState::Sold
                } else {
                    SeatState::Held
                },
                tickets: tickets_after(one, &seats),
                seats,
                message: self.moved_message(plan, one, input, now),
            })
        });
        moved.collect()
    }

    /// What the owner of a paid booking is told: the screen and the seats that were, since what is can be looked up.
    fn moved_message(
        &self,
        plan: &MovePlan,
        one: &Reseated,
        input: &MoveInput,
        now: DateTime<Utc>,
    ) -> Option<NewMessage> {
        one.seats.as_ref().filter(|_| is_sold(&one.file))?;
        let message = self.message(&one.file, MESSAGE, now);
        let before = &plan.before;
        let screens = before.theater.screens.iter();
        let mut screen = screens.filter(|screen| screen.screen_id == before.show.screen_id);
        let seats: Vec<String> = open(&one.file)
            .filter_map(|seat| before.place(seat))
            .map(|seat| format!("{}{}", seat.row, seat.number))
            .collect();
        let (old, new) = (before.show.start_time, input.show.start_time);
        let payload = json!({
            "starts": new,
            "before": (old != new).then_some(old),
            "screen_before": screen.next().map(|screen| screen.name.as_str()),
            "seats_before": seats.join(", "),
        });
        Some(NewMessage {
            payload: payload.to_string(),
            ..message
        })
    }
}

fn seat_id(map: &SeatMap, seat: SeatNo) -> SeatId {
    let seat = map.seat(seat);
    seat.map_or_else(|| SeatId(String::new()), |seat| seat.seat_id.clone())
}

fn wishes(before: &ShowFile, input: &MoveInput) -> Result<Wishes, MoveError> {
    let mut wishes = Wishes::new();
    for (old, new) in &input.wishes {
        let from = before.map.seat_no(&old.0);
        let from = from.ok_or_else(|| MoveError::NoSuchSeat(old.clone()))?;
        let to = input.map.seat_no(&new.0);
        let to = to.ok_or_else(|| MoveError::NoSuchPlace(new.clone()))?;
        wishes.insert(from, to);
    }
    Ok(wishes)
}

/// The booking's seats after the move. Those without room, and those that were given back before, are put aside: their
/// numbers are places on the map of then. None when there is no number left for one.
fn seats_after(one: &Reseated, seating: u16) -> Option<Vec<BookedSeat>> {
    let mut seats = one.file.booking.seats.clone();
    let aside = seats.iter().map(|seat| seat.seat);
    let mut used: HashSet<SeatNo> = aside.filter(|seat| seat.is_aside()).collect();
    let mut new = one.seats.iter().flatten();
    for seat in &mut seats {
        if !seat.cancelled && one.seats.is_some() {
            seat.seat = *new.next()?;
            seat.seating = seating;
        } else if !seat.seat.is_aside() {
            let mut numbers = seat.seat.aside();
            seat.seat = numbers.find(|number| used.insert(*number))?;
        }
    }
    Some(seats)
}

/// Where the booking's tickets go with their seats. Who has a new seat gets a new ticket; that of another screen opens no
/// door any more.
fn tickets_after(one: &Reseated, seats: &[BookedSeat]) -> Vec<MovedTicket> {
    let before = &one.file.booking.seats;
    let moved = one.file.tickets.iter().filter_map(|ticket| {
        let at = before.iter().position(|seat| seat.seat == ticket.seat)?;
        Some(MovedTicket {
            from: ticket.seat,
            to: seats[at].seat,
            reissued: ticket.state != TicketState::Void && one.seats.is_some(),
        })
    });
    moved
        .filter(|ticket| ticket.reissued || ticket.from != ticket.to)
        .collect()
}
