//! `/manage/shows/{show_id}/counter`, `…/sell` and `/manage/bookings/{booking_id}/print`: selling to somebody who stands
//! there, and printing what they take along.

use super::{
    changing,
    gate::{self, Staff},
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Effort, EncodedBody, Id, Query, RawJson, answer, etag},
    render,
    tickets::{self, Paper},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use bytes::Bytes;
use matinee_api::{Booking, CounterShow, ProblemCode, SellAnswer, SellRequest};
use matinee_booking::{SaleError, SellInput, Settled, ShowFile, Shows as _, Wanted};
use matinee_domain::{
    counter::{SEATS_PER_SALE, SaleMethod, Tender},
    ids::{BookingId, ShowId},
    money::{MAX_AMOUNT_MINOR, Money},
    staff::Action,
};
use matinee_store::idempotency::Recorded;
use serde::Deserialize;
use std::sync::Arc;

/// A show, for somebody who sells.
async fn there(
    app: &App,
    caller: &Caller,
    show_id: ShowId,
) -> Result<(Staff, Arc<ShowFile>), ApiError> {
    let not_there = || ApiError::not_found("show");
    let staff = gate::staff(app, caller, show_id.theater(), Action::Sell).await;
    let staff = staff.map_err(|error| match error.code() {
        ProblemCode::NotFound => not_there(),
        _ => error,
    })?;
    let file = app.catalog.show(show_id).await?.ok_or_else(not_there)?;
    Ok((staff, file))
}

/// `GET /manage/shows/{show_id}/counter`
pub async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (_, file) = there(&app, &caller, show_id).await?;
    let prices = file.show.prices.at_counter();
    let shown = CounterShow {
        show_id,
        movie_name: file.movie.name.clone(),
        start_time: file.show.start_time,
        sold_until: file.show.end_time,
        ticket_types: render::ticket_types(&prices, &file.map.map),
        max_seats: SEATS_PER_SALE,
    };
    Ok(answer::read(&headers, &shown))
}

/// `POST /manage/shows/{show_id}/sell`
pub async fn sell(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let (staff, _) = there(&app, &caller, show_id).await?;
    let request: SellRequest = changing::read(&raw.0)?;
    if request.method == SaleMethod::Invitation {
        gate::staff(&app, &caller, show_id.theater(), Action::Invite).await?;
    }
    let path = format!("/manage/shows/{show_id}/sell");
    // The hold has a key of its own: its answer is another one.
    let key = |path: &str| caller.idempotency("POST", path, &raw.0);
    let idempotency = key(&path).zip(key(&format!("{path}#hold")));
    let tendered_minor = tendered(&request)?;
    let input = SellInput {
        show_id,
        wanted: wanted(&request)?,
        ticket_types: request.ticket_types.clone(),
        tender: tender(&app, &staff, &request).await?,
        expected_total: request.expected_total,
        tendered_minor,
        email: crate::routes::book::checked_email(request.email.clone(), "/email")?,
        caller: app
            .keys
            .text_digest(&format!("counter {}", show_id.theater())),
        audit: changing::entry::<()>(
            &app,
            staff.who(),
            ("counter.sell", String::new()),
            (None, None),
        ),
        idempotency,
    };
    let best = request.best.is_some();
    let sold = app.desk.sell(input).await.map_err(|error| match error {
        SaleError::NoSeats | SaleError::TooManySeats { .. } if best => {
            ApiError::from(error).at("/best")
        }
        error => error.into(),
    })?;
    let shown = shown(&app, sold, tendered_minor).await?;
    app.metrics.holds.add(1);
    Ok(answer::json(201, &shown))
}

fn wanted(request: &SellRequest) -> Result<Wanted, ApiError> {
    match (&request.seat_ids, request.best) {
        (Some(seats), None) => Ok(Wanted::Seats(seats.clone())),
        (None, Some(count)) => Ok(Wanted::Best(count)),
        (Some(_), Some(_)) => Err(ApiError::invalid(
            "/best",
            "Send either seat_ids or best, not both.",
        )),
        (None, None) => Err(ApiError::invalid(
            "/seat_ids",
            "Send seat_ids, or best with a count.",
        )),
    }
}

fn tendered(request: &SellRequest) -> Result<Option<i64>, ApiError> {
    let Some(minor) = request.tendered_minor else {
        return Ok(None);
    };
    if request.method != SaleMethod::Cash {
        return Err(ApiError::invalid(
            "/tendered_minor",
            "Only cash is handed over.",
        ));
    }
    if !(0..=MAX_AMOUNT_MINOR).contains(&minor) {
        return Err(ApiError::invalid(
            "/tendered_minor",
            "This is no amount of cash.",
        ));
    }
    Ok(Some(minor))
}

/// How it is paid, in the seller's own open shift.
async fn tender(app: &App, staff: &Staff, request: &SellRequest) -> Result<Tender, ApiError> {
    let method = request.method;
    let Some(shift_id) = request.shift_id else {
        if method == SaleMethod::Invitation {
            let shift = None;
            return Ok(Tender { method, shift });
        }
        return Err(ApiError::invalid(
            "/shift_id",
            "Open a shift first; money is taken in one.",
        ));
    };
    let found = app.store.shift(staff.theater.theater_id, shift_id).await?;
    let own = found.filter(|(shift, _)| shift.user_id == staff.user_id);
    let Some((shift, _)) = own else {
        return Err(ApiError::invalid(
            "/shift_id",
            "This is not a shift of yours.",
        ));
    };
    if shift.closed.is_some() {
        return Err(SaleError::ShiftClosed.into());
    }
    Ok(Tender {
        method,
        shift: Some(shift_id),
    })
}

/// The answer: the booking as its payment answered it, and the tickets as they were sold. So it is the same when it is
/// asked for again.
async fn shown(
    app: &App,
    sold: Settled,
    tendered_minor: Option<i64>,
) -> Result<SellAnswer, ApiError> {
    let body: Bytes = match sold {
        Settled::Answer { body, .. } | Settled::Again(Recorded { body, .. }) => body,
    };
    let booking: Booking = serde_json::from_slice(&body).map_err(|error| {
        tracing::error!(%error, "a sale's answer cannot be read");
        ApiError::new(
            ProblemCode::Internal,
            "The seats are sold, but the answer could not be made: look the booking up.",
        )
    })?;
    let on_file = app.desk.on_file(booking.booking_id).await?;
    let total = booking.total_amount;
    let change = tendered_minor.map(|minor| Money::new(minor - total.amount_minor, total.currency));
    Ok(SellAnswer {
        tickets: tickets::as_sold(&app.keys, &on_file)?,
        booking,
        change,
    })
}

#[derive(Debug, Deserialize)]
pub struct Printing {
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    width: Option<String>,
}

/// `GET /manage/bookings/{booking_id}/print`
pub async fn print(
    State(app): State<AppState>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    headers: HeaderMap,
    Query(printing): Query<Printing>,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, booking_id.theater(), Action::Sell)
        .await
        .map_err(|error| match error.code() {
            ProblemCode::NotFound => ApiError::not_found("booking"),
            _ => error,
        })?;
    let on_file = app.desk.on_file(booking_id).await?;
    let paper = match printing.width.as_deref() {
        None | Some("80") => Paper::Mm80,
        Some("58") => Paper::Mm58,
        Some(_) => return Err(ApiError::invalid("/width", "Paper is 58 or 80 mm wide.")),
    };
    let (bytes, kind) = match printing.format.as_deref() {
        None | Some("pdf") => (tickets::pdf(&app.keys, &on_file)?, "application/pdf"),
        Some("escpos") => (
            tickets::receipt_paper(&app.keys, &on_file, paper)?,
            "application/octet-stream",
        ),
        Some(_) => return Err(ApiError::invalid("/format", "It is pdf or escpos.")),
    };
    let tag = etag::digest(&bytes);
    let body = EncodedBody::new(
        bytes.into(),
        &tag,
        Effort::Fresh,
        HeaderValue::from_static(kind),
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(body.respond(&headers))
}
