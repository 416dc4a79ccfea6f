//! Answers that are not kept encoded: JSON about a booking or a person, never cached by anybody.

use super::{EncodedBody, etag};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use std::convert::Infallible;

/// JSON bytes with a status; from 400 on they are a problem.
pub fn bytes(status: u16, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status >= 400 {
        "application/problem+json"
    } else {
        "application/json"
    };
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A value of the contract as JSON. Its types are plain data: writing them to memory cannot fail.
pub fn json<T: Serialize>(status: u16, value: &T) -> Response {
    bytes(status, written(value))
}

/// The answer of a read, compressed. Its tag is made of its bytes, since what people read about a booking also
/// depends on the clock and on who else books: a 304 is never older than the answer would be.
pub fn read<T: Serialize>(headers: &HeaderMap, value: &T) -> Response {
    let bytes = written(value);
    let tag = etag::digest(&bytes);
    EncodedBody::private_json(bytes, &tag).respond(headers)
}

/// The same for what has a version that a change may name in If-Match: the tag begins with it.
pub fn versioned<T: Serialize>(version: u64, value: &T) -> EncodedBody {
    let bytes = written(value);
    let tag = format!("{version}.{}", etag::digest(&bytes));
    EncodedBody::private_json(bytes, &tag)
}

/// Server-sent events.
pub fn events<S>(stream: S) -> Response
where
    S: Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
{
    let mut response = Response::new(Body::from_stream(stream));
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would turn live into late.
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn written<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
