//! Requests to other people's servers: bounded in time and size, with no redirect followed.
//!
//! A redirect could lead a secret, or this server itself, to where neither belongs.

use http::{Request, Response};
use std::{sync::Once, time::Duration};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("{0}")]
    Failed(#[from] reqwest::Error),
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] http::Error),
}

/// A client that gives each request up after so long.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, String> {
    static ONCE: Once = Once::new();
    // rustls takes its cryptography from the process. An error only says that the process already chose.
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .user_agent(concat!("Matinee/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .build()
        .map_err(|error| error.to_string())
}

/// Sends a request; an answer beyond `most` bytes is an error.
pub(crate) async fn send(
    http: &reqwest::Client,
    request: Request<Vec<u8>>,
    most: usize,
) -> Result<Response<Vec<u8>>, OutboundError> {
    // Without the address: it may hold a key in its query.
    let without_url = |error: reqwest::Error| OutboundError::Failed(error.without_url());
    let request = reqwest::Request::try_from(request).map_err(without_url)?;
    let mut answer = http.execute(request).await.map_err(without_url)?;
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(without_url)? {
        if body.len() + chunk.len() > most {
            return Err(OutboundError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(response.body(body)?)
}
