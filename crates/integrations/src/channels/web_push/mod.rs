//! Web Push to browsers (RFC 8030): the message is encrypted for the browser (RFC 8291), and we name ourselves with a
//! key of this database (VAPID, RFC 8292). The address came from the browser, so only public ones are gone to.

mod vapid;

pub use vapid::Vapid;

use super::{
    Channel, Medium, Parcel, Recipient, SendError,
    outward::{Outward, Reach, refuse_private},
    wrong_recipient,
};
use async_trait::async_trait;
use data_encoding::{BASE64URL_NOPAD, Encoding};
use http::{HeaderName, HeaderValue, header};
use p256::PublicKey;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
use web_push_native::{Auth, WebPushBuilder};

const REMEDY: &str =
    "Check the machine's clock and that --public-url or --mail-from names somebody to write to";
/// A push service keeps a message for a browser that is away this long: a reminder later than this reminds of nothing.
const KEPT: Duration = Duration::from_hours(4);
/// Every push service takes this much after encryption.
const BODY_MAX: usize = 3_000;
const ADDRESS_MAX: usize = 1_000;

/// Where a browser is reached, as its `PushSubscription` says it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub endpoint: String,
    /// The browser's public key, base64url.
    pub p256dh: String,
    /// The browser's secret, base64url.
    pub auth: String,
}

/// What is wrong with a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongSubscription {
    #[error("a public https address is expected")]
    Endpoint,
    #[error("an uncompressed P-256 public key in base64url is expected")]
    Key,
    #[error("16 bytes in base64url are expected")]
    Secret,
}

struct Parts {
    endpoint: Url,
    key: PublicKey,
    secret: Auth,
}

/// With or without padding, as browsers and their libraries write it.
fn bytes(text: &str) -> Option<Vec<u8>> {
    const READ: &Encoding = &BASE64URL_NOPAD;
    READ.decode(text.trim_end_matches('=').as_bytes()).ok()
}

impl Subscription {
    /// Whether it can be used, with addresses as far as `reach`.
    pub fn check(&self, reach: Reach) -> Result<(), WrongSubscription> {
        let parts = self.parts()?;
        let reachable = reach == Reach::Anywhere || refuse_private(&parts.endpoint).is_ok();
        if reachable {
            Ok(())
        } else {
            Err(WrongSubscription::Endpoint)
        }
    }

    fn parts(&self) -> Result<Parts, WrongSubscription> {
        let endpoint = Url::parse(&self.endpoint).ok();
        let endpoint = endpoint.filter(|url| {
            url.has_host()
                && matches!(url.scheme(), "https" | "http")
                && self.endpoint.len() <= ADDRESS_MAX
        });
        let key = bytes(&self.p256dh).and_then(|key| PublicKey::from_sec1_bytes(&key).ok());
        let secret = bytes(&self.auth).filter(|secret| secret.len() == 16);
        Ok(Parts {
            endpoint: endpoint.ok_or(WrongSubscription::Endpoint)?,
            key: key.ok_or(WrongSubscription::Key)?,
            secret: Auth::clone_from_slice(&secret.ok_or(WrongSubscription::Secret)?),
        })
    }
}

/// Pushes to browsers.
pub struct WebPush {
    outward: Outward,
    vapid: Vapid,
}

impl WebPush {
    /// Pushes in the name of this key.
    pub const fn new(vapid: Vapid, reach: Reach) -> Self {
        let outward = Outward::new(reach);
        Self { outward, vapid }
    }

    /// What a browser subscribes with.
    pub fn public_key(&self) -> &str {
        self.vapid.public_key()
    }
}

/// What the service worker gets.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    kind: &'a str,
    language: &'a str,
    title: &'a str,
    body: &'a str,
    url: Option<&'a str>,
}

#[async_trait]
impl Channel for WebPush {
    fn medium(&self) -> Medium {
        Medium::WebPush
    }

    fn provider(&self) -> &'static str {
        "web_push"
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Browser(subscription) = &parcel.to else {
            return Err(wrong_recipient());
        };
        let unsendable = |error: &dyn std::fmt::Display| SendError::Unsendable(error.to_string());
        let Parts {
            endpoint,
            key,
            secret,
        } = subscription.parts().map_err(|e| unsendable(&e))?;
        let uri = endpoint
            .as_str()
            .parse()
            .map_err(|_| unsendable(&WrongSubscription::Endpoint))?;
        let request = WebPushBuilder::new(uri, key, secret)
            .with_valid_duration(KEPT)
            .build(body(parcel))
            .map_err(|error| unsendable(&error))?;
        let (mut head, body) = request.into_parts();
        // The client counts for itself.
        head.headers.remove(header::CONTENT_LENGTH);
        let proof = self.vapid.authorization(&endpoint, parcel.now);
        let proof = proof.map_err(|why| SendError::Refused {
            why,
            remedy: REMEDY,
        })?;
        let mut proof = HeaderValue::try_from(proof).map_err(|error| unsendable(&error))?;
        proof.set_sensitive(true);
        head.headers.insert(header::AUTHORIZATION, proof);
        // The same message again takes the place of the one that still waits.
        let topic = BASE64URL_NOPAD.encode(&parcel.id);
        let topic = HeaderValue::try_from(topic).map_err(|error| unsendable(&error))?;
        head.headers.insert(HeaderName::from_static("topic"), topic);
        head.headers.insert(
            HeaderName::from_static("urgency"),
            HeaderValue::from_static("high"),
        );
        let answer = self.outward.post(&endpoint, head.headers, body).await?;
        match answer.status {
            _ if answer.is_success() => Ok(()),
            // Unsubscribed or expired; made for another key than ours.
            403 | 404 | 410 => Err(SendError::Gone(format!(
                "HTTP {} {}",
                answer.status,
                answer.excerpt()
            ))),
            _ => Err(match answer.judge(REMEDY) {
                // Whoever subscribed chose the address, so what it answers is never about all the others.
                SendError::Refused { why, remedy } => SendError::Temporary {
                    why: format!("{why}. {remedy}"),
                    after: answer.retry_after,
                },
                other => other,
            }),
        }
    }
}

fn body(parcel: &Parcel) -> Vec<u8> {
    let letter = &parcel.letter;
    let mut body = Body {
        id: &parcel.name,
        kind: &letter.kind,
        language: &letter.language,
        title: &letter.subject,
        body: &letter.short,
        url: letter.link.as_deref(),
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    if bytes.len() <= BODY_MAX {
        return bytes;
    }
    // Only titles from outside can be so long; the page behind the link says the rest.
    body.body = "";
    body.title = cut(body.title, 200);
    serde_json::to_vec(&body).unwrap_or_default()
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices()
        .nth(most)
        .map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests;
