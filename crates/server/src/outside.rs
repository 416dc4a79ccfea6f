//! The parsers of bytes from outside that have no other way in, for the fuzz targets. Nothing else calls these.

use crate::{
    auth::{guest_secret, idempotency_key},
    http::{PageLimit, Query},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    from: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default)]
    latitude: Option<f64>,
}

/// A query string, as a list reads it.
pub fn query(text: &str) -> bool {
    let read = Query::<Listed>::parse(text);
    read.is_ok_and(|Query(listed)| {
        listed.limit.or(20).is_ok()
            && (listed.cursor.is_some() || listed.from.is_some() || listed.latitude.is_some())
    })
}

/// Idempotency-Key and Guest-Secret: what was accepted of them.
pub fn secrets(value: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return (None, None);
    };
    let names = ["idempotency-key", "guest-secret"].map(HeaderName::from_static);
    let headers: HeaderMap = names
        .into_iter()
        .map(|name| (name, value.clone()))
        .collect();
    (
        idempotency_key(&headers).ok().flatten(),
        guest_secret(&headers).ok().flatten(),
    )
}

/// A message of a payment gateway: the time its signature names, and whether it speaks of a charge.
pub fn gateway_message(header: &str, body: &[u8]) -> (Option<i64>, bool) {
    let (time, event) = matinee_integrations::stripe::parse(header, body);
    (time, event.is_some())
}
