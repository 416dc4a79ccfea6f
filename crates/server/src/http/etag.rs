//! Strong validators: making ETags, answering `If-None-Match`, reading `If-Match`.

use super::{ApiError, encoded::Coding};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::ProblemCode;
use matinee_planted::planted;
use sha2::{Digest, Sha256};
use std::cell::Cell;

/// A strong ETag from a number that grows with every change.
pub fn of_version(version: u64) -> HeaderValue {
    quoted(&version.to_string())
}

/// The text of a strong ETag made of the bytes themselves.
pub fn digest(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(bytes)[..12])
}

/// Quotes an opaque text of visible ASCII.
pub fn quoted(text: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{text}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// A 304 when the caller already has what `tag` (without quotes) names, in whatever encoding. `If-None-Match` compares
/// weakly (RFC 9110).
pub fn not_modified(headers: &HeaderMap, tag: &str) -> Option<Response> {
    let held = Cell::new(None);
    let fresh = none_match(headers, |seen| {
        let ours = names(seen, tag);
        if ours {
            held.set(HeaderValue::from_bytes(seen).ok());
        }
        ours
    });
    if !fresh {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    // The tag of the form the caller has, as its 200 carried it: caches update what they kept by it.
    let held = held.take().unwrap_or_else(|| quoted(tag));
    response.headers_mut().insert(header::ETAG, held);
    Some(response)
}

/// True when a quoted tag names this body or an encoded form of it.
fn names(seen: &[u8], tag: &str) -> bool {
    let inner = seen
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    match inner.and_then(|inner| inner.strip_prefix(tag.as_bytes())) {
        Some(_) if planted!("stale_304") => true,
        Some(b"") => true,
        Some(rest) => Coding::PREFERRED
            .iter()
            .any(|coding| rest.strip_prefix(b"~") == Some(coding.token().as_bytes())),
        None => false,
    }
}

/// True when one of the caller's `If-None-Match` tags is `*` or satisfies `same`.
pub fn none_match(headers: &HeaderMap, same: impl Fn(&[u8]) -> bool) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .map(|tag| tag.strip_prefix(b"W/").unwrap_or(tag))
        .any(|tag| tag == b"*" || same(tag))
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// The header is absent or `*`: any version will do. (A handler that insists asks [`Self::required`].)
    Absent,
    Any,
    /// One of these versions.
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Reads `If-Match` with tags made by [`of_version`]. A tag of another form matches nothing.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Self::Absent;
        }
        let mut versions = Vec::new();
        for tag in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
            let tag = tag.trim_ascii();
            if tag == b"*" {
                return Self::Any;
            }
            versions.extend(version_of(tag));
        }
        Self::Versions(versions)
    }

    /// 412 when the current version is not among the wanted ones.
    pub fn check(&self, current: u64) -> Result<(), ApiError> {
        match self {
            Self::Versions(wanted) if !wanted.contains(&current) => Err(changed_meanwhile()),
            _ => Ok(()),
        }
    }

    /// 428 when the header is absent.
    pub fn required(&self) -> Result<(), ApiError> {
        match self {
            Self::Absent => Err(ApiError::new(
                ProblemCode::PreconditionRequired,
                "Send If-Match with the version you changed, so that nothing newer is overwritten.",
            )),
            _ => Ok(()),
        }
    }
}

/// 412: somebody was faster.
pub fn changed_meanwhile() -> ApiError {
    ApiError::new(
        ProblemCode::VersionMismatch,
        "It was changed in the meantime. Nothing was overwritten; read it again and repeat your change.",
    )
}

/// The version a tag names: its digits, up to a dot if there is one (what follows tells apart readings of one version).
fn version_of(tag: &[u8]) -> Option<u64> {
    let inner = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let digits = inner.split(|byte| *byte == b'.').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn what_the_caller_has_is_not_sent_again() {
        let has = |value| not_modified(&headers(header::IF_NONE_MATCH, value), "7").is_some();
        assert!(has("\"7\"") && has("\"1\", W/\"7\"") && has("*") && has("\"7~gzip\""));
        assert!(!has("\"8\"") && !has("7") && !has("\"77\"") && !has("\"7~lzma\""));
        assert!(not_modified(&HeaderMap::new(), "7").is_none());
    }

    #[test]
    fn a_lost_update_is_noticed() {
        let read = |value| IfMatch::read(&headers(header::IF_MATCH, value));
        assert!(read("\"7\"").check(7).is_ok() && read("*").check(7).is_ok());
        assert!(read("\"6\", \"7\"").check(7).is_ok());
        for stale in ["\"6\"", "nonsense", "W/\"7\"", ""] {
            assert_eq!(
                read(stale).check(7).unwrap_err().code(),
                ProblemCode::VersionMismatch
            );
        }
        assert!(IfMatch::read(&HeaderMap::new()).check(7).is_ok());
        assert!(IfMatch::read(&HeaderMap::new()).required().is_err());
    }
}
