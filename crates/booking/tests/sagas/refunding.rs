//! The sandbox bank with somebody before its refunds, who looks at each and may keep it from the bank. Everything else is the
//! bank's own.

use async_trait::async_trait;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, GatewayError, PaymentGateway, RefundRequest, Ways,
};
use matinee_integrations::SandboxGateway;

type Looks = Box<dyn Fn(&RefundRequest) -> Result<(), GatewayError> + Send + Sync>;

pub struct Refunding {
    inner: SandboxGateway,
    looks: Looks,
}

impl Refunding {
    pub fn new(
        inner: SandboxGateway,
        looks: impl Fn(&RefundRequest) -> Result<(), GatewayError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner,
            looks: Box::new(looks),
        }
    }
}

#[async_trait]
impl PaymentGateway for Refunding {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn is_test(&self) -> bool {
        true
    }
    fn ways(&self) -> Ways {
        self.inner.ways()
    }
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        self.inner.authorize(charge).await
    }
    async fn look(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.inner.look(name).await
    }
    async fn capture(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.inner.capture(name).await
    }
    async fn void(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.inner.void(name).await
    }
    async fn refund(
        &self,
        name: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        (self.looks)(refund)?;
        self.inner.refund(name, refund).await
    }
}
