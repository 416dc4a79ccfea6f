//! `/manage/…/messages`: what did not reach people, what to do about it, and sending it again.
//!
//! Nothing of what a message says is shown. One that holds a link which signs somebody in is never sent again from here.

use super::{bookings, gate};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, PageLimit, Pair, Query, answer},
    messages::{Kind, computers::waits_until},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use matinee_api::{ManagedMessage, MessageState, NotificationStatus, Page, ProblemCode};
use matinee_domain::{
    booking::BookingStatus,
    ids::{BookingId, NotificationId, TheaterId},
    staff::Action,
};
use matinee_integrations::channels::Medium;
use matinee_store::bookings::{NotificationRow, Owner};
use matinee_store::outbox::{MessageQuery, MessageRow, MessageStatus, MessagesOf, NewMessage};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Listed {
    #[serde(default)]
    state: MessageState,
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/messages`
pub async fn of_theater(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    Query(listed): Query<Listed>,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    list(&app, Some(theater_id), &headers, &listed).await
}

/// `GET /manage/messages`
pub async fn all(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Query(listed): Query<Listed>,
) -> Result<Response, ApiError> {
    gate::admin(&caller)?;
    list(&app, None, &headers, &listed).await
}

async fn list(
    app: &App,
    theater_id: Option<TheaterId>,
    headers: &HeaderMap,
    listed: &Listed,
) -> Result<Response, ApiError> {
    let limit = listed.limit.or(50)?;
    let which = MessagesOf {
        theater_id,
        status: match listed.state {
            MessageState::Dead => MessageStatus::Failed,
            MessageState::Waiting => MessageStatus::Pending,
            MessageState::Sent => MessageStatus::Sent,
        },
        before: listed.cursor.as_deref().map(read_cursor).transpose()?,
        limit: limit + 1,
    };
    let mut found = app.store.messages_of(which).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let last = found.last().map(cursor);
    let page = Page {
        items: found.iter().map(shown).collect(),
        next_cursor: last.filter(|_| more),
    };
    Ok(answer::read(headers, &page))
}

/// A cursor names the last one seen.
fn cursor(row: &MessageRow) -> String {
    let at = row.listed_at().timestamp_micros();
    format!("{at}.{}", row.notification_id)
}

fn read_cursor(text: &str) -> Result<(DateTime<Utc>, NotificationId), ApiError> {
    let read = || {
        let (at, id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        Some((at, id.parse().ok()?))
    };
    read().ok_or_else(|| {
        ApiError::new(
            ProblemCode::MalformedCursor,
            "This cursor was not made by this server. Start the list anew.",
        )
    })
}

fn holds_a_secret(row: &MessageRow) -> bool {
    row.kind.parse().is_ok_and(Kind::holds_a_secret)
}

fn shown(row: &MessageRow) -> ManagedMessage {
    let waits = row.status == MessageStatus::Pending;
    ManagedMessage {
        message_id: row.notification_id,
        booking_id: row.booking_id,
        kind: row.kind.clone(),
        channel: row.channel.clone(),
        recipient: row.recipient.clone(),
        status: match row.status {
            MessageStatus::Pending => NotificationStatus::Pending,
            MessageStatus::Sent => NotificationStatus::Sent,
            MessageStatus::Failed => NotificationStatus::Failed,
        },
        attempts: row.attempts,
        created_at: row.created_at,
        due_at: (waits && waits_until(row).is_none()).then_some(row.due_at),
        sent_at: row.sent_at,
        error: row.last_error.clone(),
        advice: advice(row).to_owned(),
        can_resend: !waits && !row.recipient.is_empty() && !holds_a_secret(row),
    }
}

/// What to do about a message.
fn advice(row: &MessageRow) -> &'static str {
    match row.status {
        MessageStatus::Sent => "It went out. Send it again if the person cannot find it.",
        MessageStatus::Pending if waits_until(row).is_some() => {
            "The app on the person's computer fetches it when it is open. After a day it is dropped."
        }
        MessageStatus::Pending if row.attempts > 0 => {
            "It could not go out yet and is tried again by itself."
        }
        MessageStatus::Pending => "It goes out by itself.",
        MessageStatus::Failed if row.recipient.is_empty() => {
            "The account was erased: there is nobody to tell."
        }
        MessageStatus::Failed if holds_a_secret(row) => {
            "Its link is forgotten. The person asks for a new one on the page they came from."
        }
        MessageStatus::Failed if row.channel == Medium::Email.name() => {
            "Ask the person for their address: correct it, or find the booking and tell them by another way. Then send it again."
        }
        MessageStatus::Failed => {
            "Send it again once what the error names is mended; the e-mail about the same is a message of its own."
        }
    }
}

/// `POST /manage/bookings/{booking_id}/messages/{message_id}/resend`
pub async fn resend(
    State(app): State<AppState>,
    caller: Caller,
    Pair(booking_id, message_id): Pair<BookingId, NotificationId>,
) -> Result<Response, ApiError> {
    bookings::there(&app, &caller, booking_id, Action::Sell).await?;
    let row = app.store.message(Some(booking_id), message_id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("message"))?;
    again(&app, &row).await
}

/// `POST /manage/messages/{message_id}/resend`
pub async fn resend_any(
    State(app): State<AppState>,
    caller: Caller,
    Id(message_id): Id<NotificationId>,
) -> Result<Response, ApiError> {
    gate::admin(&caller)?;
    let query = MessageQuery {
        ids: vec![message_id],
        limit: 1,
        ..MessageQuery::default()
    };
    let row = app.store.messages(query).await?.pop();
    let row = row.ok_or_else(|| ApiError::not_found("message"))?;
    again(&app, &row).await
}

/// `POST /manage/bookings/{booking_id}/resend`
pub async fn resend_tickets(
    State(app): State<AppState>,
    caller: Caller,
    Id(booking_id): Id<BookingId>,
) -> Result<Response, ApiError> {
    let there = bookings::there(&app, &caller, booking_id, Action::Sell).await?;
    let file = &there.on_file.file;
    let confirmed = [BookingStatus::Confirmed, BookingStatus::PartlyCancelled];
    if !confirmed.contains(&file.booking.state.status()) {
        return Err(ApiError::new(
            ProblemCode::NotConfirmed,
            "This booking has no tickets that could be sent.",
        ));
    }
    let kind = Kind::Confirmation.name();
    let is_it = |row: &&NotificationRow| row.kind == kind && row.channel == Medium::Email.name();
    let message_id = match file.notifications.iter().rfind(is_it) {
        Some(row) => row.notification_id,
        // It was forgotten by now, or written to nobody.
        None => anew(&app, booking_id, &file.booking.owner).await?,
    };
    let row = app.store.message(Some(booking_id), message_id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("message"))?;
    if row.status == MessageStatus::Pending {
        return Ok(answer::json(200, &shown(&row)));
    }
    again(&app, &row).await
}

async fn anew(app: &App, booking_id: BookingId, owner: &Owner) -> Result<NotificationId, ApiError> {
    let recipient = match owner {
        Owner::User(user_id) => format!("user:{user_id}"),
        Owner::Guest { email: Some(email) } => email.clone(),
        Owner::Guest { email: None } => {
            return Err(ApiError::invalid(
                "",
                "Nobody's address is known for this booking.",
            ));
        }
    };
    let notification_id = NotificationId::from_bytes(app.entropy.bytes());
    let message = NewMessage {
        notification_id,
        booking_id: Some(booking_id),
        kind: Kind::Confirmation.name().into(),
        channel: Medium::Email.name().into(),
        recipient,
        payload: "{}".into(),
        created_at: app.clock.now(),
    };
    app.store.add_messages(vec![message]).await?;
    Ok(notification_id)
}

async fn again(app: &App, row: &MessageRow) -> Result<Response, ApiError> {
    if holds_a_secret(row) || row.recipient.is_empty() {
        return Err(ApiError::invalid("", advice(row)));
    }
    let (booking_id, message_id) = (row.booking_id, row.notification_id);
    let now = app.clock.now();
    let resent = app
        .store
        .resend_message(booking_id, message_id, now)
        .await?;
    if !resent && row.status != MessageStatus::Pending {
        return Err(ApiError::not_found("message"));
    }
    let row = app.store.message(booking_id, message_id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("message"))?;
    Ok(answer::json(200, &shown(&row)))
}
