//! Messages as Stripe signs them, and as anybody else might.

use super::*;
use crate::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::money::{Currency, Money};
use serde_json::json;

const SECRET: &str = "whsec_right";

fn now() -> DateTime<Utc> {
    "2030-05-03T12:00:00Z".parse().unwrap()
}

fn signature(secret: &str, body: &[u8], at: DateTime<Utc>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}.", at.timestamp()).as_bytes());
    mac.update(body);
    let digest = HEXLOWER_PERMISSIVE.encode(&mac.finalize().into_bytes());
    format!("t={},v1={digest}", at.timestamp())
}

fn settings(webhook: &str) -> StripeSettings {
    let settings = StripeSettings::new(Secret::new("sk_test_a"), &Secret::new(webhook), "");
    settings.ok().unwrap()
}

/// An event about 14.50 euros.
fn event(kind: &str) -> serde_json::Value {
    json!({
        "id": "evt_1", "object": "event", "type": kind, "livemode": false, "created": 1,
        "data": { "object": {
            "id": "pi_1", "object": "payment_intent", "amount": 1450, "currency": "eur",
            "metadata": { PAYMENT: "p1" },
        } },
    })
}

fn heard(header: &str, body: &[u8]) -> Result<News, NotGenuine> {
    let headers = [("content-type", "application/json"), (HEADER, header)];
    let message = Message {
        headers: &headers,
        body,
        now: now(),
    };
    read(&settings("whsec_old,whsec_right"), Some("acct_1"), message)
}

fn told(event: &serde_json::Value) -> Result<News, NotGenuine> {
    let body = event.to_string();
    heard(&signature(SECRET, body.as_bytes(), now()), body.as_bytes())
}

#[test]
fn a_genuine_message_names_our_charge() {
    for (kind, fact) in [
        (
            "payment_intent.amount_capturable_updated",
            GatewayFact::Authorized,
        ),
        ("checkout.session.completed", GatewayFact::Authorized),
        ("payment_intent.succeeded", GatewayFact::Captured),
        ("payment_intent.payment_failed", GatewayFact::Declined),
        ("payment_intent.canceled", GatewayFact::Canceled),
        ("checkout.session.expired", GatewayFact::Canceled),
        ("charge.refunded", GatewayFact::RefundDone),
    ] {
        let news = told(&event(kind)).unwrap();
        let wanted = GatewayEvent {
            charge: "p1".into(),
            fact,
            amount: Some(Money::new(1450, Currency::new(*b"EUR"))),
            refund: None,
        };
        assert_eq!(
            (news.id.as_str(), news.event),
            ("evt_1", Some(wanted)),
            "{kind}"
        );
    }
    // A refund's own amount is not the charge's; which of ours it is stands on it.
    let news = told(&event("refund.updated")).unwrap();
    assert_eq!(news.event.unwrap().amount, None);
    let mut failed = event("refund.failed");
    failed["data"]["object"]["metadata"][REFUND] = json!("r1");
    let told = told(&failed).unwrap().event.unwrap();
    assert_eq!(told.fact, GatewayFact::RefundFailed);
    assert_eq!((told.refund.as_deref(), told.amount), (Some("r1"), None));
}

#[test]
fn what_is_not_about_a_charge_of_ours_is_taken_and_left() {
    for event in [event("customer.created"), {
        let mut event = event("payment_intent.succeeded");
        event["data"]["object"]["metadata"] = json!({ "shop": "another" });
        event
    }] {
        assert_eq!(told(&event).unwrap().event, None, "{event}");
    }
    // The official document's example.
    let mut example: serde_json::Value = serde_json::from_str(include_str!(
        "../../../../../../tests/src/stripe/event.json"
    ))
    .unwrap();
    example["livemode"] = json!(false);
    assert_eq!(told(&example).unwrap().event, None);
}

#[test]
fn only_a_right_signature_over_these_bytes_is_taken() {
    let body = event("payment_intent.succeeded").to_string();
    let right = signature(SECRET, body.as_bytes(), now());
    assert!(heard(&right, body.as_bytes()).is_ok());
    let with_others = format!("{right},v1={},v0=x", "0".repeat(64));
    assert!(heard(&with_others, body.as_bytes()).is_ok());
    let hex = right.split("v1=").nth(1).unwrap();
    for wrong in [
        signature("whsec_wrong", body.as_bytes(), now()),
        signature(SECRET, format!("{body} ").as_bytes(), now()),
        // Signed then, told as now.
        format!("t={},v1={hex}", now().timestamp() + 1),
        format!("t=+{},v1={hex}", now().timestamp()),
        format!("t={},v0={hex}", now().timestamp()),
        format!("t={}", now().timestamp()),
        format!("v1={hex}"),
        format!("t={},v1={}", now().timestamp(), &hex[..62]),
        format!("t={},v1=zz", now().timestamp()),
        "nonsense".into(),
        String::new(),
    ] {
        let refused = heard(&wrong, body.as_bytes());
        assert_eq!(refused, Err(NotGenuine::Signature), "{wrong}");
    }
    let no_header = Message {
        headers: &[],
        body: body.as_bytes(),
        now: now(),
    };
    let refused = read(&settings(SECRET), None, no_header);
    assert_eq!(refused, Err(NotGenuine::Signature));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let body = event("payment_intent.succeeded").to_string();
    let right = signature(SECRET, body.as_bytes(), now());
    for bit in 0..body.len() * 8 {
        let mut altered = body.clone().into_bytes();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(heard(&right, &altered).is_err(), "bit {bit}");
    }
}

#[test]
fn a_message_is_good_for_five_minutes() {
    let body = event("payment_intent.succeeded").to_string();
    for (seconds, good) in [
        (-301, false),
        (-300, true),
        (0, true),
        (300, true),
        (301, false),
    ] {
        let at = now() + TimeDelta::seconds(seconds);
        let taken = heard(&signature(SECRET, body.as_bytes(), at), body.as_bytes());
        if good {
            assert!(taken.is_ok(), "{seconds}");
        } else {
            assert_eq!(taken, Err(NotGenuine::Stale), "{seconds}");
        }
    }
}

#[test]
fn another_mode_or_account_is_refused() {
    let mut live = event("payment_intent.succeeded");
    live["livemode"] = json!(true);
    assert_eq!(told(&live), Err(NotGenuine::NotOurs));
    let mut others = event("payment_intent.succeeded");
    others["account"] = json!("acct_2");
    assert_eq!(told(&others), Err(NotGenuine::NotOurs));
    others["account"] = json!("acct_1");
    assert!(told(&others).is_ok());
}

#[test]
fn a_signed_message_that_is_no_event_is_malformed() {
    for body in ["", "{}", "[]", "{\"id\":\"evt_1\"}", "null"] {
        let header = signature(SECRET, body.as_bytes(), now());
        let refused = heard(&header, body.as_bytes());
        assert_eq!(refused, Err(NotGenuine::Malformed), "{body}");
    }
}
