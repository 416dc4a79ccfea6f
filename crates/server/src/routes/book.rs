//! Holding seats, and the hold afterwards: look, change, extend, release, pay, cancel. What is printed of it is elsewhere.

use super::{
    access::{own_booking, owns},
    guess, guest_token,
};
use crate::{
    app::App,
    auth::{Caller, Who, sale_channel},
    http::{ApiError, EmptyOr, Id, IfMatch, Json, Limit, PageLimit, Query, UserRef, answer, etag},
    render,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use matinee_api as api;
use matinee_booking::{
    Answered, CancelInput, ChangeInput, GiftInput, HOSTED, HoldInput, OnFile, PayInput, SaleError,
    Settled, Shows as _, Wanted,
};
use matinee_domain::ids::{BookingId, PaymentId};
use matinee_store::{bookings::Owner, idempotency::Recorded};
use serde::Deserialize;
use std::sync::Arc;

type S = State<Arc<App>>;

fn replayed(recorded: Recorded) -> Response {
    answer::bytes(recorded.status, recorded.body)
}

/// The booking as it is now.
async fn booking_now(app: &App, on_file: &OnFile) -> Result<api::Booking, ApiError> {
    // Looked at, so that the show's free seats in the answer are those of now.
    app.catalog.seats(&on_file.show).await?;
    Ok(render::booking(
        &on_file.file,
        &on_file.show,
        &app.around,
        app.clock.now(),
    ))
}

/// An address somebody typed, if it is one; nothing when it is blank.
pub(super) fn checked_email(
    email: Option<String>,
    pointer: &str,
) -> Result<Option<String>, ApiError> {
    let Some(email) = email
        .map(|email| email.trim().to_owned())
        .filter(|email| !email.is_empty())
    else {
        return Ok(None);
    };
    if !matinee_domain::email::is_email(&email) {
        return Err(ApiError::invalid(pointer, "This is not an e-mail address."));
    }
    Ok(Some(email))
}

/// `POST /book`
pub async fn book(
    State(app): S,
    caller: Caller,
    headers: HeaderMap,
    body: Json<api::BookRequest>,
) -> Result<Response, ApiError> {
    let request = body.value;
    let wanted = match (request.seat_ids, request.best) {
        (Some(seats), None) => Wanted::Seats(seats),
        (None, Some(count)) => Wanted::Best(count),
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "/best",
                "Send either seat_ids or best, not both.",
            ));
        }
        (None, None) => {
            return Err(ApiError::invalid(
                "/seat_ids",
                "Send seat_ids, or best with a count.",
            ));
        }
    };
    let best = matches!(wanted, Wanted::Best(_));
    let owner = match &caller.who {
        Who::User { user_id, .. } => Owner::User(*user_id),
        Who::Anonymous | Who::Guest { .. } => Owner::Guest {
            email: checked_email(request.guest_email, "/guest_email")?,
        },
    };
    let input = HoldInput {
        show_id: request.show_id,
        wanted,
        ticket_types: request.ticket_types,
        promo_code: request.promo_code.clone(),
        owner,
        channel: sale_channel(&headers),
        caller: caller.digest(),
        idempotency: caller.idempotency("POST", "/book", &body.bytes),
    };
    let tried = (Limit::PromoGuess, request.promo_code.as_deref());
    let held = guess::counted(&app, &caller, tried, app.desk.hold(input))
        .await?
        .inspect_err(|_| app.metrics.holds_refused.add(1))
        .map_err(|error| match error {
            // What is wrong is what was sent.
            SaleError::NoSeats | SaleError::TooManySeats { .. } if best => {
                ApiError::from(error).at("/best")
            }
            error => error.into(),
        })?;
    let (status, body) = match held {
        Answered::Now { body, file, .. } => {
            app.metrics.holds.add(1);
            let made = file.booking.booking_id;
            (201, guest_token::filled(&app.keys, &body, Some(made)))
        }
        Answered::Again(Recorded { status, body }) => {
            (status, guest_token::filled(&app.keys, &body, None))
        }
    };
    let mut response = answer::bytes(status, body);
    response
        .headers_mut()
        .insert(header::ETAG, etag::of_version(1));
    Ok(response)
}

/// `GET /bookings/{booking_id}`
pub async fn booking(
    State(app): S,
    caller: Caller,
    headers: HeaderMap,
    Id(booking_id): Id<BookingId>,
) -> Result<Response, ApiError> {
    let on_file = own_booking(&app, &caller, booking_id).await?;
    let booking = booking_now(&app, &on_file).await?;
    Ok(answer::versioned(booking.version, &booking).respond(&headers))
}

/// `PATCH /bookings/{booking_id}`
pub async fn change(
    State(app): S,
    caller: Caller,
    headers: HeaderMap,
    Id(booking_id): Id<BookingId>,
    body: Json<api::ChangeRequest>,
) -> Result<Response, ApiError> {
    let on_file = own_booking(&app, &caller, booking_id).await?;
    let wanted = IfMatch::read(&headers);
    wanted.required()?;
    wanted.check(on_file.file.booking.version)?;
    let request = body.value;
    let input = ChangeInput {
        seat_ids: request.seat_ids,
        ticket_types: request.ticket_types,
        promo_code: request.promo_code.clone(),
        guest_email: checked_email(request.guest_email, "/guest_email")?,
        if_version: Some(on_file.file.booking.version),
    };
    let change = app.desk.change(booking_id, input);
    let tried = (Limit::PromoGuess, request.promo_code.as_deref());
    let on_file = guess::counted(&app, &caller, tried, change).await??;
    let booking = booking_now(&app, &on_file).await?;
    let mut response = answer::json(200, &booking);
    response
        .headers_mut()
        .insert(header::ETAG, etag::of_version(booking.version));
    Ok(response)
}

/// `POST /bookings/{booking_id}/extend`
pub async fn extend(
    State(app): S,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    body: EmptyOr<api::CancelRequest>,
) -> Result<Response, ApiError> {
    let on_file = own_booking(&app, &caller, booking_id).await?;
    // Looked at, so that the show's free seats in the answer are those of now.
    app.catalog.seats(&on_file.show).await?;
    let path = format!("/bookings/{booking_id}/extend");
    let key = caller.idempotency("POST", &path, &body.bytes);
    Ok(match app.desk.extend(booking_id, key).await? {
        Answered::Now { file, body, .. } => {
            let mut response = answer::bytes(200, body);
            response
                .headers_mut()
                .insert(header::ETAG, etag::of_version(file.booking.version));
            response
        }
        Answered::Again(recorded) => replayed(recorded),
    })
}

/// `DELETE /bookings/{booking_id}`
pub async fn release(
    State(app): S,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
) -> Result<Response, ApiError> {
    own_booking(&app, &caller, booking_id).await?;
    app.desk.release(booking_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /payment`
pub async fn pay(
    State(app): S,
    caller: Caller,
    body: Json<api::PaymentRequest>,
) -> Result<Response, ApiError> {
    let request = body.value;
    let on_file = own_booking(&app, &caller, request.booking_id).await?;
    let code = request.gift_card.filter(|code| !code.trim().is_empty());
    let method = payment_method(&app, request.payment_method, code.is_some())?;
    let gift = code.clone().map(|code| GiftInput {
        code,
        expected: request.expected_gift,
    });
    let input = PayInput {
        booking_id: request.booking_id,
        method,
        expected_total: request.expected_total,
        gift,
        idempotency: caller.idempotency("POST", "/payment", &body.bytes),
    };
    // A repetition costs no attempt: it may be the only way to learn what became of the first.
    if let Some(first) = app.desk.earlier_payment(&input).await? {
        return Ok(replayed(first));
    }
    app.limits
        .check(Limit::PaymentAddress, caller.address_key(), app.clock.now())?;
    // Boxed: a payment's way is long, and so is what it keeps meanwhile.
    let paid = Box::pin(app.desk.pay_for(on_file, input));
    let tried = (Limit::GiftGuess, code.as_deref());
    let paid = guess::counted(&app, &caller, tried, paid);
    let paid = render::for_request(&caller.request.request_id, paid).await??;
    Ok(settled(&app, paid))
}

/// How is to be paid: by the gateway's token, or on its own page. A gift card may leave nothing to pay, so that no method
/// is needed beside it.
fn payment_method(app: &App, method: Option<String>, gift: bool) -> Result<String, ApiError> {
    let invalid = |detail| Err(ApiError::invalid("/payment_method", detail));
    let method = method.unwrap_or_else(|| HOSTED.to_owned());
    if method.is_empty() || method.len() > 255 {
        return invalid("A payment method is a gateway's token of 1 to 255 characters.");
    }
    if looks_like_a_card(&method) {
        return invalid("Never send card numbers here: only the gateway's token.");
    }
    if method == HOSTED && !gift && app.desk.gateway.is_some() && !app.around.ways.hosted {
        return invalid("There is no page to pay on here: name a payment method.");
    }
    Ok(method)
}

/// Digits that a card number could be, by length and check digit.
fn looks_like_a_card(method: &str) -> bool {
    let digits: Vec<u32> = method
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .map_while(|c| c.to_digit(10))
        .collect();
    let luhn: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            if index % 2 == 1 {
                digit * 2 / 10 + digit * 2 % 10
            } else {
                *digit
            }
        })
        .sum();
    (12..=19).contains(&digits.len()) && luhn.is_multiple_of(10)
}

fn settled(app: &App, settled: Settled) -> Response {
    match settled {
        Settled::Answer { status, body, .. } => {
            match status {
                200 => app.metrics.payments_confirmed.add(1),
                402 => app.metrics.payments_declined.add(1),
                _ => {}
            }
            answer::bytes(status, body)
        }
        Settled::Again(recorded) => replayed(recorded),
    }
}

/// `POST /payments/{payment_id}/simulate`
pub async fn simulate(
    State(app): S,
    caller: Caller,
    Id(payment_id): Id<PaymentId>,
    body: Json<api::SimulateRequest>,
) -> Result<Response, ApiError> {
    let file = app
        .store
        .booking_of_payment(payment_id)
        .await?
        .ok_or_else(|| ApiError::not_found("payment"))?;
    if !owns(&caller, &file.booking) {
        return Err(ApiError::not_found("payment"));
    }
    let succeed = body.value.outcome == api::SimulateOutcome::Succeed;
    let path = format!("/payments/{payment_id}/simulate");
    let key = caller.idempotency("POST", &path, &body.bytes);
    let told = app.desk.simulate(payment_id, succeed, key);
    let told = render::for_request(&caller.request.request_id, told).await?;
    Ok(settled(&app, told))
}

/// `POST /cancel/{booking_id}`
pub async fn cancel(
    State(app): S,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
    body: EmptyOr<api::CancelRequest>,
) -> Result<Response, ApiError> {
    own_booking(&app, &caller, booking_id).await?;
    let input = CancelInput {
        booking_id,
        seat_ids: body.value.seat_ids,
        idempotency: caller.idempotency("POST", &format!("/cancel/{booking_id}"), &body.bytes),
    };
    Ok(match app.desk.cancel(input).await? {
        Answered::Now { body, .. } => {
            app.metrics.cancellations.add(1);
            answer::bytes(200, body)
        }
        Answered::Again(recorded) => replayed(recorded),
    })
}

/// Query of `GET /users/{user_id}/bookings`.
#[derive(Debug, Deserialize)]
pub struct Paging {
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<BookingId>,
}

/// `GET /users/{user_id}/bookings`: newest first.
pub async fn bookings_of(
    State(app): S,
    caller: Caller,
    headers: HeaderMap,
    Id(user): Id<UserRef>,
    Query(query): Query<Paging>,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let limit = query.limit.or(20)?;
    let files = app.store.bookings_of(user_id, query.cursor, limit).await?;
    let now = app.clock.now();
    let next_cursor = files
        .last()
        .filter(|_| files.len() == usize::from(limit))
        .map(|f| f.booking.booking_id.to_string());
    let mut items = Vec::with_capacity(files.len());
    for file in files {
        let show = matinee_booking::Shows::show(&*app.catalog, file.booking.show_id).await?;
        let show = show.ok_or_else(|| ApiError::not_found("show"))?;
        items.push(render::booking(&file, &show, &app.around, now));
    }
    Ok(answer::read(&headers, &api::Page { items, next_cursor }))
}

#[cfg(test)]
mod tests;
