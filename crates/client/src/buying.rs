//! Holding, paying, cancelling, and the tickets. Every booking seen is kept on the device, tickets with their QR codes
//! as soon as there are any; a guest's token goes to the keyring and no further.

use crate::{
    cache::{Answered, GUEST, KeptBooking, has_tickets},
    client::Client,
    error::ClientError,
    fresh::Fresh,
    http::Call,
    secrets::Secret,
};
use futures_util::{StreamExt, stream};
use matinee_api::{
    BookRequest, Booking, BookingId, CancelAnswer, CancelRequest, ChangeRequest, GiftBalance,
    GiftBalanceRequest, Page, PaymentId, PaymentRequest, Receipt, SeatId, SimulateOutcome,
    SimulateRequest, TheaterId, Tickets, UserId,
};

/// A page of the copy's bookings begins at this place.
const LOCAL: &str = "copy.";
const PAGE: usize = 50;
/// Guests' bookings asked for at the same time.
const AT_ONCE: usize = 4;

impl Client {
    /// Holds seats. As a guest only where the booking's token can be kept: a booking nobody can open helps nobody.
    pub async fn book(&self, request: BookRequest, key: &str) -> Result<Booking, ClientError> {
        let mut call = Call::post("/book").json(&request)?.key(key);
        let user = self.inner.access.user().await;
        if user.is_none() {
            self.inner.vault.ready().await?;
            call = call.guest_secret(Some(self.inner.guests.secret().await?));
        }
        let booking: Booking = self.send_as_caller(call, None).await?.json()?;
        self.opened(booking).await
    }

    /// A booking as it stands.
    pub async fn booking(&self, id: BookingId) -> Result<Fresh<Booking>, ClientError> {
        self.read(
            move |client| async move { client.fetch_booking(id).await },
            |client| async move {
                Ok(client
                    .inner
                    .cache
                    .booking(id)
                    .await?
                    .map(|KeptBooking { booking, as_of }| (booking, as_of)))
            },
        )
        .await
    }

    pub(crate) async fn fetch_booking(&self, id: BookingId) -> Result<Booking, ClientError> {
        let (kept, etag) = self.inner.cache.seen_booking(id).await?.unzip();
        let call = Call::get(format!("/bookings/{id}")).if_none_match(etag);
        let answer = self.send_as_caller(call, Some(id)).await?;
        if let Some(kept) = kept
            && answer.status == 304
        {
            self.inner.cache.confirm_booking(id).await?;
            return Ok(kept);
        }
        let booking = answer.json()?;
        self.noted_as(booking, answer.etag).await
    }

    /// Changes a hold in one step; `version` is the one the caller saw.
    pub async fn change_booking(
        &self,
        id: BookingId,
        change: ChangeRequest,
        version: u64,
    ) -> Result<Booking, ClientError> {
        let call = Call::patch(format!("/bookings/{id}"))
            .json(&change)?
            .if_match(Some(version));
        let booking = self.send_as_caller(call, Some(id)).await?.json()?;
        self.noted(booking).await
    }

    /// A longer hold.
    pub async fn extend_hold(&self, id: BookingId, key: &str) -> Result<Booking, ClientError> {
        let call = Call::post(format!("/bookings/{id}/extend"))
            .json(&serde_json::json!({}))?
            .key(key);
        let booking = self.send_as_caller(call, Some(id)).await?.json()?;
        self.noted(booking).await
    }

    /// Gives the seats back at once.
    pub async fn release_hold(&self, id: BookingId) -> Result<(), ClientError> {
        self.send_as_caller(Call::delete(format!("/bookings/{id}")), Some(id))
            .await?;
        self.inner.cache.forget_booking(id).await?;
        Ok(())
    }

    /// Pays. The booking comes back confirmed, or with what the payer has to do next.
    pub async fn pay(&self, request: PaymentRequest, key: &str) -> Result<Booking, ClientError> {
        let id = request.booking_id;
        let call = Call::post("/payment").json(&request)?.key(key);
        let booking = self.send_as_caller(call, Some(id)).await?.json()?;
        let booking = self.noted(booking).await?;
        self.fetch_tickets_soon(&booking);
        Ok(booking)
    }

    /// What is on a gift card; its code is kept nowhere.
    pub async fn gift_balance(
        &self,
        theater_id: TheaterId,
        code: String,
    ) -> Result<GiftBalance, ClientError> {
        let call =
            Call::post("/gift-cards/balance").json(&GiftBalanceRequest { theater_id, code })?;
        self.send_as_caller(call, None).await?.json()
    }

    /// Plays the bank (sandbox only).
    pub async fn simulate_payment(
        &self,
        payment: PaymentId,
        booking: BookingId,
        outcome: SimulateOutcome,
        key: &str,
    ) -> Result<(), ClientError> {
        let call = Call::post(format!("/payments/{payment}/simulate"))
            .json(&SimulateRequest { outcome })?
            .key(key);
        self.send_as_caller(call, Some(booking)).await?;
        Ok(())
    }

    /// The signed tickets of a booking.
    pub async fn tickets(&self, id: BookingId) -> Result<Fresh<Tickets>, ClientError> {
        self.read(
            move |client| async move { client.fetch_tickets(id).await },
            |client| async move { Ok(client.inner.cache.tickets(id).await?) },
        )
        .await
    }

    pub(crate) async fn fetch_tickets(&self, id: BookingId) -> Result<Tickets, ClientError> {
        // Read before the tickets: if the booking changes in between, they are only fetched once more.
        let version = self
            .inner
            .cache
            .booking(id)
            .await?
            .map_or(0, |kept| kept.booking.version);
        let tickets: Tickets = self
            .send_as_caller(Call::get(format!("/bookings/{id}/tickets")), Some(id))
            .await?
            .json()?;
        self.inner
            .cache
            .keep_tickets(tickets.clone(), version)
            .await?;
        Ok(tickets)
    }

    /// The receipt of a paid booking, asked of the server each time.
    pub async fn receipt(&self, id: BookingId) -> Result<Receipt, ClientError> {
        let call = Call::get(format!("/bookings/{id}/receipt"));
        self.send_as_caller(call, Some(id)).await?.json()
    }

    /// Brings the tickets to the device before anybody asks for them.
    pub(crate) fn fetch_tickets_soon(&self, booking: &Booking) {
        if !has_tickets(booking.status) {
            return;
        }
        let (client, id) = (self.clone(), booking.booking_id);
        tokio::spawn(async move {
            if let Err(error) = client.fetch_tickets(id).await {
                tracing::warn!(%error, "the tickets come with the next sync");
            }
        });
    }

    /// Cancels the booking or some of its seats.
    pub async fn cancel(
        &self,
        id: BookingId,
        seat_ids: Option<Vec<SeatId>>,
        key: &str,
    ) -> Result<CancelAnswer, ClientError> {
        let call = Call::post(format!("/cancel/{id}"))
            .json(&CancelRequest { seat_ids })?
            .key(key);
        let answer: CancelAnswer = self.send_as_caller(call, Some(id)).await?.json()?;
        let booking = self.noted(answer.booking).await?;
        self.fetch_tickets_soon(&booking);
        Ok(CancelAnswer {
            booking,
            refund: answer.refund,
            gift_refund: answer.gift_refund,
        })
    }

    /// The signed-in person's bookings, newest first; for a guest, those made on this device.
    pub async fn bookings(
        &self,
        cursor: Option<String>,
    ) -> Result<Fresh<Page<Booking>>, ClientError> {
        let Some(user) = self.inner.access.user().await else {
            return self.guest_bookings().await;
        };
        let owner = user.to_string();
        if let Some(start) = cursor
            .as_deref()
            .and_then(|text| text.strip_prefix(LOCAL)?.parse::<usize>().ok())
        {
            let page = self.kept_bookings(owner, start).await?;
            return page
                .map(|(page, as_of)| Fresh::copied(page, as_of))
                .ok_or_else(|| ClientError::offline(""));
        }
        let first = cursor.is_none();
        self.read(
            move |client| async move { client.fetch_bookings(cursor.as_deref()).await },
            |client| async move {
                if first {
                    client.kept_bookings(owner, 0).await
                } else {
                    Ok(None)
                }
            },
        )
        .await
    }

    pub(crate) async fn fetch_bookings(
        &self,
        cursor: Option<&str>,
    ) -> Result<Page<Booking>, ClientError> {
        let call = Call::get("/users/me/bookings")
            .query("limit", Some(PAGE))
            .query("cursor", cursor);
        let answer = self.send_as_caller(call, None).await?;
        let page: Page<Booking> = answer.json()?;
        self.keep_page(cursor, &page, answer.etag).await?;
        Ok(page)
    }

    /// Brings a page of the person's bookings to the device if it changed; where the next one begins.
    pub(crate) async fn renew_bookings(
        &self,
        user: UserId,
        cursor: Option<String>,
    ) -> Result<Option<String>, ClientError> {
        let cache = &self.inner.cache;
        let seen = cache.seen_page(user, cursor.clone()).await?;
        let call = Call::get("/users/me/bookings")
            .query("limit", Some(PAGE))
            .query("cursor", cursor.as_ref())
            .if_none_match(seen.as_ref().map(|seen| seen.etag.clone()));
        let answer = self.send_as_caller(call, None).await?;
        if let Some(seen) = seen
            && answer.status == 304
        {
            if cursor.is_none() && seen.next_cursor.is_none() {
                cache.confirm_bookings(user).await?;
            }
            return Ok(seen.next_cursor);
        }
        let page: Page<Booking> = answer.json()?;
        self.keep_page(cursor.as_deref(), &page, answer.etag)
            .await?;
        Ok(page.next_cursor)
    }

    async fn keep_page(
        &self,
        cursor: Option<&str>,
        page: &Page<Booking>,
        etag: Option<String>,
    ) -> Result<(), ClientError> {
        let Some(user) = self.inner.access.user().await else {
            return Ok(());
        };
        let answered = etag.map(|etag| {
            let answered = Answered::Page {
                cursor: cursor.map(ToOwned::to_owned),
                next_cursor: page.next_cursor.clone(),
            };
            (answered, etag)
        });
        self.inner
            .cache
            .keep_answered(user.to_string(), page.items.clone(), answered)
            .await?;
        Ok(())
    }

    async fn kept_bookings(
        &self,
        owner: String,
        start: usize,
    ) -> Result<Option<(Page<Booking>, chrono::DateTime<chrono::Utc>)>, ClientError> {
        let kept = self.inner.cache.bookings(owner).await?;
        let Some(as_of) = kept.iter().map(|kept| kept.as_of).min() else {
            // None at all is an answer once the server said so.
            let synced_at = self.inner.cache.progress().await?.synced_at;
            return Ok(synced_at.map(|as_of| {
                (
                    Page {
                        items: Vec::new(),
                        next_cursor: None,
                    },
                    as_of,
                )
            }));
        };
        let end = start.saturating_add(PAGE);
        let next_cursor = (end < kept.len()).then(|| format!("{LOCAL}{end}"));
        let items = kept
            .into_iter()
            .skip(start)
            .take(PAGE)
            .map(|kept| kept.booking)
            .collect();
        Ok(Some((Page { items, next_cursor }, as_of)))
    }

    async fn guest_bookings(&self) -> Result<Fresh<Page<Booking>>, ClientError> {
        let ids = self.inner.guests.bookings().await;
        let found: Vec<Result<Fresh<Booking>, ClientError>> = stream::iter(ids)
            .map(|id| self.booking(id))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut answer = Fresh::now(Page {
            items: Vec::new(),
            next_cursor: None,
        });
        for one in found {
            match one {
                Ok(fresh) => {
                    answer.as_of = answer.as_of.min(fresh.as_of);
                    answer.offline |= fresh.offline;
                    answer.value.items.push(fresh.value);
                }
                // Gone from the server, or never here: the list goes on without it.
                Err(error) if matches!(error.status, Some(401 | 404)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(answer)
    }

    /// Puts a new booking's token into the keyring, then keeps the rest.
    pub(crate) async fn opened(&self, mut booking: Booking) -> Result<Booking, ClientError> {
        if let Some(token) = booking.guest_token.take() {
            self.inner
                .guests
                .keep(booking.booking_id, Secret::new(token))
                .await?;
        }
        self.noted(booking).await
    }

    /// Keeps a booking on the device. That it could not be kept does not make it less of an answer.
    async fn noted(&self, booking: Booking) -> Result<Booking, ClientError> {
        self.noted_as(booking, None).await
    }

    /// The same with the tag of the read that brought it.
    async fn noted_as(
        &self,
        mut booking: Booking,
        etag: Option<String>,
    ) -> Result<Booking, ClientError> {
        booking.guest_token = None;
        let owner = match self.inner.guests.token(booking.booking_id).await {
            Some(_) => GUEST.to_owned(),
            None => self
                .inner
                .access
                .user()
                .await
                .map_or_else(|| GUEST.to_owned(), |user| user.to_string()),
        };
        let answered = etag.map(|etag| (Answered::Booking(booking.booking_id), etag));
        let kept = vec![booking.clone()];
        if let Err(error) = self.inner.cache.keep_answered(owner, kept, answered).await {
            tracing::warn!(%error, "the booking was not kept on the device");
        }
        Ok(booking)
    }
}
