//! Payments and refunds that only the gateway they were begun at can finish.
//!
//! A server without that gateway would leave money authorized, or owed, and seats with nobody for ever.

use super::ServeError;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_store::Store;

/// Payments, and refunds, looked at: more than a server leaves behind when it ends.
const LOOKED_AT: u16 = 1_000;

/// Refuses to serve with this gateway (or none) while another one's payments or refunds are not finished.
pub(super) async fn refuse(
    store: &dyn Store,
    gateway: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), ServeError> {
    // Whatever there is, also what has only just begun.
    let all = now + TimeDelta::days(1);
    let unfinished = |other: &str| ServeError::Unfinished {
        gateway: other.to_owned(),
    };
    for file in store.unsettled(all, LOOKED_AT).await? {
        let live = file.payments.iter().find(|p| p.status.is_live());
        if let Some(other) = live.filter(|p| Some(p.gateway.as_str()) != gateway) {
            return Err(unfinished(&other.gateway));
        }
    }
    for refund in store.pending_refunds(all, LOOKED_AT).await? {
        let file = store.booking_of_payment(refund.payment_id).await?;
        let paid = file.as_ref().and_then(|file| {
            file.payments
                .iter()
                .find(|p| p.payment_id == refund.payment_id)
        });
        if let Some(other) = paid.filter(|p| Some(p.gateway.as_str()) != gateway) {
            return Err(unfinished(&other.gateway));
        }
    }
    Ok(())
}
