//! Push to Apple's apps, in the name of a signing key.
//!
//! `apns://TEAM:KEYID@api.push.apple.com/path/to/AuthKey_KEYID.p8?topic=app.bundle.id`; for apps under development the
//! host is `api.sandbox.push.apple.com`.

use super::{
    Channel, Medium, Parcel, Recipient, SendError, SetUpError,
    outward::{Answer, Outward, Reach},
    settings::Setting,
    wrong_recipient,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;
use url::Url;

pub const NAME: &str = "apns";
const REMEDY: &str = "Check team, key, topic and host of the apns:// address in MATINEE_CHANNELS, and the machine's clock";
/// Apple wants a new token no sooner than after 20 minutes and no later than after 60.
const LASTS: TimeDelta = TimeDelta::minutes(45);
/// Apple keeps a message for a device that is away this long.
const KEPT: TimeDelta = TimeDelta::hours(4);

/// Pushes to Apple's apps.
pub struct Apns {
    outward: Outward,
    endpoint: Url,
    team: String,
    header: Header,
    key: EncodingKey,
    topic: HeaderValue,
    token: Mutex<Option<(String, DateTime<Utc>)>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
}

impl Apns {
    pub fn open(setting: &Setting) -> Result<Self, SetUpError> {
        let (team, key_id) = setting.credentials()?;
        let topic = setting.needed("topic", "the app's bundle id")?;
        let key = setting.file("the signing key")?;
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(key_id);
        Ok(Self {
            outward: Outward::new(Reach::Anywhere),
            endpoint: setting.endpoint()?,
            team,
            header,
            key: EncodingKey::from_ec_pem(&key)
                .map_err(|_| setting.wrong("the signing key cannot be read"))?,
            topic: HeaderValue::try_from(topic)
                .map_err(|_| setting.wrong("the topic cannot be sent"))?,
            token: Mutex::new(None),
        })
    }

    fn token(&self, now: DateTime<Utc>) -> Result<String, String> {
        let mut kept = self.token.lock();
        if let Some((token, until)) = &*kept
            && now < *until
        {
            return Ok(token.clone());
        }
        let claims = Claims {
            iss: &self.team,
            iat: now.timestamp(),
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.key)
            .map_err(|error| error.to_string())?;
        *kept = Some((token.clone(), now + LASTS));
        Ok(token)
    }

    fn headers(&self, parcel: &Parcel) -> Result<HeaderMap, String> {
        let mut bearer = HeaderValue::try_from(format!("bearer {}", self.token(parcel.now)?))
            .map_err(|error| error.to_string())?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(HeaderName::from_static("apns-topic"), self.topic.clone());
        let expires = (parcel.now + KEPT).timestamp().to_string();
        for (name, value) in [
            ("apns-push-type", "alert".to_owned()),
            ("apns-priority", "10".to_owned()),
            ("apns-expiration", expires),
            // The same message again takes the place of the first.
            ("apns-id", uuid(parcel.id)),
            ("apns-collapse-id", uuid(parcel.id)),
        ] {
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

/// 128 bits in the form of a UUID.
fn uuid(id: [u8; 16]) -> String {
    let hex = data_encoding::HEXLOWER.encode(&id);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

#[async_trait]
impl Channel for Apns {
    fn medium(&self) -> Medium {
        Medium::Apns
    }

    fn provider(&self) -> &'static str {
        NAME
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Device(device) = &parcel.to else {
            return Err(wrong_recipient());
        };
        let plain = !device.is_empty() && device.bytes().all(|b| b.is_ascii_alphanumeric());
        let url = self.endpoint.join(&format!("3/device/{device}")).ok();
        let url = url.filter(|_| plain);
        let url = url.ok_or_else(|| SendError::Gone("no token of a device".into()))?;
        let letter = &parcel.letter;
        let body = json!({
            "aps": { "alert": { "title": letter.subject, "body": letter.short }, "sound": "default" },
            "id": parcel.name, "kind": letter.kind, "url": letter.link,
        });
        let headers = self.headers(parcel);
        let headers = headers.map_err(|why| SendError::Refused {
            why,
            remedy: REMEDY,
        })?;
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let answer = self.outward.post(&url, headers, body).await?;
        if answer.is_success() {
            return Ok(());
        }
        if answer.status == 403 {
            *self.token.lock() = None;
        }
        Err(judge(&answer))
    }
}

fn judge(answer: &Answer) -> SendError {
    let why = || format!("HTTP {} {}", answer.status, answer.excerpt());
    let says = |word: &str| answer.body.contains(word);
    if answer.status == 410 {
        return SendError::Gone(why());
    }
    // A token of Apple's other host or of another app: as likely our address is wrong as the device's, and a subscription
    // that is ended never comes back by itself.
    if says("BadDeviceToken") || says("DeviceTokenNotForTopic") {
        return SendError::Unsendable(format!("{}. {REMEDY}", why()));
    }
    if says("BadTopic") || says("TopicDisallowed") || says("MissingTopic") {
        return SendError::Refused {
            why: why(),
            remedy: REMEDY,
        };
    }
    answer.judge(REMEDY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::{
        open,
        testing::{self, Played},
    };
    use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

    fn channel(played: &Played, folder: &tempfile::TempDir) -> std::sync::Arc<dyn Channel> {
        let file = folder.path().join("AuthKey.p8");
        let key = p256::SecretKey::from_slice(&[9; 32]).unwrap();
        std::fs::write(&file, key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        let address = format!(
            "apns://TEAM:KEY1@127.0.0.1:{}{}?topic=app.matinee&plain=1",
            played.port,
            file.display()
        );
        open(&address).unwrap()
    }

    #[tokio::test]
    async fn a_message_names_app_device_and_key() {
        let played = Played::with(&[(200, "", "")]).await;
        let folder = tempfile::tempdir().unwrap();
        let apns = channel(&played, &folder);
        let parcel = testing::parcel(Recipient::Device("a1b2".into()));
        apns.send(&parcel).await.unwrap();
        let soon = Parcel {
            now: parcel.now + TimeDelta::minutes(30),
            ..parcel.clone()
        };
        apns.send(&soon).await.unwrap();
        let late = Parcel {
            now: parcel.now + TimeDelta::minutes(50),
            ..parcel
        };
        apns.send(&late).await.unwrap();
        let heard = played.heard();
        assert_eq!(heard[0].line, "POST /3/device/a1b2");
        assert_eq!(heard[0].header("apns-topic"), "app.matinee");
        assert_eq!(
            heard[0].header("apns-id"),
            "01010101-0101-0101-0101-010101010101"
        );
        assert_eq!(
            heard[0].json()["aps"]["alert"]["title"],
            "Your tickets: Amélie"
        );
        let tokens: Vec<_> = heard
            .iter()
            .map(|heard| heard.header("authorization"))
            .collect();
        let header =
            jsonwebtoken::decode_header(tokens[0].strip_prefix("bearer ").unwrap()).unwrap();
        assert_eq!(header.kid.as_deref(), Some("KEY1"));
        assert!(tokens[0] == tokens[1] && tokens[1] != tokens[2]);
    }

    #[tokio::test]
    async fn an_error_is_the_devices_ours_or_times() {
        let folder = tempfile::tempdir().unwrap();
        for (status, body, kind) in [
            (410, r#"{"reason":"Unregistered"}"#, "gone"),
            (410, r#"{"reason":"ExpiredToken"}"#, "gone"),
            (400, r#"{"reason":"BadDeviceToken"}"#, "unsendable"),
            (400, r#"{"reason":"DeviceTokenNotForTopic"}"#, "unsendable"),
            (403, r#"{"reason":"ExpiredProviderToken"}"#, "refused"),
            (403, r#"{"reason":"InvalidProviderToken"}"#, "refused"),
            (400, r#"{"reason":"BadTopic"}"#, "refused"),
            (413, r#"{"reason":"PayloadTooLarge"}"#, "unsendable"),
            (429, r#"{"reason":"TooManyRequests"}"#, "temporary"),
            (503, r#"{"reason":"ServiceUnavailable"}"#, "temporary"),
        ] {
            let played = Played::with(&[(status, "", body)]).await;
            let parcel = testing::parcel(Recipient::Device("a1b2".into()));
            let error = channel(&played, &folder).send(&parcel).await.unwrap_err();
            assert_eq!(error.outcome(), kind, "{body}");
        }
    }
}
