//! Signing in at the server's OpenID provider, from an app: the person goes through the system's own browser, which hands
//! the sign-in over to this device (RFC 8252, loopback).
//!
//! The browser only ever brings a code that is good once, for minutes, and only with this attempt's secret, which never
//! leaves the app. So neither another program at the port nor somebody who began the sign-in elsewhere gets a session.

use crate::{client::Client, error::ClientError, http::Call, queries::Session};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::{
    Handoff, HandoffRequest, OpenIdStart, OpenIdStarted, ProblemCode, SignInMethods,
};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use url::Url;

/// How long the person may take; what was begun at the server lasts as long.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long one visitor may take to say what it wants.
const VISIT: Duration = Duration::from_secs(5);
/// Largest request head that is read.
const HEAD_MAX: usize = 8 * 1024;

/// All the browser gets to see: whole in itself, light or dark as the person likes it.
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Signed in · Matinee</title>\
     <meta name=viewport content='width=device-width'><meta name=color-scheme content='light dark'>\
     <style>body{display:grid;min-height:90vh;place-content:center;gap:.5rem;margin:1rem;text-align:center;\
     font:1.125rem/1.5 system-ui,sans-serif}h1,p{margin:0}p{opacity:.8}</style>\
     <h1>You are signed in</h1><p>Close this window and go back to the app.</p>";

impl Client {
    /// The ways to sign in that the server offers beside a password.
    pub async fn sign_in_methods(&self) -> Result<SignInMethods, ClientError> {
        let call = Call::get("/auth/methods");
        self.inner.http.send(&call).await?.json()
    }

    /// Signs in at the server's provider; `open` shows an address in the system's browser.
    pub async fn sign_in_with_provider(
        &self,
        open: impl FnOnce(&str) -> Result<(), ClientError> + Send,
    ) -> Result<Session, ClientError> {
        // Asked first: a session that cannot be kept is not begun.
        self.inner.vault.ready().await?;
        let failed = |error: std::io::Error| ClientError::internal(error.to_string());
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let secret = new_secret()?;
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(secret.as_bytes()));
        let handoff = Some(Handoff { port, challenge });
        let call = Call::post("/auth/openid/start").json(&OpenIdStart { handoff })?;
        let started: OpenIdStarted = self.inner.http.send(&call).await?.json()?;
        open(outside(&started.authorization_url)?.as_str())?;
        let code = timeout(PATIENCE, brought(&listener)).await.map_err(|_| {
            ClientError::problem(
                ProblemCode::SessionEnded,
                "The sign-in was not finished in the browser. Begin it again.",
            )
        })?;
        let call = Call::post("/auth/openid/handoff").json(&HandoffRequest { code, secret })?;
        self.enter(call).await
    }
}

fn new_secret() -> Result<String, ClientError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ClientError::internal(error.to_string()))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// An address that a browser opens and that runs nothing.
fn outside(url: &str) -> Result<Url, ClientError> {
    Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http"))
        .ok_or_else(|| ClientError::invalid_answer("No address to sign in at.", None))
}

/// The first code that a browser brings. Other visitors, e.g. a browser asking for an icon, are sent away.
async fn brought(listener: &TcpListener) -> String {
    loop {
        let Ok((mut visitor, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(Some(head)) = timeout(VISIT, head(&mut visitor)).await else {
            continue;
        };
        let code = code_in(&head);
        let status = if code.is_some() {
            "200 OK"
        } else {
            "404 Not Found"
        };
        let page = if code.is_some() { PAGE } else { "" };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncache-control: no-store\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        // The code is what matters: a browser that does not read its page loses nothing.
        let _ = timeout(VISIT, visitor.write_all(answer.as_bytes())).await;
        if let Some(code) = code {
            return code;
        }
    }
}

/// A request's head, as far as it comes within the bound.
async fn head(visitor: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = visitor.read(&mut piece).await.ok()?;
        if count == 0 || bytes.len() + count > HEAD_MAX {
            return None;
        }
        bytes.extend_from_slice(piece.get(..count)?);
    }
    String::from_utf8(bytes).ok()
}

/// The code of `GET /signed-in?code=…`.
fn code_in(head: &str) -> Option<String> {
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    if method != "GET" {
        return None;
    }
    let url = Url::parse("http://127.0.0.1").ok()?.join(target).ok()?;
    if url.path() != "/signed-in" {
        return None;
    }
    let code = url.query_pairs().find(|(name, _)| name == "code")?.1;
    (!code.is_empty() && code.len() <= 256).then(|| code.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_that_was_brought_is_taken() {
        assert_eq!(
            code_in("GET /signed-in?code=abc-_9 HTTP/1.1\r\nHost: x\r\n\r\n").as_deref(),
            Some("abc-_9")
        );
        for other in [
            "",
            "GET",
            "GET /favicon.ico HTTP/1.1",
            "GET /signed-in HTTP/1.1",
            "GET /signed-in?code= HTTP/1.1",
            "POST /signed-in?code=abc HTTP/1.1",
            "GET /other?code=abc HTTP/1.1",
            &format!("GET /signed-in?code={} HTTP/1.1", "a".repeat(300)),
        ] {
            assert_eq!(code_in(other), None, "{other}");
        }
    }

    #[test]
    fn only_web_addresses_are_opened() {
        assert!(outside("https://id.example/auth?x=1").is_ok());
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "matinee://x",
            "",
        ] {
            assert!(outside(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_browser_brings_the_code_after_other_visitors() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let waiting = tokio::spawn(async move { brought(&listener).await });
        for (request, answer) in [
            ("", ""),
            ("GET /favicon.ico HTTP/1.1\r\n\r\n", "HTTP/1.1 404"),
            ("GET /signed-in?code=c0de HTTP/1.1\r\n\r\n", "HTTP/1.1 200"),
        ] {
            let mut visitor = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            visitor.write_all(request.as_bytes()).await.unwrap();
            if request.is_empty() {
                continue;
            }
            let mut told = String::new();
            visitor.read_to_string(&mut told).await.unwrap();
            assert!(told.starts_with(answer), "{told}");
        }
        assert_eq!(waiting.await.unwrap(), "c0de");
    }
}
