//! The sandbox gateway: a bank to try things with, with a durable ledger of its own.
//!
//! It takes Stripe's names of test payment methods, so that a theater's first test looks like its later reality.
//! Money is never real; tickets paid here say TEST. It keeps its ledger in the same database, but never in a
//! transaction with a booking: crashes between the two happen here as with a real bank.

use async_trait::async_trait;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, ChargeState, GatewayError, PaymentGateway,
    RefundRequest, Ways,
};
use matinee_store::{
    SandboxLedger, StoreError,
    ledger::{Charge, ChargeStatus, LedgerRefusal},
};
use std::sync::Arc;

/// Succeeds at once.
pub const VISA: &str = "pm_card_visa";
/// Is declined.
pub const DECLINED: &str = "pm_card_visa_chargeDeclined";
/// Needs the payer's bank (3-D Secure), played by `simulate`.
pub const AUTHENTICATION_REQUIRED: &str = "pm_card_authenticationRequired";

const DECLINE_REASON: &str = "The bank declined this card.";
const REFUSED_BY_PAYER: &str = "The bank's check was not passed.";

/// The sandbox bank.
pub struct SandboxGateway {
    ledger: Arc<dyn SandboxLedger>,
}

impl SandboxGateway {
    /// A sandbox over its ledger.
    pub fn new(ledger: Arc<dyn SandboxLedger>) -> Self {
        Self { ledger }
    }
}

fn unclear(error: StoreError) -> GatewayError {
    GatewayError::Unclear(error.to_string())
}

fn answer(charge: Charge) -> ChargeAnswer {
    let state = match charge.status {
        ChargeStatus::RequiresAction => ChargeState::RequiresAction { url: None },
        ChargeStatus::Authorized => ChargeState::Authorized,
        ChargeStatus::Captured => ChargeState::Captured,
        ChargeStatus::Declined => {
            let reason = if charge.method == AUTHENTICATION_REQUIRED {
                REFUSED_BY_PAYER
            } else {
                DECLINE_REASON
            };
            ChargeState::Declined {
                reason: reason.into(),
            }
        }
        ChargeStatus::Voided => ChargeState::Voided,
    };
    let method_label = match charge.method.as_str() {
        VISA => "Test Visa •••• 4242",
        DECLINED => "Test Visa •••• 0002",
        AUTHENTICATION_REQUIRED => "Test Visa •••• 3155",
        _ => "Test card",
    };
    ChargeAnswer {
        state,
        method_label: method_label.into(),
        gateway_ref: format!("sandbox_{}", charge.key),
        refunded_minor: charge.refunded_minor,
    }
}

impl SandboxGateway {
    async fn moved(
        &self,
        key: &str,
        from: &[ChargeStatus],
        to: ChargeStatus,
    ) -> Result<ChargeAnswer, GatewayError> {
        match self
            .ledger
            .move_charge(key, from.to_vec(), to)
            .await
            .map_err(unclear)?
        {
            Ok(charge) => Ok(answer(charge)),
            Err(LedgerRefusal::UnknownCharge) => Err(GatewayError::Unknown),
            // It stands elsewhere already: whoever asks acts on where it stands.
            Err(LedgerRefusal::WrongState(_) | LedgerRefusal::OverRefund) => self.stands(key).await,
        }
    }

    async fn stands(&self, key: &str) -> Result<ChargeAnswer, GatewayError> {
        self.ledger
            .charge_by_key(key)
            .await
            .map_err(unclear)?
            .map(answer)
            .ok_or(GatewayError::Unknown)
    }
}

#[async_trait]
impl PaymentGateway for SandboxGateway {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn is_test(&self) -> bool {
        true
    }

    fn ways(&self) -> Ways {
        Ways {
            hosted: false,
            simulated: true,
            ..Ways::default()
        }
    }

    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        let status = match charge.method.as_str() {
            VISA => ChargeStatus::Authorized,
            DECLINED => ChargeStatus::Declined,
            AUTHENTICATION_REQUIRED => ChargeStatus::RequiresAction,
            _ => {
                return Err(GatewayError::Refused(
                    "The sandbox does not know this payment method.".into(),
                ));
            }
        };
        let booked = Charge {
            key: charge.key,
            status,
            amount: charge.amount,
            method: charge.method,
            refunded_minor: 0,
            created_at: charge.now,
        };
        self.ledger
            .charge(booked)
            .await
            .map(answer)
            .map_err(unclear)
    }

    async fn look(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.stands(&charge.key).await
    }

    async fn capture(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.moved(
            &charge.key,
            &[ChargeStatus::Authorized],
            ChargeStatus::Captured,
        )
        .await
    }

    async fn void(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.moved(
            &charge.key,
            &[ChargeStatus::RequiresAction, ChargeStatus::Authorized],
            ChargeStatus::Voided,
        )
        .await
    }

    async fn refund(
        &self,
        charge: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        match self
            .ledger
            .refund_charge(&charge.key, &refund.key, refund.amount, refund.now)
            .await
            .map_err(unclear)?
        {
            Ok(charge) => Ok(answer(charge)),
            Err(LedgerRefusal::UnknownCharge) => Err(GatewayError::Unknown),
            Err(LedgerRefusal::WrongState(status)) => Err(GatewayError::Refused(format!(
                "a charge that is {} cannot be refunded",
                status.as_str()
            ))),
            Err(LedgerRefusal::OverRefund) => Err(GatewayError::Refused(
                "more than was captured would go back".into(),
            )),
        }
    }

    async fn simulate(
        &self,
        charge: &ChargeName,
        succeed: bool,
    ) -> Result<ChargeAnswer, GatewayError> {
        let to = if succeed {
            ChargeStatus::Authorized
        } else {
            ChargeStatus::Declined
        };
        self.moved(&charge.key, &[ChargeStatus::RequiresAction], to)
            .await
    }
}
