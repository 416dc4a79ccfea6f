//! SMS through an HTTP interface of Twilio's shape, which several providers speak: a form, basic authentication, and
//! an error's number in the answer.
//!
//! `twilio://ACCOUNT:TOKEN@api.twilio.com/?from=%2B4930…` or `?service=MG…` for a messaging service.

use super::{
    Channel, Medium, Parcel, Recipient, SendError, SetUpError,
    outward::{Answer, Outward, Reach},
    settings::Setting,
    wrong_recipient,
};
use async_trait::async_trait;
use data_encoding::BASE64;
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderValue, header};
use url::Url;

pub const NAME: &str = "twilio";
const REMEDY: &str =
    "Check account, token, sender and balance of the twilio:// address in MATINEE_CHANNELS";

/// Sends SMS.
pub struct Twilio {
    outward: Outward,
    messages: Url,
    authorization: HeaderValue,
    /// The parameter that names the sender, and the sender.
    sender: (&'static str, String),
}

impl Twilio {
    pub fn open(setting: &Setting) -> Result<Self, SetUpError> {
        let (account, token) = setting.credentials()?;
        let plain = account.bytes().all(|b| b.is_ascii_alphanumeric());
        let messages = setting.endpoint()?;
        let messages = messages
            .join(&format!("2010-04-01/Accounts/{account}/Messages.json"))
            .ok()
            .filter(|_| plain)
            .ok_or_else(|| setting.wrong("the account is letters and digits"))?;
        let basic = format!(
            "Basic {}",
            BASE64.encode(format!("{account}:{token}").as_bytes())
        );
        let mut authorization =
            HeaderValue::from_str(&basic).map_err(|_| setting.wrong("its token cannot be sent"))?;
        authorization.set_sensitive(true);
        let sender = match setting.value("service") {
            Some(service) => ("MessagingServiceSid", service),
            None => (
                "From",
                setting.needed("from", "the number or name messages come from")?,
            ),
        };
        let outward = Outward::new(Reach::Anywhere);
        Ok(Self {
            outward,
            messages,
            authorization,
            sender,
        })
    }
}

#[async_trait]
impl Channel for Twilio {
    fn medium(&self) -> Medium {
        Medium::Sms
    }

    fn provider(&self) -> &'static str {
        NAME
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Phone(phone) = &parcel.to else {
            return Err(wrong_recipient());
        };
        let body = Serializer::new(String::new())
            .append_pair("To", phone)
            .append_pair(self.sender.0, &self.sender.1)
            .append_pair("Body", &parcel.letter.short)
            .finish();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        let answer = self
            .outward
            .post(&self.messages, headers, body.into_bytes())
            .await?;
        if answer.is_success() {
            Ok(())
        } else {
            Err(judge(&answer))
        }
    }
}

#[derive(serde::Deserialize)]
struct Problem {
    code: u32,
    #[serde(default)]
    message: String,
}

fn judge(answer: &Answer) -> SendError {
    let Ok(problem) = serde_json::from_str::<Problem>(&answer.body) else {
        return answer.judge(REMEDY);
    };
    let why = format!("{} {}", problem.code, problem.message);
    match problem.code {
        // Not authenticated, suspended, out of money; a sender that is not ours.
        20003 | 20005 | 20006 | 20404 | 30002 | 21603 | 21606 | 21659 | 21660 | 21701..=21704 => {
            SendError::Refused {
                why,
                remedy: REMEDY,
            }
        }
        // Too many at once.
        20429 | 14107 | 30001 => SendError::Temporary {
            why,
            after: answer.retry_after,
        },
        // No such number, no mobile, said STOP.
        21211 | 21217 | 21408 | 21610 | 21612 | 21614 => SendError::Unsendable(why),
        _ => answer.judge(REMEDY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::{open, testing};

    async fn sent(status: u16, body: &str) -> (Result<(), SendError>, testing::Heard) {
        let played = testing::Played::with(&[(status, "", body)]).await;
        let address = format!(
            "twilio://AC1:to%2Fken@127.0.0.1:{}/?from=%2B4930&plain=1",
            played.port
        );
        let parcel = testing::parcel(Recipient::Phone("+4917012345".into()));
        let sent = open(&address).unwrap().send(&parcel).await;
        (sent, played.heard().remove(0))
    }

    #[tokio::test]
    async fn a_message_is_a_form_with_our_name() {
        let (sent, heard) = sent(201, r#"{"sid":"SM1","status":"queued"}"#).await;
        assert_eq!(sent, Ok(()));
        assert_eq!(heard.line, "POST /2010-04-01/Accounts/AC1/Messages.json");
        assert_eq!(heard.header("authorization"), "Basic QUMxOnRvL2tlbg==");
        assert_eq!(
            heard.header("content-type"),
            "application/x-www-form-urlencoded"
        );
        assert_eq!(heard.field("To"), "+4917012345");
        assert_eq!(heard.field("From"), "+4930");
        assert_eq!(heard.field("Body"), "Amélie, 20:00, G7");
    }

    #[tokio::test]
    async fn an_error_is_the_recipients_ours_or_times() {
        for (status, body, kind) in [
            (401, r#"{"code":20003,"message":"Authenticate"}"#, "refused"),
            (
                400,
                r#"{"code":21606,"message":"From is not yours"}"#,
                "refused",
            ),
            (400, r#"{"code":21211,"message":"no number"}"#, "unsendable"),
            (400, r#"{"code":21610,"message":"said STOP"}"#, "unsendable"),
            (429, r#"{"code":20429,"message":"slow down"}"#, "temporary"),
            (503, "busy", "temporary"),
            (403, "<html>", "refused"),
        ] {
            let error = sent(status, body).await.0.unwrap_err();
            assert_eq!(error.outcome(), kind, "{status} {body} {error}");
            assert!(!error.to_string().contains("to/ken"));
        }
    }
}
