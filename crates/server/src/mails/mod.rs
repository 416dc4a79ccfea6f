//! Delivering the outbox: what each message says, and the job that sends it.
//!
//! At least once, with backoff, and given up after a bounded number of attempts; the state stands on the booking. A
//! letter is rendered when it is sent, from the booking as it is then.

mod letters;

use crate::{app::App, render, tickets};
use chrono::{DateTime, TimeDelta, Utc};
use letters::Letter;
use matinee_booking::{JobReport, OnFile, SaleError};
use matinee_domain::ids::UserId;
use matinee_integrations::{Attachment, Mail, MailError, Mailer};
use matinee_store::outbox::ClaimedMessage;

/// Messages of one round.
const ROUND: u16 = 16;
/// A claimed message is somebody else's to send again after this long.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Attempts before a message is given up: with the pauses below, after about a day.
const ATTEMPTS: u32 = 12;

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error("its booking or user is gone")]
    Gone,
    #[error(transparent)]
    Sale(#[from] SaleError),
}

/// One round of delivery.
pub async fn deliver(app: &App, mailer: &Mailer) -> Result<JobReport, SaleError> {
    let now = app.clock.now();
    let claimed = app.store.claim_messages(now, now + LEASE, ROUND).await?;
    let mut report = JobReport {
        more: claimed.len() == usize::from(ROUND),
        ..JobReport::default()
    };
    for message in claimed {
        let id = message.message.notification_id;
        match send(app, mailer, &message).await {
            Ok(()) => {
                app.store.message_sent(id, app.clock.now()).await?;
                app.metrics.messages_sent.add(1);
                report.done += 1;
            }
            Err(error) => {
                app.metrics.messages_failed.add(1);
                report.failed += 1;
                let again = retry_at(&error, message.attempt, app.clock.now());
                // The error may quote the address: kept with the message for the operator, not logged.
                tracing::warn!(notification = %id, attempt = message.attempt, given_up = again.is_none(), "a message was not delivered");
                app.store
                    .message_failed(id, again, error.to_string())
                    .await?;
            }
        }
    }
    Ok(report)
}

/// 30 s, then twice as long each time, at most 4 h; never for what can never be sent.
fn retry_at(error: &DeliveryError, attempt: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if attempt >= ATTEMPTS
        || matches!(
            error,
            DeliveryError::Gone | DeliveryError::Mail(MailError::Unsendable(_))
        )
    {
        return None;
    }
    let pause =
        TimeDelta::seconds(30 * (1 << attempt.saturating_sub(1).min(9))).min(TimeDelta::hours(4));
    Some(now + pause)
}

async fn send(app: &App, mailer: &Mailer, claimed: &ClaimedMessage) -> Result<(), DeliveryError> {
    let message = &claimed.message;
    let Some(to) = address(app, &message.recipient, &message.kind).await? else {
        return Ok(());
    };
    let on_file = match message.booking_id {
        Some(booking_id) => Some(app.desk.on_file(booking_id).await?),
        None => None,
    };
    let link = link(app, &message.payload);
    let letter = match &on_file {
        Some(on_file) => {
            let booking =
                render::booking(&on_file.file, &on_file.show, &app.around, app.clock.now());
            let page = page_of(app, on_file);
            letters::about_booking(&message.kind, &booking, link.as_deref().unwrap_or(&page))
        }
        None => letters::about_account(&message.kind, link.as_deref().unwrap_or_default()),
    };
    let Letter {
        subject,
        text,
        html,
    } = letter.ok_or(DeliveryError::Gone)?;
    let attachments = match &on_file {
        Some(on_file) if message.kind == "confirmation" => attachments(app, on_file),
        _ => vec![],
    };
    let message_id = format!("<{}@{}>", message.notification_id, host(&app.base_url));
    Ok(mailer
        .send(Mail {
            to,
            subject,
            text,
            html,
            attachments,
            message_id,
        })
        .await?)
}

/// Where it goes: an address, or a user's present one. `None` when the user does not want it.
async fn address(app: &App, recipient: &str, kind: &str) -> Result<Option<String>, DeliveryError> {
    let Some(user_id) = recipient.strip_prefix("user:") else {
        return Ok(Some(recipient.to_owned()));
    };
    let user_id: UserId = user_id.parse().map_err(|_| DeliveryError::Gone)?;
    let user = app
        .store
        .user(user_id)
        .await
        .map_err(SaleError::from)?
        .ok_or(DeliveryError::Gone)?;
    // Money that did not arrive is told in any case; the rest is the user's choice.
    let wanted = user.profile.notify_email || kind == "payment_failed";
    Ok(wanted.then_some(user.email))
}

/// The absolute link of a payload's path.
fn link(app: &App, payload: &str) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    let path = payload.get("path")?.as_str()?;
    Some(format!("{}{path}", app.base_url))
}

/// Where the booking is found. No link of a mail about a booking opens anything by itself: a guest's leads to the page
/// that mails a link for once, with the reference filled in.
fn page_of(app: &App, on_file: &OnFile) -> String {
    let booking = &on_file.file.booking;
    let base = &app.base_url;
    match booking.owner {
        matinee_store::bookings::Owner::User(_) => {
            format!("{base}/bookings/{}", booking.booking_id)
        }
        matinee_store::bookings::Owner::Guest { .. } => {
            format!("{base}/recover?reference={}", booking.reference)
        }
    }
}

fn host(url: &str) -> String {
    let rest = url.split("://").nth(1).unwrap_or(url);
    let host: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        .collect();
    if host.is_empty() {
        "matinee".into()
    } else {
        host
    }
}

fn attachments(app: &App, on_file: &OnFile) -> Vec<Attachment> {
    let Ok(tickets) = tickets::documents(&app.keys, on_file) else {
        return vec![];
    };
    vec![
        Attachment {
            name: "tickets.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: tickets.pdf,
        },
        Attachment {
            name: "show.ics".into(),
            media_type: "text/calendar; charset=utf-8; method=PUBLISH".into(),
            bytes: tickets.ics.into_bytes(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_mail_is_tried_for_about_a_day_and_an_unsendable_one_never() {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let busy = || DeliveryError::Mail(MailError::NotTaken("busy".into()));
        let mut waited = TimeDelta::zero();
        for attempt in 1..ATTEMPTS {
            waited += retry_at(&busy(), attempt, now).unwrap() - now;
        }
        assert!(
            waited > TimeDelta::hours(8) && waited < TimeDelta::hours(30),
            "{waited}"
        );
        assert_eq!(retry_at(&busy(), ATTEMPTS, now), None);
        assert_eq!(
            retry_at(
                &DeliveryError::Mail(MailError::Unsendable("x".into())),
                1,
                now
            ),
            None
        );
        assert_eq!(retry_at(&DeliveryError::Gone, 1, now), None);
    }

    #[test]
    fn the_host_of_a_link_is_the_host_of_message_ids() {
        assert_eq!(
            host("https://tickets.example.com:8443/x"),
            "tickets.example.com"
        );
        assert_eq!(host(""), "matinee");
    }
}
