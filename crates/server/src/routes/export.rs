//! `GET /users/{user_id}/export`: everything that is kept about a person, in one file.
//!
//! What a secret is made of stays out: digests, the password's hash, a generator's secret, the private halves of keys are
//! of no use to the person and of much to a thief. What is kept and cannot be told apart by person is named in the
//! remarks. A test holds the answer against the list of all tables.

use crate::{
    app::{App, AppState},
    auth::{Caller, has_password},
    http::{ApiError, Id, Limit, UserRef, answer},
    render,
};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use matinee_api as api;
use matinee_domain::ids::UserId;
use matinee_store::{
    accounts::{AccountMessage, OneTimeUse, Role, UserRow},
    bookings::{BookingFile, TicketState},
    outbox::MessageStatus,
};

/// Bookings read at a time.
const PAGE: u16 = 100;
/// Most bookings in a file: far beyond what a person buys, so that nobody can make a server write without end.
const BOOKINGS_MAX: usize = 10_000;
/// Most mails in a file; they are forgotten after 90 days anyway.
const MESSAGES_MAX: u16 = 1_000;

/// What is kept beside this file, and why it is not in it.
const REMARKS: [&str; 5] = [
    "Passwords, links, sessions, recovery codes and keys are kept only as digests or as what a check needs; they are not in this file.",
    "Answers to repeated requests are kept until 24 hours after the show, under a digest of the request: what they said is in the bookings.",
    "To keep seats fair, a digest of your account stands with holds that ran out unpaid, for a day.",
    "What you changed as staff of a theater stands in that theater's list of changes, and what you scanned or sold there with it, under your account's id.",
    "The theater's payment gateway keeps records of its own.",
];

/// `GET /users/{user_id}/export`
pub async fn export(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let now = app.clock.now();
    let key = app.keys.user_digest(user_id);
    app.limits.check(Limit::Export, key, now)?;
    let file = file_of(&app, &caller, user_id, now).await?;
    let mut response = answer::json(200, &file);
    response.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"matinee-account.json\""),
    );
    Ok(response)
}

async fn file_of(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<api::AccountExport, ApiError> {
    let user = app.store.user(user_id).await?;
    let user = user.ok_or_else(|| ApiError::not_found("user"))?;
    let identities = app.store.identities_of(user_id).await?;
    let passkeys = app.store.passkeys_of(user_id).await?;
    // A row names an address, or the account.
    let mut messages = Vec::new();
    for recipient in [user.email.clone(), format!("user:{user_id}")] {
        messages.extend(app.store.account_messages(&recipient, MESSAGES_MAX).await?);
    }
    messages.sort_by_key(|message| std::cmp::Reverse(message.created_at));
    let subject = user_id.to_string();
    let links = app.store.open_secrets(&subject, now).await?;
    Ok(api::AccountExport {
        exported_at: now,
        remarks: REMARKS.map(ToOwned::to_owned).to_vec(),
        role: role(&user).to_owned(),
        staff: staff(app, user_id).await?,
        has_password: has_password(&user.password_hash),
        profile: super::profile::shown(&user),
        sessions: super::devices::of_user(app, caller, user_id).await?,
        identities: identities.into_iter().map(identity).collect(),
        second_factor: second_factor(app, user_id, now).await?,
        passkeys: passkeys.iter().map(passkey).collect(),
        subscriptions: super::subscriptions::of_user(app, user_id).await?,
        bookings: bookings(app, user_id, now).await?,
        messages: messages.into_iter().map(message).collect(),
        open_links: links
            .into_iter()
            .map(|(purpose, expires_at)| link(purpose, expires_at))
            .collect(),
    })
}

const fn role(user: &UserRow) -> &'static str {
    match user.role {
        Role::Customer => "customer",
        Role::Admin => "admin",
    }
}

async fn staff(app: &App, user_id: UserId) -> Result<Vec<api::StaffPlace>, ApiError> {
    let places = app.store.theaters_of(user_id).await?;
    let place = |(theater_id, role)| api::StaffPlace { theater_id, role };
    Ok(places.into_iter().map(place).collect())
}

fn identity(row: matinee_store::sign_in::IdentityRow) -> api::LinkedIdentity {
    api::LinkedIdentity {
        issuer: row.issuer,
        subject: row.subject,
        email: row.email,
        linked_at: row.linked_at,
    }
}

async fn second_factor(
    app: &App,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<api::SecondFactor>, ApiError> {
    let row = app.store.second_factor(user_id).await?;
    Ok(row.map(|row| api::SecondFactor {
        confirmed_at: row.confirmed_at,
        recovery_codes_left: row.recovery_codes,
        blocked_until: Some(row.blocked_until).filter(|until| *until > now),
    }))
}

/// A passkey as its owner sees it.
pub(super) fn passkey(row: &matinee_store::sign_in::PasskeyRow) -> api::Passkey {
    api::Passkey {
        passkey_id: data_encoding::BASE64URL_NOPAD.encode(&row.credential),
        name: row.name.clone(),
        created_at: row.created_at,
        last_used_at: row.used_at,
    }
}

async fn bookings(
    app: &App,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<api::ExportedBooking>, ApiError> {
    let mut exported = Vec::new();
    let mut cursor = None;
    while exported.len() < BOOKINGS_MAX {
        let files = app.store.bookings_of(user_id, cursor, PAGE).await?;
        let last = files.last().map(|file| file.booking.booking_id);
        let full = files.len() == usize::from(PAGE);
        for file in files {
            exported.push(booking(app, &file, now).await?);
        }
        if !full {
            break;
        }
        cursor = last;
    }
    Ok(exported)
}

async fn booking(
    app: &App,
    file: &BookingFile,
    now: DateTime<Utc>,
) -> Result<api::ExportedBooking, ApiError> {
    let show = matinee_booking::Shows::show(&*app.catalog, file.booking.show_id).await?;
    let show = show.ok_or_else(|| ApiError::not_found("show"))?;
    let entries = app.store.entries_of(file.booking.booking_id).await?;
    let admitted_at = |ticket_id| {
        let entry = entries.iter().find(|(ticket, _)| *ticket == ticket_id);
        entry.map(|(_, entry)| entry.scanned_at)
    };
    let tickets = file.tickets.iter().map(|row| api::ExportedTicket {
        admitted_at: admitted_at(row.ticket_id),
        ticket_id: row.ticket_id,
        seat_id: show
            .ticket_place(&file.booking, row.seat)
            .map(|seat| seat.seat_id.clone()),
        status: match row.state {
            TicketState::Valid => api::TicketStatus::Valid,
            TicketState::Redeemed => api::TicketStatus::Redeemed,
            TicketState::Void => api::TicketStatus::Void,
        },
        revision: row.revision,
    });
    Ok(api::ExportedBooking {
        tickets: tickets.collect(),
        booking: render::booking(file, &show, &app.around, now),
    })
}

fn message(row: AccountMessage) -> api::ExportedMessage {
    api::ExportedMessage {
        kind: row.kind,
        channel: row.channel,
        recipient: row.recipient,
        status: match row.status {
            MessageStatus::Pending => api::NotificationStatus::Pending,
            MessageStatus::Sent => api::NotificationStatus::Sent,
            MessageStatus::Failed => api::NotificationStatus::Failed,
        },
        created_at: row.created_at,
        sent_at: row.sent_at,
    }
}

fn link(purpose: OneTimeUse, expires_at: DateTime<Utc>) -> api::ExportedLink {
    let purpose = match purpose {
        OneTimeUse::PasswordReset => "password_reset",
        OneTimeUse::EmailVerification => "email_verification",
        OneTimeUse::BookingRecovery => "booking_recovery",
    };
    api::ExportedLink {
        purpose: purpose.to_owned(),
        expires_at,
    }
}

#[cfg(test)]
mod tests;
