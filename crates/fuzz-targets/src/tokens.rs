//! Tickets, tokens and ids.

use crate::text;
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signer as _, SigningKey};
use http::{HeaderMap, HeaderValue, header};
use matinee_domain::ids::{
    BookingId, MovieId, NotificationId, PaymentId, Reference, RefundId, ScreenId, SeatMapId,
    ShowId, TheaterId, TicketId, UserId,
};
use matinee_server::{
    auth::{GuestToken, family_in},
    tickets::SignedTicket,
};
use std::{fmt::Display, str::FromStr};

/// What a ticket says before its signature.
const FACTS: usize = 87;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// What a door's scanner reads. Nothing the fuzzer thinks of is signed.
pub fn tickets(data: &[u8]) {
    let public = key().verifying_key();
    text(data, |text| {
        assert_eq!(SignedTicket::check(text, &public), None);
    });
}

/// The same for facts that are signed, whatever they are: those of a key gone mad.
pub fn signed_tickets(data: &[u8]) {
    let mut bytes = vec![1_u8; FACTS];
    for (slot, byte) in bytes.iter_mut().skip(1).zip(data) {
        *slot = *byte;
    }
    let signature = key().sign(&bytes);
    bytes.extend_from_slice(&signature.to_bytes());
    let text = format!("MT1:{}", BASE32_NOPAD.encode(&bytes));
    if let Some(ticket) = SignedTicket::check(&text, &key().verifying_key()) {
        assert_eq!(ticket.ticket_id.theater(), ticket.show_id.theater());
        let seconds = ticket.start_time.timestamp().to_be_bytes();
        assert_eq!(seconds, bytes[FACTS - 8..FACTS]);
    }
}

/// Session, refresh and guest tokens.
pub fn tokens(data: &[u8]) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(data) {
        headers.insert(header::AUTHORIZATION, value);
    }
    text(data, |text| {
        let families = family_in(&headers, Some(text), Some(text));
        assert!(families.len() <= 3);
        if let Some(token) = GuestToken::parse(text) {
            assert_eq!(token.as_str(), text);
        }
    });
}

/// An id has one spelling: what was read is written as it was read.
fn same_again<T: FromStr + Display>(text: &str) {
    if let Ok(id) = text.parse::<T>() {
        assert_eq!(id.to_string(), text);
    }
}

pub fn ids(data: &[u8]) {
    text(data, |text| {
        same_again::<TheaterId>(text);
        same_again::<ScreenId>(text);
        same_again::<SeatMapId>(text);
        same_again::<MovieId>(text);
        same_again::<ShowId>(text);
        same_again::<BookingId>(text);
        same_again::<PaymentId>(text);
        same_again::<RefundId>(text);
        same_again::<TicketId>(text);
        same_again::<NotificationId>(text);
        same_again::<UserId>(text);
        // A person types a reference in any way; once read it has one spelling.
        if let Ok(reference) = text.parse::<Reference>() {
            assert_eq!(reference.to_string().parse::<Reference>(), Ok(reference));
        }
    });
}
