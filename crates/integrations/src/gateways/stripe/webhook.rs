//! Stripe's messages: who sent them, and what they say about a charge of ours.
//!
//! The signature is over the raw bytes and compared in constant time; nothing is parsed before it holds. What is said is
//! only a hint: whoever gets it looks at the charge itself.

use super::{
    currency,
    objects::{Metadata, PAYMENT, REFUND},
    settings::StripeSettings,
};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, Mac as _};
use matinee_booking::{GatewayEvent, GatewayFact, Message, News, NotGenuine};
use serde::Deserialize;
use sha2::Sha256;

/// A message may be as old as this, or as far ahead, in seconds.
const TOLERANCE: u64 = 300;
/// Signatures of one message that are looked at: one per secret, and a few of schemes to come.
const SIGNATURES: usize = 8;
const HEADER: &str = "stripe-signature";

/// Reads a message that Stripe certainly sent to this account, in this mode.
pub(super) fn read(
    settings: &StripeSettings,
    account: Option<&str>,
    message: Message<'_>,
) -> Result<News, NotGenuine> {
    let header = message.header(HEADER).ok_or(NotGenuine::Signature)?;
    let signed = Signed::parse(header).ok_or(NotGenuine::Signature)?;
    // Its age first: that costs nothing, and the answer to a stranger is the same.
    if message.now.timestamp().abs_diff(signed.time) > TOLERANCE {
        return Err(NotGenuine::Stale);
    }
    let mut genuine = false;
    for secret in &settings.webhook_secrets {
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
        let mut mac = mac.map_err(|_| NotGenuine::Signature)?;
        mac.update(signed.time.to_string().as_bytes());
        mac.update(b".");
        mac.update(message.body);
        for signature in &signed.signatures {
            genuine |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    if !genuine {
        return Err(NotGenuine::Signature);
    }
    let event: Event = serde_json::from_slice(message.body).map_err(|_| NotGenuine::Malformed)?;
    let others = matches!((account, &event.account), (Some(ours), Some(told)) if ours != told);
    if event.livemode == settings.is_test() || others {
        return Err(NotGenuine::NotOurs);
    }
    Ok(News {
        event: event.about_a_charge(),
        id: event.id,
    })
}

/// `t=1700000000,v1=…,v1=…`
struct Signed {
    time: i64,
    signatures: Vec<Vec<u8>>,
}

impl Signed {
    fn parse(header: &str) -> Option<Self> {
        let mut time = None;
        let mut signatures = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                // As it was signed: written again it must be the same text.
                ("t", text) => time = text.parse::<i64>().ok().filter(|t| t.to_string() == text),
                ("v1", text) if signatures.len() < SIGNATURES => {
                    signatures.push(HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?);
                }
                _ => {}
            }
        }
        Some(Self {
            time: time?,
            signatures,
        })
    }
}

/// An event, as far as it is read.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    #[serde(default)]
    account: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// An intent, a page, a charge or a refund; of anything else nothing is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Object {
    metadata: Option<Metadata>,
    amount: Option<i64>,
    amount_total: Option<i64>,
    currency: Option<String>,
}

impl Event {
    fn about_a_charge(&self) -> Option<GatewayEvent> {
        use GatewayFact as F;
        let fact = match self.kind.as_str() {
            "payment_intent.amount_capturable_updated" | "checkout.session.completed" => {
                F::Authorized
            }
            "payment_intent.succeeded" | "checkout.session.async_payment_succeeded" => F::Captured,
            "payment_intent.payment_failed" | "checkout.session.async_payment_failed" => {
                F::Declined
            }
            "payment_intent.canceled" | "checkout.session.expired" => F::Canceled,
            "charge.refunded" | "refund.created" | "refund.updated" => F::RefundDone,
            "refund.failed" => F::RefundFailed,
            _ => return None,
        };
        let object = &self.data.object;
        let metadata = object.metadata.as_ref()?;
        let charge = metadata.get(PAYMENT)?.clone();
        // A refund speaks of its own amount, which is less.
        let whole = !self.kind.starts_with("refund.");
        let amount = object.amount_total.or(object.amount).filter(|_| whole);
        let currency = object.currency.as_deref().unwrap_or_default();
        Some(GatewayEvent {
            refund: metadata.get(REFUND).cloned(),
            charge,
            fact,
            amount: amount.and_then(|amount| currency::from_stripe(amount, currency)),
        })
    }
}

/// The parsers alone, for the fuzz targets: the time that a header names, and what a body says of a charge.
pub fn parse(header: &str, body: &[u8]) -> (Option<i64>, Option<GatewayEvent>) {
    let event = serde_json::from_slice::<Event>(body).ok();
    let event = event.and_then(|event| event.about_a_charge());
    (Signed::parse(header).map(|signed| signed.time), event)
}

#[cfg(test)]
mod tests;
