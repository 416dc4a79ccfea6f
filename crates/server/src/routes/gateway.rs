//! Where the payment gateway and the payer on its way to it come in: signed messages, and the way to the gateway's page.
//!
//! A message is read raw, since its signature is over the bytes. What it says is only a hint: the desk asks the gateway
//! itself. One that was dealt with is remembered for a while, so that telling it again costs nothing; forgetting it (after
//! a restart, on another server) costs one question more and changes nothing either.

use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, Id, Limit, RawJson, answer},
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use matinee_api::{self as api, ProblemCode};
use matinee_booking::{Heard, Message, NotGenuine, PaymentPage};
use matinee_domain::ids::PaymentId;
use parking_lot::Mutex;
use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

type S = State<Arc<App>>;

/// Largest message of a gateway; theirs are a few kilobytes.
const LARGEST: usize = 256 * 1024;
/// Messages remembered.
const REMEMBERED: usize = 4096;

/// Messages that were dealt with, by the gateway's id, the newest ones.
#[derive(Debug, Default)]
pub struct KnownNews {
    known: Mutex<(HashSet<String>, VecDeque<String>)>,
    /// Refused in a row since the last one that was taken.
    refused: AtomicU64,
    /// When the last genuine one came.
    heard_at: Mutex<Option<DateTime<Utc>>>,
}

impl KnownNews {
    fn knows(&self, id: &str) -> bool {
        self.known.lock().0.contains(id)
    }

    fn note(&self, id: String) {
        let (known, order) = &mut *self.known.lock();
        if known.insert(id.clone()) {
            order.push_back(id);
        }
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
    }

    /// When the last genuine message came, and how many were refused since.
    pub fn heard(&self) -> (Option<DateTime<Utc>>, u64) {
        let refused = self.refused.load(Ordering::Relaxed);
        (*self.heard_at.lock(), refused)
    }

    /// A message was genuine; how many were refused before it.
    fn genuine(&self, now: DateTime<Utc>) -> u64 {
        *self.heard_at.lock() = Some(now);
        self.refused.swap(0, Ordering::Relaxed)
    }

    /// One more was refused; how many that are in a row, when it is time to say so: the first, and whenever they are twice
    /// as many.
    fn refused(&self) -> Option<u64> {
        let count = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        count.is_power_of_two().then_some(count)
    }
}

/// `POST /webhooks/{gateway}`
pub async fn news(
    State(app): S,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    RawJson(body): RawJson,
) -> Result<Response, ApiError> {
    let gateway = app.desk.gateway.as_ref();
    let gateway = gateway.filter(|gateway| gateway.name() == name);
    let gateway = gateway.ok_or_else(|| ApiError::not_found("gateway"))?;
    if body.len() > LARGEST {
        return Err(ApiError::new(
            ProblemCode::BodyTooLarge,
            "A message of a payment gateway is at most 256 KiB. Nothing was changed.",
        ));
    }
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let texts: Vec<_> = texts.collect();
    let message = Message {
        headers: &texts,
        body: &body,
        now: app.clock.now(),
    };
    // Only what was refused counts: the gateway's own messages are never held back by a stranger's at other addresses.
    let (address, now) = (caller.address_key(), message.now);
    app.limits.check_only(Limit::RefusedNews, address, now)?;
    let refused = |why| {
        app.limits.add(Limit::RefusedNews, address, now);
        refused(&app, why)
    };
    let news = gateway.news(message).map_err(refused)?;
    let before = app.known_news.genuine(now);
    if before > 1 {
        tracing::info!(before, "messages of the payment gateway are taken again");
    }
    if app.known_news.knows(&news.id) {
        app.metrics.news_repeated.add(1);
        return Ok(received());
    }
    if let Some(event) = news.event
        && app.desk.gateway_event(event).await? == Heard::OtherAmount
    {
        return Err(refused(NotGenuine::NotOurs));
    }
    app.metrics.news_taken.add(1);
    app.known_news.note(news.id);
    Ok(received())
}

fn received() -> Response {
    answer::json(200, &api::Received { received: true })
}

fn refused(app: &App, why: NotGenuine) -> ApiError {
    app.metrics.news_refused.add(1);
    if let Some(in_a_row) = app.known_news.refused() {
        tracing::warn!(
            %why,
            in_a_row,
            "a message that claims to come from the payment gateway was refused; if they all are, compare the webhook \
         endpoint's signing secret, its mode and this machine's clock with the gateway's dashboard"
        );
    }
    let code = match why {
        NotGenuine::Signature | NotGenuine::Stale | NotGenuine::NotExpected => {
            ProblemCode::BadSignature
        }
        NotGenuine::Malformed | NotGenuine::NotOurs => ProblemCode::Malformed,
    };
    // A stranger learns nothing of what would have been right.
    ApiError::new(
        code,
        "This message is not taken. Nothing was changed; the gateway tells it again.",
    )
}

/// `GET /payments/{payment_id}/page`: on to the gateway, or back to the booking when nothing is to be done there.
///
/// Whoever knows the payment may go: its id is a secret of its own, and all there is to do there is to pay.
pub async fn page(
    State(app): S,
    caller: Caller,
    Id(payment_id): Id<PaymentId>,
) -> Result<Response, ApiError> {
    app.limits
        .check(Limit::PaymentPage, caller.address_key(), app.clock.now())?;
    let url = match app.desk.payment_page(payment_id).await {
        Ok(PaymentPage::AtGateway(url)) => url,
        Ok(PaymentPage::Booking(booking)) => format!("{}/bookings/{booking}/paid", app.base_url),
        Err(matinee_booking::SaleError::NoBooking) => return Err(ApiError::not_found("payment")),
        Err(error) => return Err(error.into()),
    };
    let location = HeaderValue::try_from(&url).map_err(|_| ApiError::not_found("page"))?;
    let mut response = answer::json(303, &api::NextPage { url });
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    Ok(response.into_response())
}

#[cfg(test)]
mod tests;
