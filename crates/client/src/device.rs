//! Whether this installation gets the messages of who is signed in, and the name under which the server knows it.
//!
//! The name is random, made anew for each account, and lies in the keyring beside the session: no file of this device tells
//! it, and what waits for one account is never told to the next. How the messages come is in [`crate::messages`].

use crate::{
    client::Client,
    error::ClientError,
    http::Call,
    secrets::{Secret, Vault},
};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::{
    ProblemCode, PushChannel, SubscriptionId, SubscriptionRequest, Subscriptions, UserId,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

const ENTRY: &str = "device";
/// Signing out waits no longer for a server that does not answer.
const LEAVING: Duration = Duration::from_secs(3);

/// As the keyring keeps it.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    /// Whose messages they are.
    u: UserId,
    /// What this installation calls itself.
    t: String,
    /// What the server calls it, once it said so.
    s: Option<SubscriptionId>,
}

/// This installation, as one that gets messages.
pub(crate) struct Device {
    vault: Vault,
    /// Held through a change: one at a time.
    changing: Mutex<()>,
    changes: watch::Sender<()>,
}

impl Device {
    pub(crate) fn new(vault: Vault) -> Self {
        Self {
            vault,
            changing: Mutex::new(()),
            changes: watch::Sender::new(()),
        }
    }

    /// Hears of everything that may change whose messages come here.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Somebody signed in or out, or the messages were switched.
    pub(crate) fn changed(&self) {
        self.changes.send_replace(());
    }

    async fn kept(&self) -> Result<Option<Kept>, ClientError> {
        let entry = self.vault.get(ENTRY).await?;
        Ok(entry.and_then(|entry| serde_json::from_str(entry.expose()).ok()))
    }

    /// The subscription of this account on this installation.
    pub(crate) async fn subscription(
        &self,
        user: UserId,
    ) -> Result<Option<SubscriptionId>, ClientError> {
        let kept = self.kept().await?.filter(|kept| kept.u == user);
        Ok(kept.and_then(|kept| kept.s))
    }

    async fn keep(&self, kept: &Kept) -> Result<(), ClientError> {
        let text = serde_json::to_string(kept)
            .map_err(|_| ClientError::internal("The name of this device cannot be written."))?;
        Ok(self.vault.set(ENTRY, Secret::new(text)).await?)
    }

    /// The server knows this subscription no more.
    pub(crate) async fn ended(&self, subscription: SubscriptionId) -> Result<(), ClientError> {
        let _one_at_a_time = self.changing.lock().await;
        let kept = self.kept().await?;
        if kept.is_some_and(|kept| kept.s == Some(subscription)) {
            self.vault.delete(ENTRY).await?;
        }
        Ok(())
    }
}

impl Client {
    /// Whether this installation gets the messages of who is signed in, as far as this device knows.
    pub async fn device_messages(&self) -> Result<bool, ClientError> {
        let Some(user) = self.inner.access.user().await else {
            return Ok(false);
        };
        Ok(self.inner.device.subscription(user).await?.is_some())
    }

    /// Switches the messages on this installation on or off; answers what is so now.
    pub async fn set_device_messages(&self, on: bool) -> Result<bool, ClientError> {
        let device = &self.inner.device;
        let _one_at_a_time = device.changing.lock().await;
        let user = self.inner.access.user().await.ok_or_else(|| {
            ClientError::problem(ProblemCode::Unauthenticated, "Sign in to do this.")
        })?;
        let kept = device.kept().await?.filter(|kept| kept.u == user);
        if on {
            self.subscribe(user, kept).await?;
        } else if let Some(kept) = kept {
            self.unsubscribe(&kept).await?;
            device.vault.delete(ENTRY).await?;
        }
        device.changed();
        Ok(on)
    }

    async fn subscribe(&self, user: UserId, kept: Option<Kept>) -> Result<(), ClientError> {
        let device = &self.inner.device;
        let mut kept = match kept {
            Some(kept) => kept,
            None => Kept {
                u: user,
                t: new_name()?,
                s: None,
            },
        };
        // Before the call: should its answer be lost, the next try is about the same subscription.
        device.keep(&kept).await?;
        let body = SubscriptionRequest {
            channel: PushChannel::App,
            endpoint: None,
            keys: None,
            token: Some(kept.t.clone()),
        };
        let call = Call::put("/users/me/subscriptions").json(&body)?;
        let listed: Subscriptions = self.send_as_caller(call, None).await?.json()?;
        let missing = || ClientError::invalid_answer("The subscription came without its id.", None);
        kept.s = Some(listed.subscribed.ok_or_else(missing)?);
        device.keep(&kept).await
    }

    /// Whether the server says that it does not know this subscription of who is signed in.
    pub(crate) async fn is_unknown(&self, id: SubscriptionId) -> bool {
        let call = Call::get("/users/me/subscriptions");
        let Ok(answer) = self.send_as_caller(call, None).await else {
            return false;
        };
        let listed = answer.json::<Subscriptions>();
        listed.is_ok_and(|listed| listed.items.iter().all(|one| one.subscription_id != id))
    }

    async fn unsubscribe(&self, kept: &Kept) -> Result<(), ClientError> {
        let Some(id) = kept.s else {
            return Ok(());
        };
        let call = Call::delete(format!("/subscriptions/{id}"));
        match self.send_as_caller(call, None).await {
            // It ended before: that is what was wanted.
            Err(error) if error.status == Some(404) => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    async fn unsubscribe_soon(&self, kept: &Kept) -> Result<(), ClientError> {
        let told = timeout(LEAVING, self.unsubscribe(kept)).await;
        told.unwrap_or_else(|_| Err(ClientError::internal("The server takes long to answer.")))
    }

    /// Ends the messages here in any case, and at the server as far as it can be reached: before the session ends, since
    /// nobody may do it afterwards.
    pub(crate) async fn leave_messages(&self) {
        let device = &self.inner.device;
        let _one_at_a_time = device.changing.lock().await;
        let left = match device.kept().await {
            // Here first: whoever closes the app while the server dawdles has left all the same.
            Ok(Some(kept)) => match device.vault.delete(ENTRY).await {
                Ok(()) => self.unsubscribe_soon(&kept).await,
                Err(error) => Err(error.into()),
            },
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = left {
            tracing::info!(%error, "the server was not told that this device wants no more messages");
        }
    }
}

/// 256 random bits.
fn new_name() -> Result<String, ClientError> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits)
        .map_err(|_| ClientError::internal("The system has no random numbers."))?;
    Ok(BASE64URL_NOPAD.encode(&bits))
}
