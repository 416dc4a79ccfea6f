//! A guest's way back to a booking made on another device: a link is mailed, and the link brings the booking.

use crate::{client::Client, error::ClientError, http::Call, secrets::Secret};
use data_encoding::HEXLOWER;
use matinee_api::{Booking, RecoverRedeemAnswer, RecoverRedeemRequest, RecoverRequest};

impl Client {
    /// Mails a single-use link when reference and e-mail belong together; answers alike either way.
    pub async fn recover_booking(
        &self,
        reference: String,
        email: String,
        key: &str,
    ) -> Result<(), ClientError> {
        let call = Call::post("/bookings/recover")
            .json(&RecoverRequest { reference, email })?
            .key(key)
            // Where there is no keyring the call is still good once.
            .guest_secret(self.inner.guests.secret().await.ok());
        self.inner.http.send(&call).await?;
        Ok(())
    }

    /// Opens the booking of a mailed link, from here on with its own token.
    pub async fn redeem_recovery(&self, token: String) -> Result<Booking, ClientError> {
        self.inner.vault.ready().await?;
        let key = self.redeem_key(&token)?;
        let call = Call::post("/bookings/recover/redeem")
            .json(&RecoverRedeemRequest { token })?
            .key(&key)
            .guest_secret(Some(self.inner.guests.secret().await?));
        let answer: RecoverRedeemAnswer = self.inner.http.send(&call).await?.json()?;
        let booking = self.opened(answer.booking).await?;
        self.fetch_tickets_soon(&booking);
        Ok(booking)
    }

    /// One key for one link, so that an answer lost on the way comes again.
    fn redeem_key(&self, token: &str) -> Result<String, ClientError> {
        let token = Secret::new(token);
        let mut last = self.inner.redeeming.lock();
        if let Some((known, key)) = &*last
            && *known == token
        {
            return Ok(key.clone());
        }
        let mut bits = [0_u8; 16];
        getrandom::fill(&mut bits)
            .map_err(|_| ClientError::internal("The system has no random numbers."))?;
        let key = HEXLOWER.encode(&bits);
        *last = Some((token, key.clone()));
        Ok(key)
    }
}
