//! Web Push against a server that plays a push service; the real one's stand-in is in `tests/messages`.

use super::*;
use crate::channels::{
    Letter,
    testing::{self, Played},
};
use std::sync::Arc;

/// A browser's keys from the standard's own example (RFC 8291, appendix A).
fn browser(port: u16) -> Subscription {
    Subscription {
        endpoint: format!("http://127.0.0.1:{port}/push/abc"),
        p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4".into(),
        auth: "BTBZMqHH6r4Tts7J_aSIgg".into(),
    }
}

fn push() -> WebPush {
    let vapid = Vapid::new(&[7; 32], "mailto:tickets@example.com".into()).unwrap();
    WebPush::new(vapid, Reach::Anywhere)
}

#[tokio::test]
async fn a_push_is_encrypted_and_signed_for_its_service() {
    let played = Played::with(&[(201, "", "")]).await;
    let push = push();
    let parcel = testing::parcel(Recipient::Browser(browser(played.port)));
    assert_eq!(push.send(&parcel).await, Ok(()));
    let heard = played.heard().remove(0);
    assert_eq!(heard.line, "POST /push/abc");
    assert_eq!(heard.header("content-encoding"), "aes128gcm");
    assert_eq!(heard.header("ttl"), "14400");
    assert_eq!(heard.header("topic").len(), 22);
    assert!(!heard.body.contains("Amélie"));
    let proof = heard.header("authorization");
    let (token, key) = proof
        .strip_prefix("vapid t=")
        .unwrap()
        .split_once(", k=")
        .unwrap();
    assert_eq!(key, push.public_key());
    // Whoever has the public key can check it.
    let point = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
    let decoding = jsonwebtoken::DecodingKey::from_ec_der(&point);
    let mut checks = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    checks.set_audience(&[format!("http://127.0.0.1:{}", played.port)]);
    let claims: serde_json::Value = jsonwebtoken::decode(token, &decoding, &checks)
        .unwrap()
        .claims;
    assert_eq!(claims["sub"], "mailto:tickets@example.com");
    let exp = claims["exp"].as_i64().unwrap() - parcel.now.timestamp();
    assert_eq!(exp, 12 * 3600);
}

#[tokio::test]
async fn a_browser_that_left_is_gone_and_a_busy_service_is_not() {
    for (status, kind) in [
        (410, "gone"),
        (404, "gone"),
        (403, "gone"),
        // The address is the user's own choice: it closes no channel.
        (401, "temporary"),
        (402, "temporary"),
        (429, "temporary"),
        (413, "unsendable"),
        (500, "temporary"),
    ] {
        let played = Played::with(&[(status, "retry-after: 30\r\n", "why")]).await;
        let parcel = testing::parcel(Recipient::Browser(browser(played.port)));
        let error = push().send(&parcel).await.unwrap_err();
        assert_eq!(error.outcome(), kind, "{status}");
        if let SendError::Temporary { after, .. } = error {
            assert_eq!(after, Some(Duration::from_secs(30)));
        }
    }
}

#[test]
fn a_subscription_is_checked_before_it_is_kept() {
    let public = Subscription {
        endpoint: "https://updates.push.example/x".into(),
        ..browser(1)
    };
    assert_eq!(public.check(Reach::Public), Ok(()));
    assert_eq!(browser(1).check(Reach::Anywhere), Ok(()));
    for (wrong, why) in [
        (browser(1), WrongSubscription::Endpoint),
        (
            Subscription {
                endpoint: "https://169.254.169.254/x".into(),
                ..public.clone()
            },
            WrongSubscription::Endpoint,
        ),
        (
            Subscription {
                endpoint: "file:///etc/passwd".into(),
                ..public.clone()
            },
            WrongSubscription::Endpoint,
        ),
        (
            Subscription {
                p256dh: "AAAA".into(),
                ..public.clone()
            },
            WrongSubscription::Key,
        ),
        (
            Subscription {
                auth: "AAAA".into(),
                ..public.clone()
            },
            WrongSubscription::Secret,
        ),
    ] {
        assert_eq!(wrong.check(Reach::Public), Err(why), "{}", wrong.endpoint);
    }
}

#[test]
fn a_long_message_is_cut_to_what_services_take() {
    let letter = Letter {
        subject: "ü".repeat(5000),
        short: "x".repeat(5000),
        ..testing::letter()
    };
    let parcel = Parcel {
        letter: Arc::new(letter),
        ..testing::parcel(Recipient::Browser(browser(1)))
    };
    let body = body(&parcel);
    assert!(body.len() <= BODY_MAX, "{}", body.len());
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["title"].as_str().unwrap().chars().count(), 200);
}
