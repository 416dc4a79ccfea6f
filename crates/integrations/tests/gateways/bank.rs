//! A gateway with its bank, as the stories see them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_booking::{ChargeAnswer, ChargeName, ChargeRequest, GatewayError, PaymentGateway};
use matinee_domain::{
    ids::{self, BookingId, PaymentId, TheaterId},
    money::{Currency, Money},
};

/// What the bank's own books say of one of our keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Books {
    /// Charges that hold or took money.
    pub charges: usize,
    pub held: i64,
    pub captured: i64,
    pub refunded: i64,
}

/// A gateway and its bank.
#[async_trait]
pub trait Bank: Send + Sync {
    fn gateway(&self) -> &dyn PaymentGateway;
    /// What people read of the token that is taken, at its end.
    fn label(&self) -> &'static str {
        "Visa •••• 4242"
    }
    /// A token that is taken, one that is declined, one whose payer's bank asks.
    fn tokens(&self) -> [&'static str; 3];
    /// The payer's bank answers.
    async fn plays(&self, charge: &ChargeName, yes: bool);
    /// In the unit the gateway's API counts in.
    async fn books(&self, key: &str) -> Books;
}

pub fn now() -> DateTime<Utc> {
    Utc::now()
}

pub fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::new(*b"EUR"))
}

/// A payment nobody has heard of yet.
pub fn request(method: &str, amount: Money) -> ChargeRequest {
    let theater = TheaterId::from_bytes([7; 16]);
    let unique = || ids::time_ordered(now().timestamp_millis(), rand());
    ChargeRequest {
        key: PaymentId::from_parts(theater, unique()).to_string(),
        gateway_ref: None,
        booking_id: BookingId::from_parts(theater, unique()),
        amount,
        method: method.to_owned(),
        description: "Kino am Markt ABC234".into(),
        begun: now(),
        now: now(),
    }
}

fn rand<const N: usize>() -> [u8; N] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; N];
    let number = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let start = N - number.len();
    bytes[start..].copy_from_slice(&number);
    bytes
}

pub fn name(charge: &ChargeRequest) -> ChargeName {
    ChargeName {
        key: charge.key.clone(),
        gateway_ref: charge.gateway_ref.clone(),
        amount: charge.amount,
    }
}

/// What the desk does: what is prepared goes on record, then the charge is authorized.
pub async fn begin(
    gateway: &dyn PaymentGateway,
    charge: &mut ChargeRequest,
) -> Result<ChargeAnswer, GatewayError> {
    if gateway.prepares() && charge.gateway_ref.is_none() {
        charge.gateway_ref = Some(gateway.prepare(charge).await?);
    }
    gateway.authorize(charge.clone()).await
}
