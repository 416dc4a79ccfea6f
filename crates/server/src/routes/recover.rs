//! A guest's way back to a booking: by reference and e-mail, through a single-use link in a mail.

use crate::{
    app::App,
    auth::{Address, digest, new_secret},
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
use matinee_domain::ids::{BookingId, NotificationId, Reference};
use matinee_store::{
    accounts::{OneTimeRow, OneTimeUse},
    bookings::Owner,
    outbox::NewMessage,
};
use std::sync::Arc;

/// How long a mailed link works.
const LINK_LIFE: TimeDelta = TimeDelta::minutes(15);

/// `POST /bookings/recover`: 202 whatever was asked, so that it tells nobody which bookings exist.
pub async fn recover(
    State(app): State<Arc<App>>,
    address: Address,
    body: Json<api::RecoverRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::RecoverAddress, address.key(), now)?;
    let request = body.value;
    if let Ok(reference) = request.reference.parse::<Reference>() {
        mail_link(&app, reference, request.email.trim()).await?;
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

async fn mail_link(app: &App, reference: Reference, email: &str) -> Result<(), ApiError> {
    let now = app.clock.now();
    let Some(file) = app.store.booking_by_reference(reference).await? else {
        return Ok(());
    };
    let fits = match &file.booking.owner {
        Owner::Guest { email: Some(kept) } => kept.eq_ignore_ascii_case(email),
        _ => false,
    };
    if !fits
        || !app.limits.allows(
            Limit::RecoverBooking,
            app.keys.text_digest(reference.as_str()),
            now,
        )
    {
        return Ok(());
    }
    let (secret, digest) = new_secret(&*app.entropy);
    let booking_id = file.booking.booking_id;
    let row = OneTimeRow {
        digest,
        purpose: OneTimeUse::BookingRecovery,
        subject: booking_id.to_string(),
        expires_at: now + LINK_LIFE,
    };
    let message = NewMessage {
        notification_id: NotificationId::from_bytes(app.entropy.bytes()),
        booking_id: Some(booking_id),
        kind: "recovery".into(),
        channel: "email".into(),
        recipient: email.to_owned(),
        // The fragment of a link is never sent to a server, so the secret stays out of logs on the way.
        payload: serde_json::json!({ "path": format!("/recover#token={secret}") }).to_string(),
        created_at: now,
    };
    app.store.add_one_time(row, Some(message)).await?;
    Ok(())
}

/// `POST /bookings/recover/redeem`: the booking with its guest token, once.
pub async fn redeem(
    State(app): State<Arc<App>>,
    address: Address,
    body: Json<api::RecoverRedeemRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::OneTimeAddress, address.key(), now)?;
    let used_up = || {
        ApiError::new(
            api::ProblemCode::SessionEnded,
            "This link was used already or is older than 15 minutes. Ask for a new one.",
        )
    };
    let token = digest(&body.value.token);
    let subject = app
        .store
        .use_one_time(token, OneTimeUse::BookingRecovery, now)
        .await?
        .ok_or_else(used_up)?;
    let booking_id: BookingId = subject.parse().map_err(|_| used_up())?;
    let on_file = app.desk.on_file(booking_id).await?;
    let mut booking = render::booking(&on_file.file, &on_file.show, &app.catalog.live, now);
    booking.guest_token = Some(app.keys.guest_token(booking_id));
    Ok(answer::json(200, &api::RecoverRedeemAnswer { booking }))
}
