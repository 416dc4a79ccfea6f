//! What the use cases need from outside: a clock, randomness, a payment gateway. Passed in, so that tests and
//! simulations own them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{money::Money, settlement::AtGateway};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// Makes random bytes nobody can guess.
pub trait Entropy: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    /// An array of random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// A charge to begin. `key` is ours, one per payment: the gateway answers a repeated key with the first outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    pub key: String,
    pub amount: Money,
    /// The payer's token; never card data.
    pub method: String,
    /// What the payer reads on the statement.
    pub description: String,
    pub now: DateTime<Utc>,
}

/// Where a charge stands at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeState {
    /// The payer has to act; `url` where, if not in the sandbox.
    RequiresAction {
        url: Option<String>,
    },
    Authorized,
    Captured,
    Declined {
        reason: String,
    },
    Voided,
}

impl ChargeState {
    /// The bare state, as decisions see it.
    pub const fn at_gateway(&self) -> AtGateway {
        match self {
            Self::RequiresAction { .. } => AtGateway::RequiresAction,
            Self::Authorized => AtGateway::Authorized,
            Self::Captured => AtGateway::Captured,
            Self::Declined { .. } => AtGateway::Declined,
            Self::Voided => AtGateway::Voided,
        }
    }
}

/// What the gateway says of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeAnswer {
    pub state: ChargeState,
    /// What people read, e.g. "Visa •••• 4242".
    pub method_label: String,
    /// The gateway's own id.
    pub gateway_ref: String,
    pub refunded_minor: i64,
}

/// Why a gateway call gave no answer about the charge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// It may or may not have happened: ask again with the same key.
    #[error("the gateway does not answer: {0}")]
    Unclear(String),
    /// It did not happen and will not: the token is unknown, the amount is refused…
    #[error("the gateway refuses: {0}")]
    Refused(String),
    /// The gateway knows no charge with this key.
    #[error("the gateway knows no such charge")]
    Unknown,
}

/// A payment gateway. Every call may be repeated with the same key and then answers the same.
#[async_trait]
pub trait PaymentGateway: Send + Sync + 'static {
    /// A short stable name, e.g. `sandbox`.
    fn name(&self) -> &'static str;
    /// Payments here are not real; tickets say TEST.
    fn is_test(&self) -> bool;
    /// Begins a charge, authorizing it where the method allows.
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError>;
    /// Where a charge stands now.
    async fn look(&self, key: &str) -> Result<ChargeAnswer, GatewayError>;
    /// Takes authorized money.
    async fn capture(&self, key: &str) -> Result<ChargeAnswer, GatewayError>;
    /// Gives up a charge that was not captured.
    async fn void(&self, key: &str) -> Result<ChargeAnswer, GatewayError>;
    /// Pays back part of a captured charge, once per `refund_key`.
    async fn refund(
        &self,
        key: &str,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<ChargeAnswer, GatewayError>;
    /// (Sandbox only) plays the bank after `RequiresAction`.
    async fn simulate(&self, key: &str, succeed: bool) -> Result<ChargeAnswer, GatewayError>;
}
