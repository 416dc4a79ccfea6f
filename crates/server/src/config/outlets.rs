//! The operator's own logs and queues that are told of bookings. Addresses are options; secrets stand in the environment
//! or in the file of options, never on the command line.

use super::{ConfigError, Options};
use matinee_integrations::channels::{
    Channel,
    broker::BadSetting,
    kafka::{Kafka, KafkaSettings},
    nats::{Nats, NatsSettings},
    sqs::{Sqs, SqsSettings},
};
use std::sync::Arc;

/// The topic and subject of events, when nothing else is said.
pub(super) const EVENTS: &str = "matinee.events";

/// Where events go.
#[derive(Clone, Default)]
pub struct Outlets {
    pub kafka: Option<KafkaSettings>,
    pub nats: Option<NatsSettings>,
    pub sqs: Option<SqsSettings>,
}

impl Outlets {
    /// The outlets these options name.
    pub(super) fn of(options: &Options) -> Result<Self, ConfigError> {
        let kafka = Named {
            option: "kafka",
            address: &options.kafka,
            credentials: &options.kafka_credentials,
        };
        let nats = Named {
            option: "nats",
            address: &options.nats,
            credentials: &options.nats_credentials,
        };
        let sqs = Named {
            option: "sqs-queue-url",
            address: &options.sqs_queue_url,
            credentials: &options.sqs_credentials,
        };
        let topic = options.kafka_topic.as_deref().unwrap_or(EVENTS);
        KafkaSettings::check_topic(topic).map_err(wrong("kafka-topic"))?;
        let subject = options.nats_subject.as_deref().unwrap_or(EVENTS);
        NatsSettings::check_subject(subject).map_err(wrong("nats-subject"))?;
        for (named, more, given) in [
            (&kafka, "kafka-topic", options.kafka_topic.is_some()),
            (&nats, "nats-subject", options.nats_subject.is_some()),
        ] {
            if given && named.given().is_none() {
                let reason = format!("--{} is needed with it: where the broker is", named.option);
                return Err(ConfigError::Option {
                    option: more,
                    reason,
                });
            }
        }
        Ok(Self {
            kafka: kafka.read(|address, pass| KafkaSettings::new(address, topic, pass))?,
            nats: nats.read(|address, pass| NatsSettings::new(address, subject, pass))?,
            sqs: sqs.read(SqsSettings::new)?,
        })
    }

    /// The channels to them. Nothing is asked yet: a broker that is away keeps no server from starting.
    pub fn channels(&self) -> Vec<Arc<dyn Channel>> {
        let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
        if let Some(settings) = &self.kafka {
            channels.push(Arc::new(Kafka::new(settings.clone())));
        }
        if let Some(settings) = &self.nats {
            channels.push(Arc::new(Nats::new(settings.clone())));
        }
        if let Some(settings) = &self.sqs {
            channels.push(Arc::new(Sqs::new(settings.clone())));
        }
        channels
    }
}

/// An outlet's address and secret as they were given.
struct Named<'o> {
    option: &'static str,
    address: &'o Option<String>,
    credentials: &'o Option<String>,
}

impl Named<'_> {
    fn given(&self) -> Option<&str> {
        self.address
            .as_deref()
            .filter(|text| !text.trim().is_empty())
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&str, Option<&str>) -> Result<T, BadSetting>,
    ) -> Result<Option<T>, ConfigError> {
        let credentials = self.credentials.as_deref();
        match self.given() {
            Some(address) => {
                let settings = read(address, credentials).map_err(wrong(self.option))?;
                Ok(Some(settings))
            }
            None if credentials.is_some() => Err(ConfigError::Option {
                option: self.option,
                reason: "credentials are given, but not where they are for".into(),
            }),
            None => Ok(None),
        }
    }
}

fn wrong(option: &'static str) -> impl Fn(BadSetting) -> ConfigError {
    move |error| ConfigError::Option {
        option,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlets(change: impl FnOnce(&mut Options)) -> Result<Outlets, String> {
        let mut options = Options::default();
        change(&mut options);
        Outlets::of(&options).map_err(|error| error.to_string())
    }

    #[test]
    fn each_outlet_is_optional() {
        let none = outlets(|_| ()).unwrap();
        assert!(none.channels().is_empty());
        let all = outlets(|options| {
            options.kafka = Some("kafkas://k.example".into());
            options.kafka_topic = Some("bookings".into());
            options.kafka_credentials = Some("plain:me:hunter2".into());
            options.nats = Some("nats://127.0.0.1".into());
            options.sqs_queue_url =
                Some("https://sqs.eu-central-1.amazonaws.com/1/matinee.fifo".into());
            options.sqs_credentials = Some("KEY:hunter2".into());
        });
        let channels = all.unwrap().channels();
        let media: Vec<_> = channels.iter().map(|channel| channel.medium()).collect();
        assert_eq!(media, matinee_integrations::channels::Medium::OUTLETS);
    }

    #[test]
    fn what_cannot_work_names_its_option_and_no_secret() {
        type Change = fn(&mut Options);
        let cases: [(&str, Change); 6] = [
            ("--kafka:", |o| o.kafka = Some("k.example:9092".into())),
            ("--kafka-topic:", |o| o.kafka_topic = Some("a b".into())),
            ("--kafka-topic:", |o| {
                o.kafka_topic = Some("bookings".into());
            }),
            ("--nats:", |o| {
                o.nats_credentials = Some("me:hunter2".into());
            }),
            ("--nats:", |o| {
                o.nats = Some("nats://n.example".into());
                o.nats_credentials = Some("me:hunter2".into());
            }),
            ("--sqs-queue-url:", |o| {
                o.sqs_queue_url = Some("https://sqs.x.amazonaws.com/1/q.fifo".into());
            }),
        ];
        for (names, change) in cases {
            let error = outlets(change).err().unwrap();
            assert!(
                error.starts_with(names) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
}
