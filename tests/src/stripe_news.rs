//! Messages as Stripe sends them: signed with the endpoint's secret. By themselves, since the front is standard library only.

use crate::{Answer, Caller};
use chrono::Utc;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// Tells a server what Stripe would.
pub async fn tell(server: &Caller, secret: &str, event: Value) -> Answer {
    let (body, at) = (event.to_string(), Utc::now().timestamp());
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(format!("{at}.{body}").as_bytes());
    let digest = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    let signed = format!("t={at},v1={digest}");
    let caller = server.clone().with_header("Stripe-Signature", &signed);
    caller.post("/webhooks/stripe", event).await
}

/// That a page to pay on is done with.
pub fn completed(id: &str, page: &Value) -> Value {
    json!({
        "id": id, "type": "checkout.session.completed", "livemode": false, "data": { "object": page },
    })
}
