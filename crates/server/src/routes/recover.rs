//! A guest's way back to a booking: by reference and e-mail, through a single-use link in a mail.
//!
//! What fits and what does not costs the same write, so that the time of an answer tells no more than the answer.

use super::guest_token;
use crate::{
    app::App,
    auth::{Anybody, digest, new_secret},
    http::{ApiError, Json, Limit, answer},
    render,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use matinee_api as api;
use matinee_booking::SaleError;
use matinee_domain::{
    ids::{BookingId, NotificationId, Reference},
    limits,
};
use matinee_store::{
    accounts::{OneTimeRow, OneTimeUse},
    bookings::Owner,
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
    outbox::NewMessage,
};
use std::sync::Arc;

/// How long a mailed link works.
const LINK_LIFE: TimeDelta = TimeDelta::minutes(15);

/// `POST /bookings/recover`: 202 whatever was asked, so that it tells nobody which bookings exist.
pub async fn recover(
    State(app): State<Arc<App>>,
    Anybody(caller): Anybody,
    body: Json<api::RecoverRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::RecoverAddress, caller.address_key(), now)?;
    let key = caller.idempotency("POST", "/bookings/recover", &body.bytes);
    let request = body.value;
    let found = find(&app, &request.reference, request.email.trim()).await?;
    let (secret, digest) = new_secret(&*app.entropy);
    let row = OneTimeRow {
        digest,
        purpose: OneTimeUse::BookingRecovery,
        // A row without a subject opens nothing: it is there so that a wrong guess costs the same write.
        subject: found
            .as_ref()
            .map(|(booking_id, _)| booking_id.to_string())
            .unwrap_or_default(),
        expires_at: if found.is_some() {
            now + LINK_LIFE
        } else {
            now
        },
    };
    let message = found.map(|(booking_id, recipient)| NewMessage {
        notification_id: NotificationId::from_bytes(app.entropy.bytes()),
        booking_id: Some(booking_id),
        kind: "recovery".into(),
        channel: "email".into(),
        recipient,
        // The fragment of a link is never sent to a server, so the secret stays out of logs on the way.
        payload: serde_json::json!({ "path": format!("/recover#token={secret}") }).to_string(),
        created_at: now,
    });
    let Some(key) = key else {
        app.store.add_one_time(row, message).await?;
        return Ok(StatusCode::ACCEPTED.into_response());
    };
    let record = IdempotencyRecord {
        key,
        answer: Recorded {
            status: 202,
            body: bytes::Bytes::new(),
        },
        keep_until: now + limits::IDEMPOTENCY_KEPT,
    };
    match app.store.add_one_time_keyed(row, message, record).await? {
        Lookup::New | Lookup::Replay(_) => Ok(StatusCode::ACCEPTED.into_response()),
        Lookup::Reused => Err(SaleError::KeyReused.into()),
    }
}

/// The booking that reference and e-mail name together, and where its mail goes: to its guest, or to the account it
/// joined.
async fn find(
    app: &App,
    reference: &str,
    email: &str,
) -> Result<Option<(BookingId, String)>, ApiError> {
    let Ok(reference) = reference.parse::<Reference>() else {
        return Ok(None);
    };
    let Some(file) = app.store.booking_by_reference(reference).await? else {
        return Ok(None);
    };
    let kept = match file.booking.owner {
        Owner::Guest { email } => email,
        // An address nobody confirmed is not known to be the person's.
        Owner::User(user_id) => app
            .store
            .user(user_id)
            .await?
            .filter(|user| user.email_verified)
            .map(|user| user.email),
    };
    let kept = kept.filter(|kept| kept.eq_ignore_ascii_case(email));
    let allowed = |_: &String| {
        let key = app.keys.text_digest(reference.as_str());
        app.limits
            .allows(Limit::RecoverBooking, key, app.clock.now())
    };
    Ok(kept
        .filter(allowed)
        .map(|recipient| (file.booking.booking_id, recipient)))
}

/// `POST /bookings/recover/redeem`: the booking with its guest token, once; to the same request with its key again.
pub async fn redeem(
    State(app): State<Arc<App>>,
    Anybody(caller): Anybody,
    body: Json<api::RecoverRedeemRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let key = caller.idempotency("POST", "/bookings/recover/redeem", &body.bytes);
    if let Some(key) = &key
        && let Some(first) = seen(app.store.lookup(key.clone()).await?)?
    {
        return Ok(redeemed(&app, &first));
    }
    app.limits
        .check(Limit::OneTimeAddress, caller.address_key(), now)?;
    let used_up = || {
        ApiError::new(
            api::ProblemCode::SessionEnded,
            "This link was used already or is older than 15 minutes. Ask for a new one.",
        )
    };
    let (token, purpose) = (digest(&body.value.token), OneTimeUse::BookingRecovery);
    let subject = app.store.one_time_subject(token, purpose, now).await?;
    let subject = subject.ok_or_else(used_up)?;
    let booking_id: BookingId = subject.parse().map_err(|_| used_up())?;
    let on_file = app.desk.on_file(booking_id).await?;
    let mut booking = render::booking(&on_file.file, &on_file.show, &app.around, now);
    booking.guest_token = Some(render::guest_token_slot().into());
    let answer = Recorded {
        status: 200,
        body: serde_json::to_vec(&api::RecoverRedeemAnswer { booking })
            .unwrap_or_default()
            .into(),
    };
    let Some(key) = key else {
        let used = app.store.use_one_time(token, purpose, now).await?;
        used.ok_or_else(used_up)?;
        return Ok(redeemed(&app, &answer));
    };
    let record = record_of(key, answer.clone(), &on_file);
    let used = app
        .store
        .use_one_time_keyed(token, purpose, &subject, now, record)
        .await?;
    let first = seen(used.ok_or_else(used_up)?)?;
    Ok(redeemed(&app, &first.unwrap_or(answer)))
}

fn record_of(
    key: IdempotencyKey,
    answer: Recorded,
    on_file: &matinee_booking::OnFile,
) -> IdempotencyRecord {
    IdempotencyRecord {
        key,
        answer,
        keep_until: on_file.show.show.end_time + limits::IDEMPOTENCY_KEPT,
    }
}

/// What an earlier request with the key was answered.
fn seen(lookup: Lookup) -> Result<Option<Recorded>, ApiError> {
    match lookup {
        Lookup::New => Ok(None),
        Lookup::Replay(first) => Ok(Some(first)),
        Lookup::Reused => Err(SaleError::KeyReused.into()),
    }
}

fn redeemed(app: &App, answer: &Recorded) -> Response {
    answer::bytes(
        answer.status,
        guest_token::filled(&app.keys, &answer.body, None),
    )
}

#[cfg(test)]
mod tests;
