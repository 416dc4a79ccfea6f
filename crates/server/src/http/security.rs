//! Headers that tell browsers what an answer may do.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The API's answers are data: nothing in them may load, run or be framed.
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// The UI: its own scripts, styles, fonts and calls; posters may come from anywhere over HTTPS. The built page has no
/// inline script (ui/scripts/strict-static.js), so there is no hash to keep in step.
const UI_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; font-src 'self'; \
     img-src 'self' data: blob: https:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
);
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds them to any answer. API answers that say nothing of caching are not stored anywhere.
pub fn add_headers(headers: &mut HeaderMap, api: bool, secure: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    if api {
        headers.insert(header::CONTENT_SECURITY_POLICY, API_POLICY);
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        return;
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, UI_POLICY);
    headers.insert(header::X_FRAME_OPTIONS, DENY);
    headers.insert(header::REFERRER_POLICY, SAME_ORIGIN);
    headers.insert(OPENER_POLICY, SAME_ORIGIN);
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_that_is_not_ours() {
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, false, true);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && !policy.contains("script-src 'self' "));
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        let mut api = HeaderMap::new();
        add_headers(&mut api, true, false);
        assert_eq!(api[header::CACHE_CONTROL], "no-store");
        assert!(!api.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
