//! The slot of a kept answer where a guest's token goes: the token is derived when the answer is sent.

use crate::{auth::Keys, render};
use bytes::Bytes;
use matinee_domain::ids::BookingId;
use serde::Deserialize;

/// The booking a kept answer is about: the answer itself, or inside it.
#[derive(Deserialize)]
struct About {
    booking_id: Option<BookingId>,
    booking: Option<Inner>,
}
#[derive(Deserialize)]
struct Inner {
    booking_id: BookingId,
}

/// Puts the token where the answer has a slot for it; `booking` where it is known already.
pub(super) fn filled(keys: &Keys, body: &Bytes, booking: Option<BookingId>) -> Bytes {
    let slot = render::guest_token_slot().as_bytes();
    // Not `windows`: comparing at every place was a twentieth of what a hold costs.
    let Some(at) = memchr::memmem::find(body, slot) else {
        return body.clone();
    };
    let booking = booking.or_else(|| {
        let about: About = serde_json::from_slice(body).ok()?;
        about.booking_id.or(about.booking.map(|b| b.booking_id))
    });
    let Some(booking) = booking else {
        return body.clone();
    };
    let token = keys.guest_token(booking);
    let mut out = Vec::with_capacity(body.len() + token.len());
    out.extend_from_slice(&body[..at]);
    out.extend_from_slice(token.as_bytes());
    out.extend_from_slice(&body[at + slot.len()..]);
    out.into()
}
