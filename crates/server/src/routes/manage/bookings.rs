//! `/manage/…/bookings`: finding bookings of people who call or stand at the counter, and giving them money back.
//!
//! Within the policy whoever sells may do it; outside it, and out of goodwill, it takes the action `refund`.

use super::{
    changing::{self, Repeatable},
    gate::{self, Staff},
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, PageLimit, Query, RawJson, answer},
    render,
    routes::profile::text,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use matinee_api::{
    FoundBooking, ManagedBooking, ManagedTicket, Page, ProblemCode, StaffRefundAnswer,
    StaffRefundRequest, TicketStatus,
};
use matinee_booking::{Answered, OnFile, ShowFile, Shows as _, StaffRefund, StaffRefundInput};
use matinee_domain::{
    ids::{BookingId, ShowId, TheaterId},
    money::Money,
    seat_map::SeatId,
    staff::Action,
};
use matinee_store::{
    StoreError,
    bookings::{BookingFile, Owner, TicketRow, TicketState},
    finding::{self, FindBookings, KnownBy},
};
use serde::Deserialize;
use serde_json::json;

const WORDS_MAX: usize = 200;
const QUERY_MAX: usize = 200;

#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    show: Option<String>,
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/bookings`
pub async fn find(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    let limit = wanted.limit.or(50)?;
    let show_id = wanted.show.as_deref().map(str::parse::<ShowId>).transpose();
    let before = wanted.cursor.as_deref().map(str::parse::<BookingId>);
    let find = FindBookings {
        theater_id,
        by: known_by(wanted.query.as_deref())?,
        show_id: show_id.map_err(|_| ApiError::invalid("/show", "This is not a show's id."))?,
        before: before.transpose().map_err(|_| {
            ApiError::new(
                ProblemCode::MalformedCursor,
                "This cursor was not made by this server. Start the list anew.",
            )
        })?,
        limit: limit + 1,
    };
    let mut found = app.store.find_bookings(find).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let last = found.last().map(|found| found.booking.booking_id);
    let mut items = Vec::with_capacity(found.len());
    for found in found {
        items.extend(listed(&app, &staff, found).await?);
    }
    let next_cursor = last.filter(|_| more).map(|id| id.to_string());
    Ok(answer::read(&headers, &Page { items, next_cursor }))
}

/// What was typed: a reference if it can be one, an address if it has an @, else a name.
fn known_by(query: Option<&str>) -> Result<Option<KnownBy>, ApiError> {
    let query = query.unwrap_or_default().trim();
    if query.is_empty() {
        return Ok(None);
    }
    let query = text("/query", query, 1, QUERY_MAX)?;
    if let Ok(reference) = query.parse() {
        return Ok(Some(KnownBy::Reference(reference)));
    }
    Ok(Some(if query.contains('@') {
        KnownBy::Email(query)
    } else {
        KnownBy::Name(query)
    }))
}

async fn listed(
    app: &App,
    staff: &Staff,
    found: finding::FoundBooking,
) -> Result<Option<FoundBooking>, StoreError> {
    let booking = found.booking;
    let Some(file) = app.catalog.show(booking.show_id).await? else {
        return Ok(None);
    };
    let screens = staff.theater.screens.iter();
    let mut of_show = screens.filter(|screen| screen.screen_id == file.show.screen_id);
    let seats = booking.seats.iter().filter(|seat| !seat.cancelled);
    Ok(Some(FoundBooking {
        booking_id: booking.booking_id,
        reference: booking.reference,
        status: booking.state.status(),
        show_id: booking.show_id,
        movie_name: file.movie.name.clone(),
        start_time: file.show.start_time,
        screen_name: of_show
            .next()
            .map(|screen| screen.name.clone())
            .unwrap_or_default(),
        seats: seats
            .filter_map(|seat| file.place(seat))
            .map(|seat| format!("{}{}", seat.row, seat.number))
            .collect(),
        total_amount: booking.total,
        buyer_name: found.name,
        buyer_email: found.email,
        created_at: booking.created_at,
    }))
}

/// A booking with who asks for it.
pub(super) struct There {
    pub(super) staff: Staff,
    pub(super) on_file: OnFile,
}

/// The booking, if the caller may do this in its theater; to all others it is not there.
pub(super) async fn there(
    app: &App,
    caller: &Caller,
    booking_id: BookingId,
    action: Action,
) -> Result<There, ApiError> {
    let staff = gate::staff(app, caller, booking_id.theater(), action).await;
    let staff = staff.map_err(|error| match error.code() {
        ProblemCode::NotFound => ApiError::not_found("booking"),
        _ => error,
    })?;
    let on_file = app.desk.on_file(booking_id).await?;
    Ok(There { staff, on_file })
}

/// `GET /manage/bookings/{booking_id}`
pub async fn booking(
    State(app): State<AppState>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let there = there(&app, &caller, booking_id, Action::Sell).await?;
    app.catalog.seats(&there.on_file.show).await?;
    let (file, show) = (&there.on_file.file, &there.on_file.show);
    let buyer = Buyer::of(&app, file).await?;
    let shown = managed(&app, (file, show), &buyer, app.clock.now());
    Ok(answer::read(&headers, &shown))
}

/// Who bought it.
struct Buyer {
    name: Option<String>,
    email: Option<String>,
}

impl Buyer {
    async fn of(app: &App, file: &BookingFile) -> Result<Self, StoreError> {
        let user_id = match &file.booking.owner {
            Owner::Guest { email } => {
                let email = email.clone();
                return Ok(Self { name: None, email });
            }
            Owner::User(user_id) => *user_id,
        };
        let user = app.store.user(user_id).await?;
        let (name, email) = user.map(|user| (user.profile.name, user.email)).unzip();
        Ok(Self { name, email })
    }
}

fn managed(
    app: &App,
    (file, show): (&BookingFile, &ShowFile),
    buyer: &Buyer,
    now: DateTime<Utc>,
) -> ManagedBooking {
    // What a refund would be refused for is nothing that can go back.
    let left = app.desk.refundable(file);
    let left = left.unwrap_or(Money::zero(file.booking.total.currency));
    let ticket = |ticket: &TicketRow| ManagedTicket {
        seat_id: show
            .ticket_place(&file.booking, ticket.seat)
            .map_or_else(|| SeatId(String::new()), |seat| seat.seat_id.clone()),
        status: match ticket.state {
            TicketState::Valid => TicketStatus::Valid,
            TicketState::Redeemed => TicketStatus::Redeemed,
            TicketState::Void => TicketStatus::Void,
        },
        revision: ticket.revision,
    };
    ManagedBooking {
        booking: render::booking(file, show, &app.around, now),
        buyer_name: buyer.name.clone(),
        buyer_email: buyer.email.clone(),
        sold_through: file.booking.channel,
        tickets: file.tickets.iter().map(ticket).collect(),
        refundable: left,
    }
}

/// `POST /manage/bookings/{booking_id}/refund`
pub async fn refund(
    State(app): State<AppState>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let There { staff, on_file } = there(&app, &caller, booking_id, Action::Sell).await?;
    let path = format!("/manage/bookings/{booking_id}/refund");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let request: StaffRefundRequest = changing::read(&raw.0)?;
    let words = text("/words", &request.words, 1, WORDS_MAX)?;
    if request.waive_policy || request.amount.is_some() {
        gate::staff(&app, &caller, booking_id.theater(), Action::Refund).await?;
    }
    let refund = match (request.amount, request.seat_ids) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "/amount",
                "Give back either seats, or an amount without seats.",
            ));
        }
        (Some(amount), None) => StaffRefund::Goodwill(amount),
        (None, seat_ids) => StaffRefund::Seats {
            seat_ids,
            waive_policy: request.waive_policy,
        },
    };
    let state = json!({
        "reason": request.reason,
        "words": words,
        "waive_policy": request.waive_policy,
        "amount": request.amount,
        "seat_ids": match &refund { StaffRefund::Seats { seat_ids, .. } => seat_ids.as_ref(), StaffRefund::Goodwill(_) => None },
    });
    let what = ("booking.refund", booking_id.to_string());
    let input = StaffRefundInput {
        booking_id,
        refund,
        reason: request.reason,
        audit: changing::entry(&app, staff.who(), what, (None, Some(&state))),
        idempotency: once.key(),
    };
    let buyer = Buyer::of(&app, &on_file.file).await?;
    app.catalog.seats(&on_file.show).await?;
    let render = |file: &BookingFile, show: &ShowFile, given: bool| -> Bytes {
        let booking = managed(&app, (file, show), &buyer, app.clock.now());
        let refund = booking.booking.refunds.last().cloned().filter(|_| given);
        let answer = StaffRefundAnswer { booking, refund };
        serde_json::to_vec(&answer).unwrap_or_default().into()
    };
    match app.desk.refund_by_staff(input, &render).await? {
        Answered::Now { body, .. } => Ok(answer::bytes(200, body)),
        Answered::Again(first) => Ok(answer::bytes(first.status, first.body)),
    }
}
