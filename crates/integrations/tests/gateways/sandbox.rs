//! The sandbox passes the suite.

use crate::bank::{Bank, Books};
use async_trait::async_trait;
use matinee_booking::{ChargeName, PaymentGateway};
use matinee_integrations::{
    SandboxGateway,
    sandbox::{AUTHENTICATION_REQUIRED, DECLINED, VISA},
};
use matinee_store::{SandboxLedger, feed::NoFeed, ledger::ChargeStatus};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::sync::Arc;

struct Sandbox {
    gateway: SandboxGateway,
    ledger: Arc<dyn SandboxLedger>,
    _folder: tempfile::TempDir,
}

async fn sandbox() -> Sandbox {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(OpenOptions {
        path: folder.path().join("m.db"),
        feed: Arc::new(NoFeed),
    });
    let ledger: Arc<dyn SandboxLedger> = Arc::new(store.unwrap());
    Sandbox {
        gateway: SandboxGateway::new(Arc::clone(&ledger)),
        ledger,
        _folder: folder,
    }
}

#[async_trait]
impl Bank for Sandbox {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.gateway
    }
    fn tokens(&self) -> [&'static str; 3] {
        [VISA, DECLINED, AUTHENTICATION_REQUIRED]
    }
    async fn plays(&self, charge: &ChargeName, yes: bool) {
        self.gateway.simulate(charge, yes).await.unwrap();
    }
    async fn books(&self, key: &str) -> Books {
        let charge = self.ledger.charge_by_key(key).await.unwrap();
        let Some(charge) = charge else {
            return Books::default();
        };
        let amount = charge.amount.amount_minor;
        let of = |status| if charge.status == status { amount } else { 0 };
        let (held, captured) = (of(ChargeStatus::Authorized), of(ChargeStatus::Captured));
        Books {
            charges: usize::from(held + captured > 0),
            held,
            captured,
            refunded: charge.refunded_minor,
        }
    }
}

crate::every_story!(sandbox());
