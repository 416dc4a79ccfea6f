//! The browser's session cookie: out of reach of scripts and of other sites.

use axum::http::{HeaderMap, HeaderValue, header};

/// Over TLS the name itself forbids a Domain, another Path and plain HTTP.
const SECURE_NAME: &str = "__Host-matinee_session";
const PLAIN_NAME: &str = "matinee_session";

const fn name(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}

/// The name of the cookie that binds a sign-in at a provider to the browser that began it.
const fn begun_name(secure: bool) -> &'static str {
    if secure {
        "__Host-matinee_begun"
    } else {
        "matinee_begun"
    }
}

/// The session token of the request's cookie, if it has one.
pub fn read(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, name(secure))
}

/// What binds a sign-in that was begun to this browser.
pub fn read_begun(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, begun_name(secure))
}

fn find<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| value)
}

/// Sets the cookie for so many seconds. The token is base64url, so the value needs no quoting.
pub fn set(token: &str, secure: bool, seconds: i64) -> HeaderValue {
    written(name(secure), token, secure, seconds)
}

/// Binds a sign-in to this browser for so many seconds.
pub fn set_begun(secret: &str, secure: bool, seconds: i64) -> HeaderValue {
    written(begun_name(secure), secret, secure, seconds)
}

fn written(name: &str, token: &str, secure: bool, seconds: i64) -> HeaderValue {
    let secure_flag = if secure { "; Secure" } else { "" };
    let text = format!(
        "{name}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure_flag}"
    );
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Removes the cookie.
pub fn clear(secure: bool) -> HeaderValue {
    set("", secure, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_strict() {
        let plain = set("ms_abc", false, 60);
        assert_eq!(
            plain.to_str().unwrap(),
            "matinee_session=ms_abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=60"
        );
        let secure = set("ms_abc", true, 60);
        assert!(
            secure
                .to_str()
                .unwrap()
                .starts_with("__Host-matinee_session=ms_abc;")
        );
        assert!(secure.to_str().unwrap().ends_with("; Secure"));
        assert!(secure.is_sensitive(), "it stays out of logs");
        assert_eq!(
            clear(false).to_str().unwrap(),
            "matinee_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
    }

    #[test]
    fn it_is_found_among_others() {
        let headers = HeaderMap::from_iter([(
            header::COOKIE,
            "a=b; matinee_session=ms_abc; c".parse().unwrap(),
        )]);
        assert_eq!(read(&headers, false), Some("ms_abc"));
        assert_eq!(read(&headers, true), None);
        assert_eq!(read(&HeaderMap::new(), false), None);
        let cleared = HeaderMap::from_iter([(header::COOKIE, "matinee_session=".parse().unwrap())]);
        assert_eq!(read(&cleared, false), None, "an empty one is none");
    }

    #[test]
    fn a_sign_in_that_was_begun_is_bound_by_a_cookie_of_its_own() {
        assert_eq!(
            set_begun("secret", false, 600).to_str().unwrap(),
            "matinee_begun=secret; HttpOnly; SameSite=Strict; Path=/; Max-Age=600"
        );
        let secure = set_begun("secret", true, 600);
        let secure = secure.to_str().unwrap();
        assert!(secure.starts_with("__Host-matinee_begun=secret;"));
        let both = "matinee_session=ms_abc; matinee_begun=secret";
        let headers = HeaderMap::from_iter([(header::COOKIE, both.parse().unwrap())]);
        assert_eq!(read_begun(&headers, false), Some("secret"));
        assert_eq!(read(&headers, false), Some("ms_abc"));
        assert_eq!(read_begun(&headers, true), None);
    }
}
