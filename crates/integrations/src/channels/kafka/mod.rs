//! Events to a topic of Kafka: the key is the booking, so that its events lie in one partition in their order, and what
//! all replicas that are in step have is sent.
//!
//! A record is found by its key in the same partition where the usual clients put it (murmur2). The client asks for no
//! producer's id: an event whose acknowledgement got lost is written twice, with the same id.

mod murmur;

use super::{
    Channel, Medium, Parcel, Recipient, SendError,
    broker::{self, BadSetting, Schemes, Servers, Shared},
    wrong_recipient,
};
use async_trait::async_trait;
use rskafka::{
    BackoffConfig,
    client::{
        Client, ClientBuilder, Credentials, SaslConfig,
        error::{Error, ProtocolError},
        partition::{Compression, PartitionClient, UnknownTopicHandling},
    },
    record::Record,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{sync::OnceCell, time::timeout};

const NAME: &str = "kafka";
const REMEDY: &str = "Check --kafka, --kafka-topic (the topic has to be there), MATINEE_KAFKA_CREDENTIALS and what its user may do";
const SCHEMES: Schemes = Schemes {
    plain: "kafka",
    tls: "kafkas",
    port: 9092,
};
/// The client tries again for so long by itself; after that it is for the outbox to say when.
const BACKOFF: BackoffConfig = BackoffConfig {
    init_backoff: Duration::from_millis(100),
    max_backoff: Duration::from_secs(1),
    base: 2.0,
    deadline: Some(Duration::from_secs(4)),
};
/// How long an acknowledgement is waited for; the client itself would wait for ever.
const ANSWER: Duration = Duration::from_secs(20);
/// Longest a topic's name may be, as Kafka says.
const TOPIC_MAX: usize = 249;

/// Which topic, and who we are there. No Debug: it holds a secret.
#[derive(Clone)]
pub struct KafkaSettings {
    servers: Servers,
    topic: String,
    sasl: Option<SaslConfig>,
}

impl KafkaSettings {
    /// Reads addresses, a topic's name, and `MECHANISM:USER:PASSWORD`.
    pub fn new(
        addresses: &str,
        topic: &str,
        credentials: Option<&str>,
    ) -> Result<Self, BadSetting> {
        let servers = Servers::parse(addresses, &SCHEMES)?;
        let sasl = credentials.map(sasl).transpose()?;
        if sasl.is_some() {
            servers.may_hear_a_password(&SCHEMES)?;
        }
        Ok(Self {
            servers,
            topic: topic.to_owned(),
            sasl,
        })
    }

    /// Whether a topic can be called so.
    pub fn check_topic(topic: &str) -> Result<(), BadSetting> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let named = !matches!(topic, "" | "." | "..") && topic.len() <= TOPIC_MAX;
        if named && topic.chars().all(fits) {
            return Ok(());
        }
        Err(BadSetting::new(
            "a topic's name has letters, digits, dots, underscores and hyphens",
        ))
    }
}

fn sasl(text: &str) -> Result<SaslConfig, BadSetting> {
    let wrong = || {
        BadSetting::new(
            "MATINEE_KAFKA_CREDENTIALS: plain:USER:PASSWORD, scram-sha-256:USER:PASSWORD or scram-sha-512:USER:PASSWORD is \
             expected",
        )
    };
    let (mechanism, rest) = text.trim().split_once(':').ok_or_else(wrong)?;
    let (user, password) = broker::pair(rest).map_err(|_| wrong())?;
    let credentials = Credentials::new(user, password);
    Ok(match mechanism {
        "plain" => SaslConfig::Plain(credentials),
        "scram-sha-256" => SaslConfig::ScramSha256(credentials),
        "scram-sha-512" => SaslConfig::ScramSha512(credentials),
        _ => return Err(wrong()),
    })
}

/// Sends events.
pub struct Kafka {
    settings: KafkaSettings,
    shared: Shared<Topic>,
}

/// A topic as it was when we connected. Partitions that are added later are known after the next connection.
struct Topic {
    client: Client,
    partitions: Vec<OnceCell<PartitionClient>>,
}

impl Kafka {
    pub fn new(settings: KafkaSettings) -> Self {
        let shared = Shared::new();
        Self { settings, shared }
    }

    async fn connect(&self) -> Result<Topic, SendError> {
        let settings = &self.settings;
        let mut builder = ClientBuilder::new(settings.servers.hosts.clone())
            .client_id("matinee")
            .backoff_config(BACKOFF);
        if settings.servers.tls {
            builder = builder.tls_config(Arc::new(broker::tls()?));
        }
        if let Some(sasl) = &settings.sasl {
            builder = builder.sasl_config(sasl.clone());
        }
        let client = builder.build().await.map_err(|error| judge(&error))?;
        let topics = client.list_topics().await.map_err(|error| judge(&error))?;
        let topic = topics
            .into_iter()
            .find(|topic| topic.name == settings.topic);
        // Partitions are numbered from 0 without a gap.
        let count = topic.map_or(0, |topic| topic.partitions.len());
        if count == 0 {
            return Err(SendError::Refused {
                why: format!("there is no topic {}", settings.topic),
                remedy: REMEDY,
            });
        }
        let partitions = (0..count).map(|_| OnceCell::new()).collect();
        Ok(Topic { client, partitions })
    }

    async fn produce(&self, topic: &Topic, record: Record) -> Result<(), Error> {
        let key = record.key.as_deref().unwrap_or_default();
        let number = murmur::partition(key, topic.partitions.len());
        let open = || {
            let name = self.settings.topic.as_str();
            topic
                .client
                .partition_client(name, number as i32, UnknownTopicHandling::Error)
        };
        let partition = topic.partitions[number].get_or_try_init(open).await?;
        // The client waits for every replica that is in step (`acks=all`).
        partition
            .produce(vec![record], Compression::NoCompression)
            .await
            .map(drop)
    }
}

#[async_trait]
impl Channel for Kafka {
    fn medium(&self) -> Medium {
        Medium::Kafka
    }

    fn provider(&self) -> &'static str {
        NAME
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Outlet { booking } = &parcel.to else {
            return Err(wrong_recipient());
        };
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let record = Record {
            key: Some(booking.clone().into_bytes()),
            value: Some(parcel.letter.data.to_string().into_bytes()),
            headers: BTreeMap::from([
                header("content-type", super::CLOUD_EVENT),
                header("id", &parcel.name),
                header("type", &parcel.letter.kind),
            ]),
            timestamp: parcel.now,
        };
        let topic = self.shared.get(|_| true, || self.connect()).await?;
        let produced = timeout(ANSWER, self.produce(&topic, record)).await;
        let error = match produced {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => judge(&error),
            Err(_) => SendError::Away("no acknowledgement in time".into()),
        };
        if !matches!(error, SendError::Unsendable(_)) {
            self.shared.broke(&topic).await;
        }
        Err(error)
    }
}

fn judge(error: &Error) -> SendError {
    let why = error.to_string();
    let Error::ServerError { protocol_error, .. } = error else {
        // A name or password that is refused ends the connection; the library keeps no more of it than these words.
        if why.contains("Sasl") || why.contains("SASL") {
            return SendError::Refused {
                why,
                remedy: REMEDY,
            };
        }
        return broker::unreached(error);
    };
    match protocol_error {
        ProtocolError::MessageTooLarge
        | ProtocolError::RecordListTooLarge
        | ProtocolError::PolicyViolation => SendError::Unsendable(why),
        ProtocolError::UnknownTopicOrPartition
        | ProtocolError::InvalidTopicException
        | ProtocolError::TopicAuthorizationFailed
        | ProtocolError::ClusterAuthorizationFailed
        | ProtocolError::SaslAuthenticationFailed
        | ProtocolError::UnsupportedSaslMechanism => SendError::Refused {
            why,
            remedy: REMEDY,
        },
        // Leaders that move, replicas that are behind: the cluster's, and over by itself.
        _ => SendError::Away(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let open =
            |address, credentials| KafkaSettings::new(address, "matinee.events", credentials);
        assert!(open("kafka://a.example,b.example:9093", None).is_ok());
        assert!(open("kafkas://a.example", Some("scram-sha-512:me:hunter2:x")).is_ok());
        for (address, credentials) in [
            ("a.example:9092", None),
            ("kafka://a.example", Some("plain:me:hunter2")),
            ("kafkas://a.example", Some("me:hunter2")),
            ("kafkas://a.example", Some("gssapi:me:hunter2")),
        ] {
            let error = open(address, credentials).err().unwrap().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for topic in ["", "..", "a b", "Ä", &"x".repeat(250)] {
            assert!(KafkaSettings::check_topic(topic).is_err(), "{topic}");
        }
        assert!(KafkaSettings::check_topic("matinee.events-1_x").is_ok());
    }

    #[test]
    fn an_error_is_the_events_ours_or_the_brokers() {
        let says = |protocol_error| {
            let error = Error::ServerError {
                protocol_error,
                error_message: None,
                request: rskafka::client::error::RequestContext::Topic("t".into()),
                response: None,
                is_virtual: false,
            };
            judge(&error).outcome()
        };
        assert_eq!(says(ProtocolError::MessageTooLarge), "unsendable");
        assert_eq!(says(ProtocolError::UnknownTopicOrPartition), "refused");
        assert_eq!(says(ProtocolError::TopicAuthorizationFailed), "refused");
        assert_eq!(says(ProtocolError::NotEnoughReplicas), "away");
        assert_eq!(judge(&Error::InvalidResponse("x".into())).outcome(), "away");
    }
}
