//! Stripe: Payment Intents with manual capture where the method allows it, Stripe's own page to pay on, refunds, signed
//! messages. Card data never comes here: a token names it, or the payer types it at Stripe.
//!
//! A charge is prepared (an intent nobody can pay yet, or a page nobody knows) and its id goes on record before Stripe is
//! asked to move money; only what is on record is ever confirmed. So there is one charge per payment even at a gateway
//! that forgets idempotency keys, and what was prepared and lost costs nobody anything. Which of our payments a charge
//! pays for stands in its metadata and is compared, with amount, currency and mode, whenever one is read.

mod api;
mod change;
mod checkout;
mod currency;
mod list;
mod objects;
mod reading;
mod refunds;
mod settings;
mod webhook;

pub use settings::{BadSettings, StripeSettings};
pub use webhook::parse;

use api::{ACCOUNT, Api, Failure, GATEWAY, form};
use async_trait::async_trait;
use change::{CAPTURE, CONFIRM};
use chrono::{DateTime, Utc};
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargePage, ChargeRequest, ChargeState, GatewayError, GatewayHealth,
    HOSTED, Message, News, NotGenuine, PaymentGateway, RefundAtGateway, RefundRequest, Ways,
};
use objects::{Account, BOOKING, Intent, IntentStatus, PAYMENT};
use reading::{answer, not_there, refused};
use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, OnceLock},
};
use tokio::sync::{Mutex, MutexGuard};

/// What is asked for along with an intent.
const EXPANDED: [(&str, &str); 2] = [
    ("expand[]", "latest_charge"),
    ("expand[]", "payment_method"),
];
/// A charge that costs nothing is none of Stripe's business.
const FREE: &str = "free_";
const PAGE: &str = "cs_";
/// Calls about one charge wait for each other. Which lane is a charge's is chance: of so many, two charges that are paid at
/// the same time hardly ever share one.
const LANES: usize = 1 << 15;
/// Calls under way at once when the jobs look at many payments; Stripe takes a hundred a second.
const AT_ONCE: usize = 16;

/// Why the gateway cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripeUnusable {
    #[error("no connection to Stripe can be made: {0}")]
    Client(String),
    /// Stripe said so, just now.
    #[error("{}", matinee_booking::Trouble::Key.advice())]
    Key,
}

/// Stripe as a payment gateway.
pub struct StripeGateway {
    api: Api,
    settings: StripeSettings,
    /// Ours, as far as Stripe has told it.
    account: OnceLock<String>,
    lanes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl StripeGateway {
    /// A gateway that has asked nothing yet.
    pub fn new(settings: StripeSettings) -> Result<Self, StripeUnusable> {
        Ok(Self {
            api: Api::new(&settings).map_err(StripeUnusable::Client)?,
            settings,
            account: OnceLock::new(),
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        })
    }

    /// Asks Stripe whose key this is. A refused key is an error; that Stripe does not answer now, or does not tell this
    /// key, is none: selling can begin and is told how it goes.
    pub async fn introduce(&self) -> Result<(), StripeUnusable> {
        match self.api.get::<Account>(ACCOUNT, Vec::new()).await {
            Ok(account) => {
                tracing::info!(
                    account = account.id,
                    test = self.is_test(),
                    "Stripe knows us"
                );
                let _ = self.account.set(account.id);
                Ok(())
            }
            Err(_) if self.api.health.now() == Some(matinee_booking::Trouble::Key) => {
                Err(StripeUnusable::Key)
            }
            Err(Failure::Refused { status: 403, .. }) => {
                tracing::info!(
                    "this key may not read its account: messages of other accounts cannot be told apart, and that the key \
                     is of the same account as before cannot be checked"
                );
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    async fn lane(&self, key: &str) -> MutexGuard<'_, ()> {
        self.lanes[self.lane_of(key)].lock().await
    }

    fn lane_of(&self, key: &str) -> usize {
        self.hasher.hash_one(key) as usize % LANES
    }

    /// The intent of a charge: what is on record, or what its page led to.
    async fn intent(&self, charge: &ChargeName) -> Result<Found, GatewayError> {
        match charge.gateway_ref.as_deref() {
            // Nothing was prepared that is on record, so nothing is charged.
            None => Err(GatewayError::Unknown),
            Some(free) if free.starts_with(FREE) => Ok(Found::Free),
            Some(page) if page.starts_with(PAGE) => self.page(charge, page).await,
            Some(id) => {
                let path = format!("/v1/payment_intents/{id}");
                let read = self.api.get::<Intent>(&path, form(EXPANDED)).await;
                let intent = read.map_err(not_there)?;
                self.checked(charge, &intent)?;
                Ok(Found::Intent(Box::new(intent)))
            }
        }
    }

    /// Refuses to act on what is not the charge that is meant.
    fn checked(&self, charge: &ChargeName, intent: &Intent) -> Result<(), GatewayError> {
        let (amount, currency) = currency::to_stripe(charge.amount)?;
        let differs = |what: &str| {
            let said = format!(
                "{} differs in its {what} from payment {}",
                intent.id, charge.key
            );
            Err(self.api.nonsense(&said))
        };
        if intent.metadata.get(PAYMENT) != Some(&charge.key) {
            return differs("payment");
        }
        if intent.amount != amount || !intent.currency.eq_ignore_ascii_case(&currency) {
            return differs("amount");
        }
        if intent.livemode == self.is_test() {
            return differs("mode");
        }
        Ok(())
    }

    /// Makes an intent for a token.
    async fn prepare_intent(&self, charge: &ChargeRequest) -> Result<String, GatewayError> {
        let (amount, currency) = currency::to_stripe(charge.amount)?;
        let members = form([
            ("amount", &amount.to_string()),
            ("currency", &currency),
            ("capture_method", "manual"),
            ("payment_method", &charge.method),
            ("description", &charge.description),
            (&format!("metadata[{PAYMENT}]"), &charge.key),
            (
                &format!("metadata[{BOOKING}]"),
                &charge.booking_id.to_string(),
            ),
        ]);
        let made = self
            .api
            .post::<Intent>("/v1/payment_intents", members, &charge.key)
            .await;
        let intent = made.map_err(refused)?.object;
        self.checked(&name_of(charge), &intent)?;
        Ok(intent.id)
    }

    fn return_url(&self, charge: &ChargeRequest) -> String {
        format!(
            "{}/bookings/{}/paid",
            self.settings.return_to, charge.booking_id
        )
    }
}

/// What stands behind a charge.
enum Found {
    Intent(Box<Intent>),
    /// The page itself, which led to no intent (yet).
    Page(ChargeAnswer),
    Free,
}

impl Found {
    /// How it stands; what costs nothing stands as was wished.
    fn answer(self, free: ChargeState) -> Result<ChargeAnswer, GatewayError> {
        match self {
            Self::Free => Ok(ChargeAnswer::without_charge(free)),
            Self::Page(answer) => Ok(answer),
            Self::Intent(intent) => answer(&intent),
        }
    }
}

fn name_of(charge: &ChargeRequest) -> ChargeName {
    ChargeName {
        key: charge.key.clone(),
        gateway_ref: charge.gateway_ref.clone(),
        amount: charge.amount,
    }
}

/// The intent of a charge that has one on record itself, and no page before it.
fn intent_of(charge: &ChargeName) -> Option<&str> {
    let id = charge.gateway_ref.as_deref()?;
    (!id.starts_with(PAGE) && !id.starts_with(FREE)).then_some(id)
}

#[async_trait]
impl PaymentGateway for StripeGateway {
    fn name(&self) -> &'static str {
        GATEWAY
    }

    fn is_test(&self) -> bool {
        self.settings.is_test()
    }

    fn ways(&self) -> Ways {
        Ways {
            hosted: true,
            minimums: currency::MINIMUMS,
            ..Ways::default()
        }
    }

    fn prepares(&self) -> bool {
        true
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn account(&self) -> Option<String> {
        self.account.get().cloned()
    }

    async fn prepare(&self, charge: &ChargeRequest) -> Result<String, GatewayError> {
        let _lane = self.lane(&charge.key).await;
        if charge.amount.amount_minor == 0 {
            return Ok(format!("{FREE}{}", charge.key));
        }
        if charge.method == HOSTED {
            self.prepare_page(charge).await
        } else {
            self.prepare_intent(charge).await
        }
    }

    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        let _lane = self.lane(&charge.key).await;
        let name = name_of(&charge);
        let Some(id) = intent_of(&name) else {
            return self.intent(&name).await?.answer(ChargeState::Authorized);
        };
        let members = form([("return_url", &*self.return_url(&charge))]);
        let still = (id, IntentStatus::RequiresConfirmation);
        let made = self.change(&name, still, (CONFIRM, members)).await;
        self.or_give_up(&name, still, made).await
    }

    async fn look(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        let found = self.intent(charge).await?;
        found.answer(ChargeState::Authorized)
    }

    async fn capture(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        let _lane = self.lane(&charge.key).await;
        let still = IntentStatus::RequiresCapture;
        let led_to;
        let id = if let Some(id) = intent_of(charge) {
            id
        } else {
            match self.intent(charge).await? {
                Found::Intent(intent) if intent.status == still => led_to = intent,
                found => return found.answer(ChargeState::Captured),
            }
            &led_to.id
        };
        let made = self
            .change(charge, (id, still), (CAPTURE, Vec::new()))
            .await;
        self.or_give_up(charge, (id, still), made).await
    }

    async fn void(&self, charge: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        let _lane = self.lane(&charge.key).await;
        match self.intent(charge).await? {
            Found::Intent(intent) => self.cancel(charge, intent).await,
            Found::Page(page) if matches!(page.state, ChargeState::RequiresAction { .. }) => {
                self.expire_page(charge, &page.gateway_ref).await
            }
            found => found.answer(ChargeState::Voided),
        }
    }

    async fn refund(
        &self,
        charge: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        let _lane = self.lane(&charge.key).await;
        self.pay_back(charge, refund).await
    }

    async fn look_refund(
        &self,
        charge: &ChargeName,
        key: &str,
    ) -> Result<RefundAtGateway, GatewayError> {
        self.refund_stands(charge, key).await
    }

    fn news(&self, message: Message<'_>) -> Result<News, NotGenuine> {
        let account = self.account.get().map(String::as_str);
        webhook::read(&self.settings, account, message)
    }

    async fn charges(
        &self,
        from: DateTime<Utc>,
        before: DateTime<Utc>,
        page: Option<String>,
    ) -> Result<Option<ChargePage>, GatewayError> {
        self.listed(from, before, page).await.map(Some)
    }

    fn health(&self) -> Option<Arc<GatewayHealth>> {
        Some(Arc::clone(&self.api.health))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    /// Five hundred people who pay at the same moment have a lane each, but for a few by bad luck.
    #[test]
    fn strangers_hardly_ever_share_a_lane() {
        let (key, webhook) = (Secret::new("sk_test_x"), Secret::new("whsec_x"));
        let settings = StripeSettings::new(key, &webhook, "").unwrap();
        let gateway = StripeGateway::new(settings).unwrap();
        let lanes = (0..500).map(|number| gateway.lane_of(&format!("payment {number}")));
        let lanes: std::collections::HashSet<_> = lanes.collect();
        assert!(lanes.len() > 470, "{}", lanes.len());
    }
}
