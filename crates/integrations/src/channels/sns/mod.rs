//! SMS through Amazon SNS. Requests are signed with Signature Version 4 by Amazon's own library.
//!
//! `sns://KEY:SECRET@sns.eu-central-1.amazonaws.com/?region=eu-central-1[&sender=Matinee]`

use super::{
    Channel, Medium, Parcel, Recipient, SendError, SetUpError,
    aws::Account,
    outward::{Answer, Outward, Reach},
    settings::Setting,
    wrong_recipient,
};
use async_trait::async_trait;
use form_urlencoded::Serializer;
use http::header;
use url::Url;

pub const NAME: &str = "sns";
const REMEDY: &str = "Check key, secret and region of the sns:// address in MATINEE_CHANNELS, and the machine's clock";
const FORM: &str = "application/x-www-form-urlencoded";

/// Sends SMS.
pub struct Sns {
    outward: Outward,
    endpoint: Url,
    account: Account,
    sender: Option<String>,
}

impl Sns {
    pub fn open(setting: &Setting) -> Result<Self, SetUpError> {
        let (key, secret) = setting.credentials()?;
        let region = setting.needed("region", "e.g. eu-central-1")?;
        Ok(Self {
            outward: Outward::new(Reach::Anywhere),
            endpoint: setting.endpoint()?,
            account: Account::new(key, secret, region, NAME),
            sender: setting.value("sender"),
        })
    }

    fn body(&self, phone: &str, text: &str) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("PhoneNumber", phone)
            .append_pair("Message", text);
        let kind = Some(("AWS.SNS.SMS.SMSType", "Transactional"));
        let sender = self
            .sender
            .as_deref()
            .map(|name| ("AWS.SNS.SMS.SenderID", name));
        for (number, (name, value)) in (1..).zip(kind.into_iter().chain(sender)) {
            let entry = format!("MessageAttributes.entry.{number}");
            form.append_pair(&format!("{entry}.Name"), name)
                .append_pair(&format!("{entry}.Value.DataType"), "String")
                .append_pair(&format!("{entry}.Value.StringValue"), value);
        }
        form.finish()
    }
}

#[async_trait]
impl Channel for Sns {
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
        let body = self.body(phone, &parcel.letter.short);
        let refused = |why| SendError::Refused {
            why,
            remedy: REMEDY,
        };
        let form = [(header::CONTENT_TYPE, FORM)];
        let headers = self
            .account
            .headers(parcel.now, &self.endpoint, &form, body.as_bytes())
            .map_err(refused)?;
        let answer = self
            .outward
            .post(&self.endpoint, headers, body.into_bytes())
            .await?;
        if answer.is_success() {
            Ok(())
        } else {
            Err(judge(&answer))
        }
    }
}

/// The error's name in the answer's XML.
fn code(body: &str) -> &str {
    let rest = body.split_once("<Code>").map_or("", |(_, rest)| rest);
    rest.split_once("</Code>").map_or("", |(code, _)| code)
}

fn judge(answer: &Answer) -> SendError {
    let why = || format!("HTTP {} {}", answer.status, answer.excerpt());
    match code(&answer.body) {
        "OptedOut" | "InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid" => {
            SendError::Unsendable(why())
        }
        "Throttling" | "ThrottlingException" | "Throttled" | "InternalError" => {
            SendError::Temporary {
                why: why(),
                after: answer.retry_after,
            }
        }
        "AuthorizationError"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "RequestExpired"
        | "AccessDenied"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "OptInRequired" => SendError::Refused {
            why: why(),
            remedy: REMEDY,
        },
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
            "sns://AKID:hunter2@127.0.0.1:{}/?region=eu-central-1&sender=Matinee&plain=1",
            played.port
        );
        let parcel = testing::parcel(Recipient::Phone("+4917012345".into()));
        let sent = open(&address).unwrap().send(&parcel).await;
        (sent, played.heard().remove(0))
    }

    #[tokio::test]
    async fn a_message_is_signed() {
        let (sent, heard) = sent(200, "<PublishResponse/>").await;
        assert_eq!(sent, Ok(()));
        assert_eq!(heard.field("Action"), "Publish");
        assert_eq!(heard.field("PhoneNumber"), "+4917012345");
        assert_eq!(heard.field("Message"), "Amélie, 20:00, G7");
        assert_eq!(
            heard.field("MessageAttributes.entry.2.Value.StringValue"),
            "Matinee"
        );
        let scope = "AWS4-HMAC-SHA256 Credential=AKID/20300503/eu-central-1/sns/aws4_request";
        assert!(
            heard.header("authorization").starts_with(scope),
            "{heard:?}"
        );
        assert_eq!(heard.header("x-amz-date"), "20300503T120000Z");
    }

    #[tokio::test]
    async fn an_error_is_the_recipients_ours_or_times() {
        for (status, code, kind) in [
            (403, "InvalidClientTokenId", "refused"),
            (403, "SignatureDoesNotMatch", "refused"),
            (400, "ExpiredToken", "refused"),
            (400, "OptedOut", "unsendable"),
            (400, "InvalidParameter", "unsendable"),
            (400, "Throttling", "temporary"),
            (500, "InternalError", "temporary"),
            (400, "Whatever", "unsendable"),
        ] {
            let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
            let error = sent(status, &body).await.0.unwrap_err();
            assert_eq!(error.outcome(), kind, "{code} {error}");
        }
    }
}
