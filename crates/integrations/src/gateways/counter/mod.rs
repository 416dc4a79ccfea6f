//! The counter: money that changes hands in front of the seller, recorded as any gateway's.
//!
//! Nothing is asked of anybody: cash is in the drawer and the card terminal has said yes before the sale is made, so a
//! charge is good at once. Its books are the store's ([`CounterStore`]), written in transactions of their own. What goes
//! back is owed from then on; by whom and in which shift cash is handed out is noted there. Customers are never offered it.

use async_trait::async_trait;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, ChargeState, GatewayError, PaymentGateway,
    RefundRequest, Ways,
};
use matinee_domain::{counter::Tender, ids::PaymentId};
use matinee_store::{
    CounterStore, StoreError,
    counter::{CounterCharge, NotTaken},
    ledger::{ChargeStatus, LedgerRefusal},
};
use std::sync::Arc;

/// The counter of every theater of a server.
pub struct CounterGateway {
    books: Arc<dyn CounterStore>,
    test: bool,
}

impl CounterGateway {
    /// The counter over its books. On a server that takes test money it takes test money too: what it sells says TEST.
    pub fn new(books: Arc<dyn CounterStore>, test: bool) -> Self {
        Self { books, test }
    }
}

fn unclear(error: StoreError) -> GatewayError {
    GatewayError::Unclear(error.to_string())
}

/// Our key, if it is one.
fn payment(key: &str) -> Result<PaymentId, GatewayError> {
    key.parse().map_err(|_| GatewayError::Unknown)
}

fn answer(charge: &CounterCharge) -> ChargeAnswer {
    let state = match charge.status {
        ChargeStatus::Captured => ChargeState::Captured,
        ChargeStatus::Voided => ChargeState::Voided,
        // The counter knows no other.
        _ => ChargeState::Authorized,
    };
    ChargeAnswer {
        state,
        method_label: charge.tender.method.label().into(),
        gateway_ref: format!("counter_{}", charge.payment_id),
        refunded_minor: charge.refunded_minor,
    }
}

impl CounterGateway {
    async fn moved(&self, key: &str, to: ChargeStatus) -> Result<ChargeAnswer, GatewayError> {
        let moved = self.books.move_counter_charge(payment(key)?, to).await;
        match moved.map_err(unclear)? {
            Ok(charge) => Ok(answer(&charge)),
            Err(LedgerRefusal::UnknownCharge) => Err(GatewayError::Unknown),
            // It stands elsewhere already: whoever asks acts on where it stands.
            Err(LedgerRefusal::WrongState(_) | LedgerRefusal::OverRefund) => self.stands(key).await,
        }
    }

    async fn stands(&self, key: &str) -> Result<ChargeAnswer, GatewayError> {
        let charge = self.books.counter_charge_of(payment(key)?).await;
        let charge = charge.map_err(unclear)?.ok_or(GatewayError::Unknown)?;
        Ok(answer(&charge))
    }
}

#[async_trait]
impl PaymentGateway for CounterGateway {
    fn name(&self) -> &'static str {
        matinee_domain::counter::GATEWAY
    }

    fn is_test(&self) -> bool {
        self.test
    }

    fn ways(&self) -> Ways {
        Ways::default()
    }

    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        let tender: Tender = charge.method.parse().map_err(|_| {
            GatewayError::Refused("The counter takes cash, terminal and invitation.".into())
        })?;
        let booked = CounterCharge {
            payment_id: payment(&charge.key)?,
            tender,
            status: ChargeStatus::Authorized,
            amount: charge.amount,
            refunded_minor: 0,
            created_at: charge.now,
        };
        let taken = self.books.counter_charge(booked).await.map_err(unclear)?;
        let refused = |words: &str| Err(GatewayError::Refused(words.to_owned()));
        match taken {
            Ok(charge) => Ok(answer(&charge)),
            Err(NotTaken::ShiftClosed) => refused("The shift is closed."),
            Err(NotTaken::OtherCurrency) => refused("The shift counts another currency."),
        }
    }

    async fn look(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.stands(&charge.key).await
    }

    async fn capture(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.moved(&charge.key, ChargeStatus::Captured).await
    }

    async fn void(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.moved(&charge.key, ChargeStatus::Voided).await
    }

    async fn refund(
        &self,
        charge: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        let payment = payment(&charge.key)?;
        let (key, amount) = (&refund.key, refund.amount);
        let owed = self
            .books
            .refund_counter_charge(payment, key, amount, refund.now)
            .await;
        match owed.map_err(unclear)? {
            Ok(charge) => Ok(answer(&charge)),
            Err(LedgerRefusal::UnknownCharge) => Err(GatewayError::Unknown),
            Err(LedgerRefusal::WrongState(status)) => Err(GatewayError::Refused(format!(
                "a charge that is {} cannot be refunded",
                status.as_str()
            ))),
            Err(LedgerRefusal::OverRefund) => Err(GatewayError::Refused(
                "more than was taken would go back".into(),
            )),
        }
    }
}
