//! Webhooks for integrators, signed as Standard Webhooks say: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
//!
//! The id is the same for every attempt and replay, so a receiver knows what it has seen. While a secret is being
//! changed both sign. Only public addresses are called, unless whoever runs the server allows others.

use super::{
    Channel, Medium, Parcel, Recipient, SendError,
    outward::{Outward, Reach, refuse_private},
    wrong_recipient,
};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};
use url::Url;

const REMEDY: &str = "Ask the integrator whether their end still takes this webhook; it answered that we may not call";
const ADDRESS_MAX: usize = 1_000;

/// Whose server, and what it knows us by. No Debug: it holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    pub url: String,
    /// The current secret, and while it is being changed the one before it.
    pub secrets: Vec<Vec<u8>>,
}

/// Whether an address can be called, as far as `reach`.
pub fn check_address(address: &str, reach: Reach) -> Result<Url, &'static str> {
    const EXPECTED: &str = "a public https address without a name and password in it is expected";
    let url = Url::parse(address).map_err(|_| EXPECTED)?;
    let plain =
        url.username().is_empty() && url.password().is_none() && address.len() <= ADDRESS_MAX;
    let fits = match reach {
        Reach::Public => refuse_private(&url).is_ok(),
        Reach::Anywhere => url.has_host() && matches!(url.scheme(), "http" | "https"),
    };
    if plain && fits {
        Ok(url)
    } else {
        Err(EXPECTED)
    }
}

/// Calls integrators.
pub struct Webhooks {
    outward: Outward,
}

impl Webhooks {
    pub const fn new(reach: Reach) -> Self {
        let outward = Outward::new(reach);
        Self { outward }
    }
}

#[async_trait]
impl Channel for Webhooks {
    fn medium(&self) -> Medium {
        Medium::Webhook
    }

    fn provider(&self) -> &'static str {
        "webhook"
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Hook(target) = &parcel.to else {
            return Err(wrong_recipient());
        };
        let url = Url::parse(&target.url)
            .map_err(|_| SendError::Unsendable("its address cannot be read".into()))?;
        let body = serde_json::to_vec(&parcel.letter.data).unwrap_or_default();
        let headers = headers(parcel, target, &body).map_err(SendError::Unsendable)?;
        let answer = self.outward.post(&url, headers, body).await?;
        let why = || format!("HTTP {} {}", answer.status, answer.excerpt());
        match answer.status {
            _ if answer.is_success() => Ok(()),
            // The standard's way to say that nothing more is wanted.
            410 => Err(SendError::Gone(why())),
            // Anything else may be a deployment in between: an integrator's outage must not lose a message.
            _ => Err(SendError::Temporary {
                why: format!("{} ({REMEDY})", why()),
                after: answer.retry_after,
            }),
        }
    }
}

fn headers(parcel: &Parcel, target: &Target, body: &[u8]) -> Result<HeaderMap, String> {
    let at = parcel.now.timestamp();
    let mut signatures = Vec::new();
    for secret in &target.secrets {
        let webhook = Webhook::from_bytes(secret.clone()).map_err(|error| error.to_string())?;
        let signature = webhook.sign(&parcel.name, at, body);
        signatures.push(signature.map_err(|error| error.to_string())?);
    }
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in [
        (HEADER_WEBHOOK_ID, parcel.name.clone()),
        (HEADER_WEBHOOK_TIMESTAMP, at.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signatures.join(" ")),
    ] {
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::testing::{self, Played};

    fn parcel(port: u16) -> Parcel {
        let target = Target {
            url: format!("http://127.0.0.1:{port}/hook"),
            secrets: vec![vec![1; 32], vec![2; 32]],
        };
        Parcel {
            now: chrono::Utc::now(),
            ..testing::parcel(Recipient::Hook(target))
        }
    }

    #[tokio::test]
    async fn a_receiver_can_check_it_with_either_secret() {
        let played = Played::with(&[(204, "", "")]).await;
        let hooks = Webhooks::new(Reach::Anywhere);
        hooks.send(&parcel(played.port)).await.unwrap();
        let heard = played.heard().remove(0);
        let mut headers = HeaderMap::new();
        for (name, value) in &heard.headers {
            headers.insert(
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            );
        }
        let check = |secret: u8, body: &str| {
            let webhook = Webhook::from_bytes(vec![secret; 32]).unwrap();
            webhook.verify(body.as_bytes(), &headers).is_ok()
        };
        assert!(check(1, &heard.body) && check(2, &heard.body));
        assert!(!check(3, &heard.body) && !check(1, &heard.body.replace("R1", "R2")));
        assert_eq!(heard.json()["booking"]["reference"], "R1");
        assert_eq!(heard.header("webhook-id"), "n1");
    }

    /// The example of the standard itself.
    #[test]
    fn the_signature_is_the_standards() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signature = Webhook::new(secret).unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[tokio::test]
    async fn an_outage_is_waited_out_and_a_farewell_is_taken() {
        for (status, kind) in [
            (410, "gone"),
            (404, "temporary"),
            (401, "temporary"),
            (302, "temporary"),
            (500, "temporary"),
        ] {
            let played = Played::with(&[(status, "location: http://127.0.0.1:9/\r\n", "")]).await;
            let hooks = Webhooks::new(Reach::Anywhere);
            let error = hooks.send(&parcel(played.port)).await.unwrap_err();
            assert_eq!(error.outcome(), kind, "{status}");
            assert_eq!(played.heard().len(), 1, "redirects are not followed");
        }
    }

    #[tokio::test]
    async fn private_addresses_are_not_called_unless_allowed() {
        let played = Played::with(&[(204, "", "")]).await;
        let hooks = Webhooks::new(Reach::Public);
        let error = hooks.send(&parcel(played.port)).await.unwrap_err();
        assert_eq!(error.outcome(), "unsendable");
        assert!(played.heard().is_empty());
        assert!(check_address("https://hooks.example.com/x", Reach::Public).is_ok());
        assert!(check_address("http://10.0.0.7/x", Reach::Anywhere).is_ok());
        for wrong in [
            "http://hooks.example.com/",
            "https://10.0.0.7/",
            "https://a:b@hooks.example.com/",
            "x",
        ] {
            assert!(check_address(wrong, Reach::Public).is_err(), "{wrong}");
        }
    }
}
