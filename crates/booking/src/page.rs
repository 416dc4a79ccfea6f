//! Where a payer goes to pay, or to pass their bank's check: the gateway's own page.
//!
//! The gateway is asked each time: such an address holds for a while only, and is kept nowhere.

use crate::{
    desk::{Desk, is_at},
    error::SaleError,
    pay::payment,
    ports::{ChargeName, ChargeState, GatewayError},
};
use matinee_domain::{
    ids::{BookingId, PaymentId},
    payment::PaymentStatus,
};

/// Where to send a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentPage {
    /// To the gateway.
    AtGateway(String),
    /// Nothing is to be done there (any more): to their booking.
    Booking(BookingId),
}

impl Desk {
    /// Where a payment is paid.
    pub async fn payment_page(&self, payment_id: PaymentId) -> Result<PaymentPage, SaleError> {
        let gateway = self.gateway.clone().ok_or(SaleError::NoGateway)?;
        let file = self.store.booking_of_payment(payment_id).await?;
        let file = file.ok_or(SaleError::NoBooking)?;
        let booking = PaymentPage::Booking(file.booking.booking_id);
        let paid = payment(&file, payment_id)?;
        if paid.status != PaymentStatus::RequiresAction || !is_at(&*gateway, &file, paid) {
            return Ok(booking);
        }
        match gateway.look(&ChargeName::from(paid)).await {
            Ok(answer) => Ok(match answer.state {
                ChargeState::RequiresAction { url: Some(url) } => PaymentPage::AtGateway(url),
                _ => booking,
            }),
            Err(GatewayError::Unknown) => Ok(booking),
            Err(error) => Err(error.into()),
        }
    }
}
