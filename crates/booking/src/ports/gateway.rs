//! What selling needs of a payment gateway, whichever it is. A gateway is a folder of `integrations` with this one trait;
//! the conformance suite there tells every gateway the same stories.

use super::GatewayHealth;
use crate::gateway_event::GatewayEvent;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::BookingId,
    money::{Currency, Money},
    settlement::AtGateway,
};
use matinee_store::bookings::PaymentRow;
use std::sync::Arc;

/// As a payment method: the payer chooses on the gateway's own page.
pub const HOSTED: &str = "hosted";

/// A charge to begin. `key` is ours, one per payment: the gateway answers a repeated key with the first outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    pub key: String,
    /// The gateway's own id, once it is on record; always there when a gateway that prepares is to authorize.
    pub gateway_ref: Option<String>,
    pub booking_id: BookingId,
    pub amount: Money,
    /// The payer's token, or [`HOSTED`]; never card data.
    pub method: String,
    /// What the payer reads on the statement.
    pub description: String,
    /// When the payment was recorded: the same however often it is asked, so that what is sent is the same.
    pub begun: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// Which charge is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeName {
    /// Our key.
    pub key: String,
    /// The gateway's own id, as far as it is on record.
    pub gateway_ref: Option<String>,
    /// What it is about; a charge of another amount is not the one that is meant.
    pub amount: Money,
}

impl From<&PaymentRow> for ChargeName {
    fn from(payment: &PaymentRow) -> Self {
        Self {
            key: payment.payment_id.to_string(),
            gateway_ref: payment.gateway_ref.clone(),
            amount: payment.amount,
        }
    }
}

/// Money to give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Ours, one per refund: repeated, nothing more goes back.
    pub key: String,
    pub amount: Money,
    /// What went back of the charge before, by our books, in minor units.
    pub before_minor: i64,
    pub now: DateTime<Utc>,
}

/// What became of a refund at the gateway, after it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundAtGateway {
    /// The gateway has none with this key.
    Unknown,
    /// It is on its way, or arrived.
    Taken,
    /// It came to nothing: the payer does not have the money.
    Failed,
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

impl ChargeAnswer {
    /// An answer made up on our side, for a charge that the gateway does not have.
    pub fn without_charge(state: ChargeState) -> Self {
        Self {
            state,
            method_label: String::new(),
            gateway_ref: String::new(),
            refunded_minor: 0,
        }
    }
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

/// The ways of paying that a gateway offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    /// On the gateway's own page: [`HOSTED`] is a method.
    pub hosted: bool,
    /// With test names, and a bank that callers play.
    pub simulated: bool,
    /// The least it charges, in minor units, by currency; of others nothing is known, and it says so itself when asked.
    pub minimums: &'static [(&'static str, i64)],
}

impl Ways {
    /// The least that can be charged in a currency, where one is known. Nothing at all can always be.
    pub fn minimum(&self, currency: Currency) -> Option<Money> {
        let mut known = self.minimums.iter();
        let (_, minor) = known.find(|(code, _)| *code == currency.code())?;
        Some(Money::new(*minor, currency))
    }
}

/// A message that claims to come from the gateway, as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its headers, names in small letters; those that are no text are left out.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub now: DateTime<Utc>,
}

impl<'a> Message<'a> {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| *own == name)
            .map(|(_, value)| *value)
    }
}

/// A genuine message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The gateway's id of the message, the same when it is told again.
    pub id: String,
    /// What it says about a charge of ours, if anything.
    pub event: Option<GatewayEvent>,
}

/// Why a message is not taken. None of it tells a stranger what would have been right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    #[error("this gateway sends no messages, or none are set up")]
    NotExpected,
    #[error("the signature is missing or wrong")]
    Signature,
    #[error("the message is too old, or from the future")]
    Stale,
    #[error("the message cannot be read")]
    Malformed,
    #[error("the message is of another account or mode")]
    NotOurs,
}

/// What the gateway's own books say of a charge, to be compared with ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCharge {
    /// Our key, if it carries one.
    pub key: Option<String>,
    pub gateway_ref: String,
    pub amount: Money,
    /// Money that came, in minor units.
    pub captured_minor: i64,
    /// Money that went back or is on its way.
    pub refunded_minor: i64,
    /// Authorized and not taken.
    pub held: bool,
    pub created_at: DateTime<Utc>,
}

/// A page of the gateway's list, newest or oldest first as the gateway likes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChargePage {
    pub charges: Vec<ListedCharge>,
    /// For the next call; `None` at the end.
    pub next: Option<String>,
}

/// A payment gateway. Every call may be repeated with the same key: what moves money moves it once. `prepare` alone may
/// make a second charge, at a gateway that forgets keys; only the one on record is ever authorized.
///
/// A gateway that [prepares](Self::prepares) makes a charge in two steps: `prepare` makes one that moves no money and that
/// nobody can pay yet, its id goes on record here, and only then is `authorize` asked, for that id. So there is one charge
/// per payment by our own records, whatever answers were lost, and a charge that is not on record holds no money.
#[async_trait]
pub trait PaymentGateway: Send + Sync + 'static {
    /// A short stable name, e.g. `sandbox`.
    fn name(&self) -> &'static str;
    /// Payments here are not real; tickets say TEST.
    fn is_test(&self) -> bool;
    /// How people can pay.
    fn ways(&self) -> Ways;
    /// Whether a charge is prepared first.
    fn prepares(&self) -> bool {
        false
    }
    /// Calls that may be under way at once when many payments are to be looked at.
    fn at_once(&self) -> usize {
        1
    }
    /// Whose account it takes money for, as far as it knows: what was begun at another one cannot be finished here.
    fn account(&self) -> Option<String> {
        None
    }
    /// Makes a charge without moving money; the gateway's id of it.
    async fn prepare(&self, charge: &ChargeRequest) -> Result<String, GatewayError> {
        Ok(charge.key.clone())
    }
    /// Begins a charge, authorizing it where the method allows.
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError>;
    /// Where a charge stands now.
    async fn look(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError>;
    /// Takes authorized money.
    async fn capture(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError>;
    /// Gives up a charge that was not captured.
    async fn void(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError>;
    /// Pays back part of a captured charge, once per refund key.
    async fn refund(
        &self,
        charge: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError>;
    /// What became of a refund that was taken; nothing is paid by asking.
    async fn look_refund(&self, _: &ChargeName, _: &str) -> Result<RefundAtGateway, GatewayError> {
        Ok(RefundAtGateway::Taken)
    }
    /// Plays the bank after `RequiresAction`, where [`Ways::simulated`] says so.
    async fn simulate(&self, _: &ChargeName, _: bool) -> Result<ChargeAnswer, GatewayError> {
        Err(GatewayError::Refused(
            "this gateway's bank cannot be played".into(),
        ))
    }
    /// Reads a message, once it is certain that the gateway sent it.
    fn news(&self, _: Message<'_>) -> Result<News, NotGenuine> {
        Err(NotGenuine::NotExpected)
    }
    /// A page of the charges that were begun from the one moment on and before the other; `None` when this gateway has no
    /// list of its own.
    async fn charges(
        &self,
        _from: DateTime<Utc>,
        _before: DateTime<Utc>,
        _page: Option<String>,
    ) -> Result<Option<ChargePage>, GatewayError> {
        Ok(None)
    }
    /// How calling it goes, for metrics.
    fn health(&self) -> Option<Arc<GatewayHealth>> {
        None
    }
}
