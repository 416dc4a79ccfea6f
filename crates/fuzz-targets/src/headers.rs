//! Query strings and headers.

use crate::text;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use matinee_server::{
    auth::cookie,
    http::{
        IfMatch,
        etag::{none_match, not_modified, of_version},
    },
    outside,
};

fn headers(name: HeaderName, data: &[u8]) -> Option<HeaderMap> {
    let value = HeaderValue::from_bytes(data).ok()?;
    Some(HeaderMap::from_iter([(name, value)]))
}

pub fn queries(data: &[u8]) {
    text(data, |text| {
        outside::query(text);
    });
}

pub fn cookies(data: &[u8]) {
    let Some(headers) = headers(header::COOKIE, data) else {
        return;
    };
    for secure in [false, true] {
        if let Some(token) = cookie::read(&headers, secure) {
            assert!(!token.contains(';'), "{token}");
        }
    }
}

/// Idempotency-Key and Guest-Secret.
pub fn keys(data: &[u8]) {
    let (key, secret) = outside::secrets(data);
    // The bounds are those of docs/limits.md.
    for (taken, bounds) in [(key, 1..=255), (secret, 22..=256)] {
        if let Some(taken) = taken {
            assert_eq!(taken.as_bytes(), data);
            assert!(bounds.contains(&taken.len()), "{}", taken.len());
        }
    }
}

/// If-Match and If-None-Match.
pub fn tags(data: &[u8]) {
    if let Some(headers) = headers(header::IF_MATCH, data)
        && let IfMatch::Versions(versions) = IfMatch::read(&headers)
    {
        for version in versions {
            let again = HeaderMap::from_iter([(header::IF_MATCH, of_version(version))]);
            assert_eq!(IfMatch::read(&again), IfMatch::Versions(vec![version]));
        }
    }
    if let Some(headers) = headers(header::IF_NONE_MATCH, data) {
        // Only what names our tag, or anything at all, is answered with 304.
        if not_modified(&headers, "tag-of-ours").is_some() {
            let named = |part: &[u8]| data.windows(part.len()).any(|there| there == part);
            assert!(named(b"tag-of-ours") || named(b"*"));
        }
        none_match(&headers, <[u8]>::is_empty);
    }
}

/// A payment gateway's message: the signature's header in the first line, the body after it.
pub fn webhooks(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (header, body) = data.split_at(end.unwrap_or(data.len()));
    text(header, |header| {
        let (time, about_a_charge) = outside::gateway_message(header, body);
        if let Some(time) = time {
            assert!(header.contains(&format!("t={time}")), "{header}");
        }
        if about_a_charge {
            assert!(String::from_utf8_lossy(body).contains("metadata"));
        }
    });
}
