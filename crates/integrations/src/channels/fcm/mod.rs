//! Push to Android apps through Firebase Cloud Messaging (HTTP v1), in the name of a service account.
//!
//! `fcm://fcm.googleapis.com/path/to/service-account.json`: the file is the one Google's console gives.

use super::{
    Channel, Medium, Parcel, Recipient, SendError, SetUpError,
    outward::{Answer, Outward, Reach},
    settings::Setting,
    wrong_recipient,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

pub const NAME: &str = "fcm";
const REMEDY: &str = "Check that the service account of the fcm:// address in MATINEE_CHANNELS is there and may send messages";
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A token is asked for anew this long before it runs out.
const MARGIN: TimeDelta = TimeDelta::minutes(2);

#[derive(Deserialize)]
struct Account {
    project_id: String,
    client_email: String,
    private_key: String,
    token_uri: String,
}

/// Pushes to Android apps.
pub struct Fcm {
    outward: Outward,
    send_to: Url,
    token_from: Url,
    email: String,
    key: EncodingKey,
    token: Mutex<Option<(String, DateTime<Utc>)>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

impl Fcm {
    pub fn open(setting: &Setting) -> Result<Self, SetUpError> {
        let file = setting.file("the service account")?;
        let account: Account = serde_json::from_slice(&file)
            .map_err(|_| setting.wrong("the file is not a service account's key"))?;
        let key = EncodingKey::from_rsa_pem(account.private_key.as_bytes())
            .map_err(|_| setting.wrong("the service account's private key cannot be read"))?;
        let path = format!("v1/projects/{}/messages:send", account.project_id);
        let send_to = setting.endpoint()?.join(&path);
        Ok(Self {
            outward: Outward::new(Reach::Anywhere),
            send_to: send_to.map_err(|_| setting.wrong("the project's id cannot be used"))?,
            token_from: Url::parse(&account.token_uri)
                .map_err(|_| setting.wrong("the service account's token_uri cannot be used"))?,
            email: account.client_email,
            key,
            token: Mutex::new(None),
        })
    }

    async fn token(&self, now: DateTime<Utc>) -> Result<String, SendError> {
        let kept = self.token.lock().clone();
        if let Some((token, until)) = kept
            && now < until
        {
            return Ok(token);
        }
        let refused = |why: String| SendError::Refused {
            why,
            remedy: REMEDY,
        };
        let claims = Claims {
            iss: &self.email,
            scope: SCOPE,
            aud: self.token_from.as_str(),
            iat: now.timestamp(),
            exp: (now + TimeDelta::hours(1)).timestamp(),
        };
        let assertion = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map_err(|error| refused(error.to_string()))?;
        let body = Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &assertion)
            .finish();
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        let answer = self
            .outward
            .post(&self.token_from, headers, body.into_bytes())
            .await?;
        match answer.status {
            200 => {}
            // `invalid_grant`: the key was revoked, the account is gone, or the clock is wrong.
            400..=403 => {
                return Err(refused(format!(
                    "HTTP {} {}",
                    answer.status,
                    answer.excerpt()
                )));
            }
            _ => return Err(answer.judge(REMEDY)),
        }
        let granted: Granted = serde_json::from_str(&answer.body)
            .map_err(|_| SendError::temporary("the token's answer cannot be read"))?;
        let until = now + TimeDelta::seconds(granted.expires_in.clamp(0, 3600)) - MARGIN;
        *self.token.lock() = Some((granted.access_token.clone(), until));
        Ok(granted.access_token)
    }
}

#[async_trait]
impl Channel for Fcm {
    fn medium(&self) -> Medium {
        Medium::Fcm
    }

    fn provider(&self) -> &'static str {
        NAME
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Device(device) = &parcel.to else {
            return Err(wrong_recipient());
        };
        let token = self.token(parcel.now).await?;
        let letter = &parcel.letter;
        let body = json!({ "message": {
            "token": device,
            "notification": { "title": letter.subject, "body": letter.short },
            "data": { "id": parcel.name, "kind": letter.kind, "url": letter.link.as_deref().unwrap_or_default() },
            // The same message again takes the place of the first.
            "android": { "priority": "high", "collapse_key": parcel.name, "ttl": "14400s",
                "notification": { "tag": parcel.name } },
        } });
        let mut headers = HeaderMap::new();
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| SendError::temporary("the token cannot be sent"))?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let answer = self.outward.post(&self.send_to, headers, body).await?;
        if answer.is_success() {
            return Ok(());
        }
        if answer.status == 401 {
            *self.token.lock() = None;
        }
        Err(judge(&answer))
    }
}

/// The error's name is inside, as `error.details[].errorCode`; its text is enough to find it.
fn judge(answer: &Answer) -> SendError {
    let why = || format!("HTTP {} {}", answer.status, answer.excerpt());
    let says = |word: &str| answer.body.contains(word);
    if answer.status == 404 && says("UNREGISTERED") {
        return SendError::Gone(why());
    }
    // Another project's token, or no such project: as likely our account is the wrong one, and a subscription that is
    // ended never comes back by itself.
    if answer.status == 404 || says("SENDER_ID_MISMATCH") {
        return SendError::Unsendable(format!("{}. {REMEDY}", why()));
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

    const TOKEN: (u16, &str, &str) = (
        200,
        "",
        r#"{"access_token":"ya29","expires_in":3599,"token_type":"Bearer"}"#,
    );

    fn channel(played: &Played, folder: &tempfile::TempDir) -> std::sync::Arc<dyn Channel> {
        let file = folder.path().join("account.json");
        let account = json!({
            "project_id": "cinema", "client_email": "push@cinema.example",
            "private_key": include_str!("test_key.pem"),
            "token_uri": format!("http://127.0.0.1:{}/token", played.port),
        });
        std::fs::write(&file, account.to_string()).unwrap();
        open(&format!(
            "fcm://127.0.0.1:{}{}?plain=1",
            played.port,
            file.display()
        ))
        .unwrap()
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_and_then_used() {
        let played =
            Played::with(&[TOKEN, (200, "", r#"{"name":"projects/cinema/messages/1"}"#)]).await;
        let folder = tempfile::tempdir().unwrap();
        let fcm = channel(&played, &folder);
        let parcel = testing::parcel(Recipient::Device("device-1".into()));
        fcm.send(&parcel).await.unwrap();
        fcm.send(&parcel).await.unwrap();
        let heard = played.heard();
        let lines: Vec<_> = heard.iter().map(|heard| heard.line.as_str()).collect();
        let send = "POST /v1/projects/cinema/messages:send";
        assert_eq!(lines, ["POST /token", send, send]);
        assert_eq!(heard[0].field("grant_type"), GRANT);
        assert_eq!(heard[0].field("assertion").split('.').count(), 3);
        assert_eq!(heard[1].header("authorization"), "Bearer ya29");
        let message = &heard[1].json()["message"];
        assert_eq!(message["token"], "device-1");
        assert_eq!(message["notification"]["title"], "Your tickets: Amélie");
        // An hour later the token has run out.
        let later = Parcel {
            now: parcel.now + TimeDelta::hours(1),
            ..parcel
        };
        let _ = fcm.send(&later).await;
        assert_eq!(played.heard()[3].line, "POST /token");
    }

    #[tokio::test]
    async fn an_error_is_the_devices_ours_or_times() {
        let folder = tempfile::tempdir().unwrap();
        for (answers, kind) in [
            (&[(400, "", r#"{"error":"invalid_grant"}"#)][..], "refused"),
            (
                &[
                    TOKEN,
                    (
                        404,
                        "",
                        r#"{"error":{"details":[{"errorCode":"UNREGISTERED"}]}}"#,
                    ),
                ],
                "gone",
            ),
            (
                &[
                    TOKEN,
                    (
                        403,
                        "",
                        r#"{"error":{"details":[{"errorCode":"SENDER_ID_MISMATCH"}]}}"#,
                    ),
                ],
                "unsendable",
            ),
            (
                &[TOKEN, (404, "", r#"{"error":{"status":"NOT_FOUND"}}"#)],
                "unsendable",
            ),
            (
                &[
                    TOKEN,
                    (403, "", r#"{"error":{"status":"PERMISSION_DENIED"}}"#),
                ],
                "refused",
            ),
            (
                &[
                    TOKEN,
                    (400, "", r#"{"error":{"status":"INVALID_ARGUMENT"}}"#),
                ],
                "unsendable",
            ),
            (&[TOKEN, (429, "", "")], "temporary"),
            (&[TOKEN, (503, "", "")], "temporary"),
        ] {
            let played = Played::with(answers).await;
            let parcel = testing::parcel(Recipient::Device("device-1".into()));
            let error = channel(&played, &folder).send(&parcel).await.unwrap_err();
            assert_eq!(error.outcome(), kind, "{answers:?} {error}");
        }
    }
}
