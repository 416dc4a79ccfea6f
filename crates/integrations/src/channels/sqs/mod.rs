//! Events to a FIFO queue of Amazon SQS: one group per booking, so that its events come in their order, and the event's id
//! against repetitions (the queue keeps those of five minutes apart).
//!
//! A queue that is not FIFO keeps no order and is refused.

use super::{
    Channel, Medium, Parcel, Recipient, SendError,
    aws::Account,
    broker::{self, BadSetting, pair},
    outward::{Answer, Outward, Reach},
    wrong_recipient,
};
use async_trait::async_trait;
use http::{HeaderName, header};
use serde_json::{Value, json};
use url::{Host, Url};

const REMEDY: &str =
    "Check --sqs-queue-url, MATINEE_SQS_CREDENTIALS, what its key may do, and the machine's clock";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Which queue, and who we are there. No Debug: it holds a secret.
#[derive(Clone)]
pub struct SqsSettings {
    queue: Url,
    region: String,
    key: String,
    secret: String,
}

impl SqsSettings {
    /// Reads a queue's address, which may say its region as `?region=`.
    pub fn new(queue: &str, credentials: Option<&str>) -> Result<Self, BadSetting> {
        let wrong = || {
            BadSetting::new(
                "the address of a FIFO queue is expected, e.g. https://sqs.eu-central-1.amazonaws.com/123456789012/matinee.fifo",
            )
        };
        let mut queue = Url::parse(queue.trim()).map_err(|_| wrong())?;
        let plain = queue.username().is_empty() && queue.password().is_none();
        if !plain || !queue.has_host() || !matches!(queue.scheme(), "http" | "https") {
            return Err(wrong());
        }
        if queue.path().strip_suffix(".fifo").is_none() {
            return Err(BadSetting::new(
                "only a FIFO queue keeps the events of a booking in their order; its name ends in .fifo",
            ));
        }
        if queue.scheme() == "http" && !is_loopback(&queue) {
            return Err(BadSetting::new(
                "plain http is only for a stand-in on this machine",
            ));
        }
        let named = queue.query_pairs().find(|(name, _)| name == "region");
        let named = named.map(|(_, region)| region.into_owned());
        let region = named.or_else(|| region_of(&queue)).ok_or_else(|| {
            BadSetting::new("its host names no region; add it, e.g. ?region=eu-central-1")
        })?;
        queue.set_query(None);
        queue.set_fragment(None);
        let missing =
            || BadSetting::new("it needs a key: set MATINEE_SQS_CREDENTIALS to KEY:SECRET");
        let (key, secret) = pair(credentials.ok_or_else(missing)?)?;
        Ok(Self {
            queue,
            region,
            key,
            secret,
        })
    }
}

/// `sqs.REGION.amazonaws.com`
fn region_of(queue: &Url) -> Option<String> {
    let rest = queue.host_str()?.strip_prefix("sqs.")?;
    let (region, domain) = rest.split_once('.')?;
    domain.starts_with("amazonaws.").then(|| region.to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Sends events.
pub struct Sqs {
    outward: Outward,
    account: Account,
    queue: Url,
    endpoint: Url,
}

impl Sqs {
    pub fn new(settings: SqsSettings) -> Self {
        let SqsSettings {
            queue,
            region,
            key,
            secret,
        } = settings;
        let mut endpoint = queue.clone();
        endpoint.set_path("/");
        Self {
            outward: Outward::new(Reach::Anywhere),
            account: Account::new(key, secret, region, "sqs"),
            queue,
            endpoint,
        }
    }

    fn body(&self, booking: &str, parcel: &Parcel) -> Value {
        let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
        json!({
            "QueueUrl": self.queue.as_str(),
            "MessageBody": parcel.letter.data.to_string(),
            "MessageGroupId": booking,
            "MessageDeduplicationId": parcel.name,
            "MessageAttributes": {
                "content-type": text(super::CLOUD_EVENT),
                "type": text(&parcel.letter.kind),
            },
        })
    }
}

#[async_trait]
impl Channel for Sqs {
    fn medium(&self) -> Medium {
        Medium::Sqs
    }

    fn provider(&self) -> &'static str {
        "sqs"
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Outlet { booking } = &parcel.to else {
            return Err(wrong_recipient());
        };
        let body = self.body(booking, parcel).to_string();
        let own = [
            (header::CONTENT_TYPE, CONTENT_TYPE),
            (TARGET, "AmazonSQS.SendMessage"),
        ];
        let headers = self
            .account
            .headers(parcel.now, &self.endpoint, &own, body.as_bytes())
            .map_err(|why| SendError::Refused {
                why,
                remedy: REMEDY,
            })?;
        let sent = self
            .outward
            .post(&self.endpoint, headers, body.into_bytes());
        let answer = sent.await.map_err(|error| match error {
            // Whatever kept the request from being answered, the event had no part in it.
            SendError::Temporary { why, .. } => broker::away(why),
            other => other,
        })?;
        judge(&answer)
    }
}

/// Only an answer that names the message in the queue is a yes.
fn judge(answer: &Answer) -> Result<(), SendError> {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let why = || format!("HTTP {} {}", answer.status, answer.excerpt());
    if answer.is_success() {
        return match body["MessageId"].as_str() {
            Some(_) => Ok(()),
            None => Err(SendError::Away(why())),
        };
    }
    let refused = || SendError::Refused {
        why: why(),
        remedy: REMEDY,
    };
    let name = body["__type"].as_str().unwrap_or_default();
    Err(match name.rsplit('#').next().unwrap_or_default() {
        "InvalidMessageContents"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "InvalidAttributeValue" => SendError::Unsendable(why()),
        "RequestThrottled" | "ThrottlingException" | "KmsThrottled" | "OverLimit" => {
            SendError::Away(why())
        }
        _ if answer.status >= 500 || answer.status == 429 => SendError::Away(why()),
        // A queue that is not there, a key that may not, a signature that is not believed.
        _ => refused(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::testing;

    fn settings(queue: &str) -> Result<SqsSettings, BadSetting> {
        SqsSettings::new(queue, Some("AKID:hunter2/+"))
    }

    #[test]
    fn a_queue_is_fifo_and_has_a_region() {
        let real = "https://sqs.eu-central-1.amazonaws.com/123456789012/matinee.fifo";
        let read = settings(real).ok().unwrap();
        assert_eq!(
            (read.region.as_str(), read.queue.as_str()),
            ("eu-central-1", real)
        );
        let stand_in = settings("http://127.0.0.1:5000/1/m.fifo?region=x")
            .ok()
            .unwrap();
        assert_eq!(stand_in.queue.as_str(), "http://127.0.0.1:5000/1/m.fifo");
        for (wrong, says) in [
            ("queue", "address"),
            ("https://me:hunter2@sqs.x.amazonaws.com/1/m.fifo", "address"),
            ("https://sqs.eu-central-1.amazonaws.com/1/matinee", ".fifo"),
            ("http://sqs.eu-central-1.amazonaws.com/1/m.fifo", "plain"),
            ("https://queues.example/1/m.fifo", "region"),
        ] {
            let error = settings(wrong).err().unwrap().to_string();
            assert!(
                error.contains(says) && !error.contains("hunter2"),
                "{wrong}: {error}"
            );
        }
        let error = SqsSettings::new(real, None).err().unwrap();
        assert!(error.to_string().contains("MATINEE_SQS_CREDENTIALS"));
    }

    async fn sent(status: u16, body: &str) -> (Result<(), SendError>, testing::Heard) {
        let played = testing::Played::with(&[(status, "", body)]).await;
        let queue = format!(
            "http://127.0.0.1:{}/1/m.fifo?region=eu-central-1",
            played.port
        );
        let sqs = Sqs::new(settings(&queue).ok().unwrap());
        let booking = "b1".to_owned();
        let sent = sqs
            .send(&testing::parcel(Recipient::Outlet { booking }))
            .await;
        (sent, played.heard().remove(0))
    }

    #[tokio::test]
    async fn an_event_is_of_its_bookings_group() {
        let (sent, heard) = sent(200, r#"{"MessageId":"m"}"#).await;
        assert_eq!(sent, Ok(()));
        let asked = heard.json();
        assert_eq!(asked["MessageGroupId"], "b1");
        assert_eq!(asked["MessageDeduplicationId"], "n1");
        let scope = "AWS4-HMAC-SHA256 Credential=AKID/20300503/eu-central-1/sqs/aws4_request";
        assert!(
            heard.header("authorization").starts_with(scope),
            "{heard:?}"
        );
        assert_eq!(heard.header("x-amz-target"), "AmazonSQS.SendMessage");
    }

    #[tokio::test]
    async fn only_a_message_in_the_queue_is_sent() {
        for (status, body, outcome) in [
            (200, "{}", "away"),
            (500, "{}", "away"),
            (
                400,
                r#"{"__type":"com.amazonaws.sqs#RequestThrottled"}"#,
                "away",
            ),
            (
                400,
                r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#,
                "refused",
            ),
            (
                403,
                r#"{"__type":"com.amazon.coral.service#InvalidClientTokenId"}"#,
                "refused",
            ),
            (
                400,
                r#"{"__type":"com.amazonaws.sqs#InvalidMessageContents"}"#,
                "unsendable",
            ),
        ] {
            let error = sent(status, body).await.0.unwrap_err();
            assert_eq!(error.outcome(), outcome, "{body}");
        }
    }
}
