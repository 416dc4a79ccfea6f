//! What opens a guest's bookings: a token per booking, and the guest's own random bits that make a lost answer
//! repeatable. All of it in the keyring, in a ring of entries, so that it is bounded and survives the loss of the copy.

use crate::{
    error::ClientError,
    secrets::{Secret, Vault},
};
use data_encoding::HEXLOWER;
use matinee_api::BookingId;
use tokio::sync::Mutex;

const SECRET_ENTRY: &str = "guest-secret";
/// How many were ever kept: the next slot of the ring.
const COUNT_ENTRY: &str = "guest-bookings";
/// Bookings whose tokens are kept; the oldest gives way.
const SLOTS: u64 = 50;

/// One kept token.
struct Kept {
    booking: BookingId,
    token: Secret,
}

#[derive(Default)]
struct State {
    read: bool,
    count: u64,
    /// Oldest first.
    kept: Vec<Kept>,
}

/// The guest on this device.
pub(crate) struct Guests {
    vault: Vault,
    state: Mutex<State>,
}

impl Guests {
    pub(crate) fn new(vault: Vault) -> Self {
        Self {
            vault,
            state: Mutex::new(State::default()),
        }
    }

    /// The guest's random bits, made at first need and kept.
    pub(crate) async fn secret(&self) -> Result<Secret, ClientError> {
        // The lock keeps two first calls from making two.
        let _state = self.state.lock().await;
        if let Some(secret) = self.vault.get(SECRET_ENTRY).await? {
            return Ok(secret);
        }
        let mut bits = [0_u8; 16];
        getrandom::fill(&mut bits)
            .map_err(|_| ClientError::internal("The system has no random numbers."))?;
        let secret = Secret::new(HEXLOWER.encode(&bits));
        self.vault.set(SECRET_ENTRY, secret.clone()).await?;
        Ok(secret)
    }

    async fn read(&self, state: &mut State) -> Result<(), ClientError> {
        if state.read {
            return Ok(());
        }
        let count = self
            .vault
            .get(COUNT_ENTRY)
            .await?
            .and_then(|text| text.expose().parse().ok())
            .unwrap_or(0_u64);
        let mut kept = Vec::new();
        for number in count.saturating_sub(SLOTS)..count {
            let Some(entry) = self.vault.get(&slot(number)).await? else {
                continue;
            };
            let parsed = entry.expose().split_once(' ').and_then(|(id, token)| {
                Some(Kept {
                    booking: id.parse().ok()?,
                    token: Secret::new(token),
                })
            });
            if let Some(parsed) = parsed {
                // A booking opened again has a newer token further on.
                kept.retain(|kept: &Kept| kept.booking != parsed.booking);
                kept.push(parsed);
            }
        }
        *state = State {
            read: true,
            count,
            kept,
        };
        Ok(())
    }

    /// Keeps the token of a booking just made.
    pub(crate) async fn keep(&self, booking: BookingId, token: Secret) -> Result<(), ClientError> {
        let mut state = self.state.lock().await;
        self.read(&mut state).await?;
        if state
            .kept
            .iter()
            .any(|kept| kept.booking == booking && kept.token == token)
        {
            return Ok(());
        }
        let entry = Secret::new(format!("{booking} {}", token.expose()));
        self.vault.set(&slot(state.count), entry).await?;
        self.vault
            .set(COUNT_ENTRY, Secret::new((state.count + 1).to_string()))
            .await?;
        state.count += 1;
        state.kept.retain(|kept| kept.booking != booking);
        if state.kept.len() as u64 >= SLOTS {
            state.kept.remove(0);
        }
        state.kept.push(Kept { booking, token });
        Ok(())
    }

    /// The token that opens a booking, if it was made here as a guest.
    pub(crate) async fn token(&self, booking: BookingId) -> Option<Secret> {
        let mut state = self.state.lock().await;
        if let Err(error) = self.read(&mut state).await {
            tracing::warn!(%error, "the keyring was not read");
        }
        state
            .kept
            .iter()
            .find(|kept| kept.booking == booking)
            .map(|kept| kept.token.clone())
    }

    /// The bookings made here as a guest, newest first.
    pub(crate) async fn bookings(&self) -> Vec<BookingId> {
        let mut state = self.state.lock().await;
        if let Err(error) = self.read(&mut state).await {
            tracing::warn!(%error, "the keyring was not read");
        }
        state.kept.iter().rev().map(|kept| kept.booking).collect()
    }
}

fn slot(number: u64) -> String {
    format!("guest-booking-{}", number % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{SecretStore, SessionOnly};
    use matinee_api::TheaterId;
    use std::sync::Arc;

    fn booking(number: u8) -> BookingId {
        BookingId::from_parts(TheaterId::from_bytes([1; 16]), [number; 22])
    }

    fn vault() -> Vault {
        let store: Arc<dyn SecretStore> = Arc::new(SessionOnly::default());
        Vault::new(store, "https://a.example")
    }

    #[tokio::test]
    async fn tokens_are_found_again_after_a_restart_newest_first() {
        let vault = vault();
        let guests = Guests::new(vault.clone());
        for number in 0..3 {
            guests
                .keep(booking(number), Secret::new(format!("t{number}")))
                .await
                .expect("memory keeps it");
        }
        let again = Guests::new(vault);
        assert_eq!(again.bookings().await, [booking(2), booking(1), booking(0)]);
        assert_eq!(again.token(booking(1)).await, Some(Secret::new("t1")));
        assert_eq!(again.token(booking(9)).await, None);
    }

    #[tokio::test]
    async fn the_ring_is_bounded_and_the_oldest_gives_way() {
        let vault = vault();
        let guests = Guests::new(vault.clone());
        for number in 0..60 {
            guests
                .keep(booking(number), Secret::new("t"))
                .await
                .expect("memory keeps it");
        }
        let again = Guests::new(vault);
        for guests in [&guests, &again] {
            assert_eq!(guests.bookings().await.len() as u64, SLOTS);
            assert_eq!(guests.token(booking(9)).await, None);
            assert!(guests.token(booking(10)).await.is_some());
        }
    }

    #[tokio::test]
    async fn the_guests_bits_stay_the_same() {
        let vault = vault();
        let first = Guests::new(vault.clone())
            .secret()
            .await
            .expect("memory keeps it");
        assert_eq!(first.expose().len(), 32);
        assert_eq!(Guests::new(vault).secret().await.expect("kept"), first);
    }
}
