//! The wire between the desk and what it calls. Every call has a number and a name; a fault can be armed for each.

use crate::turnstile::Turnstile;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, GatewayError, PaymentGateway, RefundAtGateway,
    RefundRequest, Ways,
};
use matinee_domain::{
    booking::BookingState,
    gift::GiftEntryKind,
    ids::{BookingId, PaymentId, Reference, ShowId, UserId},
    payment::{PaymentStatus, RefundStatus},
};
use matinee_store::{
    BookingStore, StoreError,
    bookings::{
        BookingFile, BookingRow, ChangeHold, HoldOutcome, HoldSeats, PaymentRow, RefundRow,
        SeatSnapshot, Step, StepOutcome,
    },
    idempotency::{IdempotencyKey, Lookup},
};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;

/// What can happen to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and had no effect.
    Error,
    /// It has its effect, the reply is lost.
    LostReply,
    /// The server dies before it.
    CrashBefore,
    /// The server dies after it, before it hears the reply.
    CrashAfter,
    /// It is done twice; the second reply is heard.
    Twice,
    /// It and every later call to the same side fails, until the outage ends.
    Outage,
}

impl Fault {
    pub const ALL: [Self; 6] = [
        Self::Error,
        Self::LostReply,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Twice,
        Self::Outage,
    ];

    /// A call that only reads has no effect to lose or to repeat.
    pub fn suits(self, call: &Call) -> bool {
        call.effect || matches!(self, Self::Error | Self::CrashBefore | Self::Outage)
    }
}

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Store,
    Gateway,
}

/// One call as it was made.
#[derive(Debug, Clone)]
pub struct Call {
    pub name: String,
    pub effect: bool,
}

#[derive(Default)]
struct Line {
    calls: Vec<Call>,
    armed: Vec<(usize, Fault)>,
    out: Option<Side>,
}

/// Counts calls and breaks those it was told to.
#[derive(Default)]
pub struct Wire {
    line: Mutex<Line>,
    crashed: Notify,
    /// In a simulation every call waits here for its turn, and hears there what goes wrong with it.
    turnstile: OnceLock<Arc<Turnstile>>,
}

impl Wire {
    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one call at a time through, in an order and with faults that `turnstile` decides.
    pub fn install(&self, turnstile: Arc<Turnstile>) {
        assert!(self.turnstile.set(turnstile).is_ok(), "installed twice");
    }

    /// Breaks the call of this number.
    pub fn arm(&self, call: usize, fault: Fault) {
        self.line().armed.push((call, fault));
    }
    /// What was called so far.
    pub fn calls(&self) -> Vec<Call> {
        self.line().calls.clone()
    }
    /// Everything answers again.
    pub fn heal(&self) {
        self.line().out = None;
    }
    /// The server has died: nothing that was running goes on.
    pub async fn crash(&self) {
        self.crashed.notified().await;
    }

    fn next(&self, side: Side, name: String, effect: bool) -> Option<Fault> {
        let mut line = self.line();
        let number = line.calls.len();
        let call = Call { name, effect };
        let fault = match self.turnstile.get() {
            Some(turnstile) => turnstile.fault(&call),
            None => line
                .armed
                .iter()
                .find(|(at, _)| *at == number)
                .map(|(_, fault)| *fault),
        };
        line.calls.push(call);
        if fault == Some(Fault::Outage) {
            line.out = Some(side);
        }
        if line.out == Some(side) {
            return Some(Fault::Error);
        }
        fault
    }

    async fn die<T>(&self) -> T {
        match self.turnstile.get() {
            Some(turnstile) => turnstile.crash(),
            None => self.crashed.notify_one(),
        }
        std::future::pending().await
    }

    async fn call<T, E, F>(
        &self,
        what: (Side, String, bool),
        error: E,
        call: impl Fn() -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        if let Some(turnstile) = self.turnstile.get() {
            turnstile.pass().await;
        }
        match self.next(what.0, what.1, what.2) {
            None => call().await,
            Some(Fault::Error | Fault::Outage) => Err(error),
            Some(Fault::LostReply) => call().await.and(Err(error)),
            Some(Fault::CrashBefore) => self.die().await,
            Some(Fault::CrashAfter) => {
                let _ = call().await;
                self.die().await
            }
            Some(Fault::Twice) => {
                let _ = call().await;
                call().await
            }
        }
    }
}

/// What a step does, in the saga's words.
fn describe(step: &Step) -> String {
    let mut words = Vec::new();
    for payment in &step.payments {
        words.push(match payment.status {
            PaymentStatus::Created => "attempt",
            PaymentStatus::RequiresAction => "action",
            PaymentStatus::Authorized => "authorized",
            PaymentStatus::Captured => "captured",
            PaymentStatus::PartlyRefunded | PaymentStatus::Refunded => "refunded",
            PaymentStatus::Declined => "declined",
            PaymentStatus::Voided => "voided",
        });
    }
    if step.to == BookingState::Confirmed && step.cancel_seats.is_empty() {
        words.push("confirm");
    }
    if !step.tickets.is_empty() {
        words.push("issue");
    }
    if !step.cancel_seats.is_empty() {
        words.push("cancel");
    }
    for refund in &step.refunds {
        if refund.status == RefundStatus::Pending {
            words.push(if refund.attempts == 0 {
                "claim-refund"
            } else {
                "note-attempt"
            });
        }
    }
    if step.to == BookingState::Released || !step.cancel_seats.is_empty() {
        words.push("release");
    }
    if step.to == BookingState::Expired {
        words.push("give-up");
    }
    if !step.messages.is_empty() {
        words.push("notify");
    }
    for entry in &step.gifts {
        words.push(match entry.kind {
            GiftEntryKind::Issue => "issue-gift",
            GiftEntryKind::Claim => "claim-gift",
            GiftEntryKind::Return => "return-gift",
            GiftEntryKind::Refund => "refund-gift",
        });
    }
    if words.is_empty() {
        words.push("extend");
    }
    words.join("+")
}

/// The store's bookings at the end of the wire.
pub struct WiredStore<S> {
    pub inner: Arc<S>,
    pub wire: Arc<Wire>,
}

fn lost() -> StoreError {
    StoreError::Unavailable("the wire is cut".into())
}

/// Calls through the wire; the arguments are cloned because a call may be made twice.
macro_rules! store_call {
    ($self:ident, $name:expr, $effect:expr, $method:ident($($arg:expr),*)) => {{
        let what = (Side::Store, $name, $effect);
        $self.wire.call(what, lost(), || $self.inner.$method($($arg.clone()),*)).await
    }};
}

#[async_trait]
impl<S: BookingStore> BookingStore for WiredStore<S> {
    async fn hold_seats(&self, hold: HoldSeats) -> Result<HoldOutcome, StoreError> {
        store_call!(self, "hold".into(), true, hold_seats(hold))
    }
    async fn change_hold(&self, change: ChangeHold) -> Result<HoldOutcome, StoreError> {
        store_call!(self, "change".into(), true, change_hold(change))
    }
    async fn step(&self, step: Step) -> Result<StepOutcome, StoreError> {
        store_call!(self, describe(&step), true, step(step))
    }
    async fn lookup(&self, key: IdempotencyKey) -> Result<Lookup, StoreError> {
        store_call!(self, "read key".into(), false, lookup(key))
    }
    async fn booking(&self, booking_id: BookingId) -> Result<Option<BookingFile>, StoreError> {
        store_call!(self, "read booking".into(), false, booking(booking_id))
    }
    async fn booking_by_reference(
        &self,
        reference: Reference,
    ) -> Result<Option<BookingFile>, StoreError> {
        self.inner.booking_by_reference(reference).await
    }
    async fn booking_of_payment(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<BookingFile>, StoreError> {
        store_call!(
            self,
            "read payment".into(),
            false,
            booking_of_payment(payment_id)
        )
    }
    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        self.inner.bookings_of(user, before, limit).await
    }
    async fn seats(&self, show_id: ShowId) -> Result<Option<SeatSnapshot>, StoreError> {
        self.inner.seats(show_id).await
    }
    async fn expired_holds(
        &self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingRow>, StoreError> {
        store_call!(self, "read due".into(), false, expired_holds(now, limit))
    }
    async fn expire_holds(
        &self,
        due: Vec<BookingId>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        store_call!(self, "expire".into(), true, expire_holds(due, now))
    }
    async fn unsettled(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        store_call!(
            self,
            "read unsettled".into(),
            false,
            unsettled(before, limit)
        )
    }
    async fn waiting(
        &self,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
        every: TimeDelta,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        store_call!(
            self,
            "read waiting".into(),
            false,
            waiting(since, now, every, limit)
        )
    }
    async fn pending_refunds(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<RefundRow>, StoreError> {
        store_call!(
            self,
            "read refunds".into(),
            false,
            pending_refunds(before, limit)
        )
    }
    async fn payments_of(
        &self,
        after: PaymentId,
        before: PaymentId,
        limit: u16,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        self.inner.payments_of(after, before, limit).await
    }
    async fn forget_records(&self, now: DateTime<Utc>, limit: u16) -> Result<usize, StoreError> {
        self.inner.forget_records(now, limit).await
    }
}

/// The bank at the end of the wire.
pub struct WiredGateway<G> {
    pub inner: G,
    pub wire: Arc<Wire>,
}

fn silence() -> GatewayError {
    GatewayError::Unclear("the wire is cut".into())
}

macro_rules! bank_call {
    ($self:ident, $name:literal, $effect:expr, $method:ident($($arg:expr),*)) => {{
        let what = (Side::Gateway, $name.to_owned(), $effect);
        $self.wire.call(what, silence(), || $self.inner.$method($($arg),*)).await
    }};
}

#[async_trait]
impl<G: PaymentGateway> PaymentGateway for WiredGateway<G> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn is_test(&self) -> bool {
        self.inner.is_test()
    }
    fn ways(&self) -> Ways {
        self.inner.ways()
    }
    fn prepares(&self) -> bool {
        self.inner.prepares()
    }
    async fn prepare(&self, charge: &ChargeRequest) -> Result<String, GatewayError> {
        bank_call!(self, "bank prepare", true, prepare(charge))
    }
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        bank_call!(self, "bank authorize", true, authorize(charge.clone()))
    }
    fn at_once(&self) -> usize {
        self.inner.at_once()
    }
    async fn look_refund(
        &self,
        key: &ChargeName,
        refund: &str,
    ) -> Result<RefundAtGateway, GatewayError> {
        self.inner.look_refund(key, refund).await
    }
    async fn look(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        bank_call!(self, "bank look", false, look(key))
    }
    async fn capture(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        bank_call!(self, "bank capture", true, capture(key))
    }
    async fn void(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        bank_call!(self, "bank void", true, void(key))
    }
    async fn refund(
        &self,
        key: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        bank_call!(self, "bank refund", true, refund(key, refund))
    }
    async fn simulate(
        &self,
        key: &ChargeName,
        succeed: bool,
    ) -> Result<ChargeAnswer, GatewayError> {
        bank_call!(self, "bank simulate", true, simulate(key, succeed))
    }
}
