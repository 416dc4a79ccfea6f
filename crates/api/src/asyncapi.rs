//! The AsyncAPI 3.0 document of what is published to outlets, made from the table of events and the types of this crate.

use crate::events::{CloudEvent, EVENT_TYPES, EventType};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// How a CloudEvent in JSON calls itself.
const MEDIA: &str = "application/cloudevents+json";

/// The whole document.
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft07()
        .with(|s| s.definitions_path = "/components/schemas".into())
        .into_generator();
    let event = generator.subschema_for::<CloudEvent>();
    let mut schemas = generator.take_definitions(true);
    for kind in EVENT_TYPES {
        schemas.insert(kind.schema.to_owned(), schema(kind, event.as_value()));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Matinee's events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0 OR MIT" },
        },
        "defaultContentType": MEDIA,
        "channels": channels(),
        "operations": operations(),
        "components": { "messages": messages(), "schemas": schemas },
    })
}

const ABOUT: &str = "What happened to bookings, as CloudEvents 1.0 in JSON. At least once: an event may come again with the \
                     same `id`. In order by booking: an event comes after those of the same booking before it, and \
                     `sequence` says so. Readers pass over members they do not know.";

/// The names of the messages.
fn names() -> impl Iterator<Item = &'static str> {
    EVENT_TYPES.iter().map(|kind| kind.schema)
}

fn schema(kind: &EventType, event: &Value) -> Value {
    json!({
        "description": kind.about,
        "allOf": [event, { "type": "object", "properties": {
            "specversion": { "const": CloudEvent::SPEC },
            "type": { "const": kind.full_name() },
            "datacontenttype": { "const": CloudEvent::DATA },
        } }],
    })
}

fn messages() -> Value {
    let message = |kind: &EventType| {
        json!({
            "name": kind.full_name(),
            "summary": kind.about,
            "contentType": MEDIA,
            "payload": { "$ref": format!("#/components/schemas/{}", kind.schema) },
            "bindings": { "kafka": { "key": { "type": "string", "description": "The booking's id." } } },
        })
    };
    let all = EVENT_TYPES.iter();
    all.map(|kind| (kind.schema.to_owned(), message(kind)))
        .collect::<Map<_, _>>()
        .into()
}

fn channels() -> Value {
    let all: Map<_, _> = names()
        .map(|name| {
            (
                name.to_owned(),
                json!({ "$ref": format!("#/components/messages/{name}") }),
            )
        })
        .collect();
    let all = Value::from(all);
    json!({
        "kafka": {
            "address": "matinee.events",
            "description": "The topic of --kafka-topic. The key is the booking's id, so that its events lie in one partition in their order.",
            "messages": all,
        },
        "nats": {
            "address": "matinee.events.booking.{booking_id}",
            "description": "Subjects of NATS JetStream below --nats-subject. The header Nats-Msg-Id is the event's id.",
            "parameters": { "booking_id": { "description": "The booking's id." } },
            "messages": all,
        },
        "sqs": {
            "address": null,
            "description": "The FIFO queue of --sqs-queue-url. The message group is the booking's id, the deduplication id the event's.",
            "messages": all,
        },
    })
}

fn operations() -> Value {
    let send = |channel: &str, summary: &str| {
        let sent: Vec<_> = names()
            .map(|name| json!({ "$ref": format!("#/channels/{channel}/messages/{name}") }))
            .collect();
        json!({
            "action": "send",
            "channel": { "$ref": format!("#/channels/{channel}") },
            "summary": summary,
            "messages": sent,
        })
    };
    json!({
        "publishToKafka": send("kafka", "Sent is what every replica in step has (acks=all)."),
        "publishToNats": send("nats", "Sent is what a stream acknowledged."),
        "publishToSqs": send("sqs", "Sent is what the queue answered with a message's id."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(
                    members
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 40, "{found:?}");
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_kind_of_event_is_described_with_its_version() {
        let document = document();
        for kind in EVENT_TYPES {
            let message = &document["components"]["messages"][kind.schema];
            assert_eq!(message["name"], kind.full_name());
            let schema = &document["components"]["schemas"][kind.schema];
            assert_eq!(
                schema["allOf"][1]["properties"]["type"]["const"],
                kind.full_name()
            );
        }
    }
}
