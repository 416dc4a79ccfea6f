//! The payment gateway a server works with, from its configuration.

use super::ServeError;
use crate::{
    catalog_cache::CatalogCache,
    config::Config,
    live::LiveSeats,
    render::{Around, BookingRender},
    system::{SystemClock, SystemEntropy},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{Desk, JobNotes, PaymentGateway, Reconciled, SaleError, Ways};
use matinee_integrations::{CounterGateway, SandboxGateway, StripeGateway};
use matinee_store::{CounterStore, SandboxLedger, Store};
use std::sync::{Arc, atomic::AtomicU64};

/// The gateway, or none. A key that the gateway refuses stops the start: a server that nobody can pay at should not look
/// as if all were well. A gateway that does not answer just now does not stop it.
pub(crate) async fn open(
    config: &Config,
    store: &Arc<dyn Store>,
    base_url: &str,
) -> Result<Option<Arc<dyn PaymentGateway>>, ServeError> {
    if let Some(settings) = &config.stripe {
        let stripe = StripeGateway::new(settings.clone().returning_to(base_url))?;
        stripe.introduce().await?;
        return Ok(Some(Arc::new(stripe)));
    }
    Ok(config.sandbox_payments.then(|| {
        // The sandbox bank's books stand in the same database.
        let ledger = Arc::clone(store) as Arc<dyn SandboxLedger>;
        Arc::new(SandboxGateway::new(ledger)) as Arc<dyn PaymentGateway>
    }))
}

/// The counter, which is there whatever else takes payments. It takes test money where that is taken.
pub(crate) fn counter(
    store: &Arc<dyn Store>,
    gateway: Option<&dyn PaymentGateway>,
) -> Arc<dyn PaymentGateway> {
    let books = Arc::clone(store) as Arc<dyn CounterStore>;
    let test = gateway.is_some_and(matinee_booking::PaymentGateway::is_test);
    Arc::new(CounterGateway::new(books, test))
}

/// Compares our books with the gateway's, outside a server: nothing is changed on either side.
pub(crate) async fn compare_books(
    config: &Config,
    store: &Arc<dyn Store>,
    from: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<Option<Reconciled>, ServeError> {
    let gateway = open(config, store, "").await?;
    let live = Arc::new(LiveSeats::default());
    let around = Around {
        live: Arc::clone(&live),
        ways: Ways::default(),
        base_url: String::new(),
    };
    let desk = Desk {
        store: store.clone(),
        promos: store.clone(),
        cancellations: store.clone(),
        moves: store.clone(),
        gifts: store.clone(),
        shows: Arc::new(CatalogCache::new(Arc::clone(store), live)),
        gateway,
        // Its books are compared by `verify`.
        counter: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        render: Arc::new(BookingRender {
            around: Arc::new(around),
        }),
        hold_life: TimeDelta::zero(),
        quotas: true,
        refunds_refused: AtomicU64::new(0),
        notes: JobNotes::default(),
    };
    let theaters = store.theaters().await?;
    let theaters: Vec<_> = theaters.iter().map(|theater| theater.theater_id).collect();
    let compared = desk.reconcile(&theaters, from, before).await;
    compared.map_err(|error| match error {
        SaleError::Store(error) => error.into(),
        error => ServeError::Compare(error),
    })
}
