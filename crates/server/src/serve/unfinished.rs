//! Payments and refunds that only the gateway they were begun at can finish, with a key of the same mode and account.
//!
//! A server without it would leave money authorized, or owed, and seats with nobody for ever. Refunds of test money are no
//! reason not to serve: they wait, and nobody is owed anything.

use super::ServeError;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{PaymentGateway, is_at};
use matinee_store::{
    Store,
    bookings::{BookingFile, PaymentRow},
};

/// Payments, and refunds, looked at: more than a server leaves behind when it ends.
const LOOKED_AT: u16 = 1_000;
/// The note that says whose account money was taken for last.
const ACCOUNT: &str = "gateway_account";

/// Refuses to serve with this gateway (or none) while payments or refunds of another one, or of another mode or account of
/// its own, are not finished.
pub(super) async fn refuse(
    store: &dyn Store,
    (gateway, counter): (Option<&dyn PaymentGateway>, &dyn PaymentGateway),
    now: DateTime<Utc>,
) -> Result<(), ServeError> {
    // Whatever there is, also what has only just begun.
    let all = now + TimeDelta::days(1);
    let mut ours = false;
    for file in store.unsettled(all, LOOKED_AT).await? {
        let live = file.payments.iter().find(|p| p.status.is_live());
        if let Some(live) = live.filter(|live| !is_at(counter, &file, live)) {
            ours |= can_finish(gateway, &file, live)?;
        }
    }
    for refund in store.pending_refunds(all, LOOKED_AT).await? {
        let file = store.booking_of_payment(refund.payment_id).await?;
        let paid = file.as_ref().and_then(|file| {
            let mut payments = file.payments.iter();
            Some((file, payments.find(|p| p.payment_id == refund.payment_id)?))
        });
        match paid {
            Some((file, paid)) if gateway.is_some_and(|gateway| is_at(gateway, file, paid)) => {
                ours = true;
            }
            Some((file, paid)) if is_at(counter, file, paid) => {}
            Some((file, paid)) if !file.booking.test => {
                ours |= can_finish(gateway, file, paid)?;
            }
            _ => {}
        }
    }
    match gateway {
        Some(gateway) => same_account(store, gateway, ours).await,
        None => Ok(()),
    }
}

fn can_finish(
    gateway: Option<&dyn PaymentGateway>,
    file: &BookingFile,
    paid: &PaymentRow,
) -> Result<bool, ServeError> {
    if gateway.is_some_and(|gateway| is_at(gateway, file, paid)) {
        return Ok(true);
    }
    Err(ServeError::Unfinished {
        gateway: paid.gateway.clone(),
        test: file.booking.test,
    })
}

/// Notes the account; another one than before is refused while something of the gateway is `unfinished`.
async fn same_account(
    store: &dyn Store,
    gateway: &dyn PaymentGateway,
    unfinished: bool,
) -> Result<(), ServeError> {
    let Some(account) = gateway.account() else {
        return Ok(());
    };
    let now = format!("{} {account}", gateway.name());
    match store.note(ACCOUNT).await? {
        Some(before) if before == now => Ok(()),
        Some(before) if unfinished => Err(ServeError::OtherAccount {
            before: before.split(' ').next_back().unwrap_or_default().to_owned(),
            now: account,
        }),
        _ => Ok(store.set_note(ACCOUNT, &now).await?),
    }
}
