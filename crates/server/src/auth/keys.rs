//! The secret keys of a database: made once, kept in it, the same on every server that opens it.

use chrono::{DateTime, Utc};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, Mac};
use matinee_booking::Entropy;
use matinee_domain::ids::{BookingId, UserId};
use matinee_store::{AccountStore, StoreError};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};
use subtle::ConstantTimeEq;

type HmacSha256 = Hmac<Sha256>;

/// How every guest token begins.
pub const GUEST_PREFIX: &str = "mg_";
/// Prefix and base32 of 32 bytes.
const GUEST_LEN: usize = 3 + 52;
/// Bytes of a cursor's seal.
const SEAL: usize = 12;

/// A guest's token as it was presented; good for one booking, which only [`Keys::is_guest_token`] can tell.
#[derive(Clone, PartialEq, Eq)]
pub struct GuestToken(String);

impl GuestToken {
    /// A presented token of the right form.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(GUEST_PREFIX)?;
        let plain = rest
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        (text.len() == GUEST_LEN && plain).then(|| Self(text.to_owned()))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
/// A secret: it has no readable form in logs.
impl fmt::Debug for GuestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestToken")
    }
}

struct Inner {
    guest: HmacSha256,
    cursor: HmacSha256,
    /// Keyed so that a stored digest of an address cannot be turned back by trying all addresses.
    caller: [u8; 32],
    ticket: SigningKey,
    ticket_key_id: String,
}

/// The keys of a database; cheap to clone. No Debug, no Serialize: they never leave.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

impl Keys {
    /// The keys of this database, made now if it has none.
    pub async fn load<S: AccountStore + ?Sized>(
        store: &S,
        entropy: &dyn Entropy,
    ) -> Result<Self, StoreError> {
        let guest = store.secret_key("guest_token", entropy.bytes()).await?;
        let cursor = store.secret_key("cursor", entropy.bytes()).await?;
        let caller = store.secret_key("caller_digest", entropy.bytes()).await?;
        let ticket = store.secret_key("ticket_ed25519", entropy.bytes()).await?;
        Ok(Self::from_bytes(guest, cursor, caller, ticket))
    }

    fn from_bytes(guest: [u8; 32], cursor: [u8; 32], caller: [u8; 32], ticket: [u8; 32]) -> Self {
        let ticket = SigningKey::from_bytes(&ticket);
        let key_digest = Sha256::digest(ticket.verifying_key().as_bytes());
        let mut ticket_key_id = BASE32_NOPAD.encode(&key_digest[..5]);
        ticket_key_id.make_ascii_lowercase();
        Self(Arc::new(Inner {
            guest: keyed(&guest),
            cursor: keyed(&cursor),
            caller,
            ticket,
            ticket_key_id,
        }))
    }

    /// Keys for tests.
    #[cfg(test)]
    pub fn for_tests() -> Self {
        Self::from_bytes([1; 32], [2; 32], [3; 32], [4; 32])
    }

    /// The token that opens this booking: derived, never stored.
    pub fn guest_token(&self, booking_id: BookingId) -> String {
        let mut text = String::with_capacity(GUEST_LEN);
        text.push_str(GUEST_PREFIX);
        BASE32_NOPAD.encode_append(&self.guest_mac(booking_id), &mut text);
        text.make_ascii_lowercase();
        text
    }

    /// Whether a text is the token of this booking, in constant time.
    pub fn is_guest_token(&self, booking_id: BookingId, text: &str) -> bool {
        self.guest_token(booking_id)
            .as_bytes()
            .ct_eq(text.as_bytes())
            .into()
    }

    fn guest_mac(&self, booking_id: BookingId) -> [u8; 32] {
        let mut mac = self.0.guest.clone();
        mac.update(booking_id.theater().as_bytes());
        mac.update(booking_id.own());
        mac.finalize().into_bytes().into()
    }

    /// What whoever started the server shows to become its first administrator: derived, never stored, the same after a
    /// restart and on every server of the database.
    pub fn setup_code(&self) -> String {
        let mut code = BASE32_NOPAD.encode(&self.caller_digest(*b"init", b"setup"));
        code.make_ascii_lowercase();
        code
    }

    /// Whether a text is that code, in constant time.
    pub fn is_setup_code(&self, text: &str) -> bool {
        self.setup_code().as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// Digest of a user, for limits kept in the database.
    pub fn user_digest(&self, user_id: UserId) -> [u8; 16] {
        self.caller_digest(*b"user", user_id.as_bytes())
    }

    /// Digest of an address (see [`crate::http::limits::address_key`]), for limits kept in the database.
    pub fn address_digest(&self, address: [u8; 16]) -> [u8; 16] {
        self.caller_digest(*b"addr", &address)
    }

    /// Digest of any text, for limits kept in memory.
    pub fn text_digest(&self, text: &str) -> [u8; 16] {
        self.caller_digest(*b"text", text.as_bytes())
    }

    /// What a session is called where its own id, which is secret, may not be said.
    pub fn session_name(&self, session_id: &[u8; 16]) -> String {
        let mut name = BASE32_NOPAD.encode(&self.caller_digest(*b"sess", session_id));
        name.make_ascii_lowercase();
        name
    }

    fn caller_digest(&self, kind: [u8; 4], bytes: &[u8]) -> [u8; 16] {
        let digest = Sha256::new()
            .chain_update(self.0.caller)
            .chain_update(kind)
            .chain_update(bytes)
            .finalize();
        first_16(&digest)
    }

    /// Seals a cursor: only this database's servers can make one. `kind` keeps cursors of different lists apart.
    pub fn seal_cursor(&self, kind: &str, payload: &[u8]) -> String {
        let mut bytes = payload.to_vec();
        bytes.extend_from_slice(&self.cursor_seal(kind, payload));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The payload of a cursor we sealed; `None` for anything else.
    pub fn open_cursor(&self, kind: &str, cursor: &str) -> Option<Vec<u8>> {
        if cursor.len() > 1024 {
            return None;
        }
        let mut bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let at = bytes.len().checked_sub(SEAL)?;
        let seal = bytes.split_off(at);
        bool::from(self.cursor_seal(kind, &bytes).ct_eq(&seal)).then_some(bytes)
    }

    fn cursor_seal(&self, kind: &str, payload: &[u8]) -> [u8; SEAL] {
        let mut mac = self.0.cursor.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(payload);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|index| full[index])
    }

    /// Signs what a ticket says.
    pub fn sign_ticket(&self, message: &[u8]) -> [u8; 64] {
        self.0.ticket.sign(message).to_bytes()
    }
    /// What a door checks tickets with.
    pub fn ticket_public_key(&self) -> VerifyingKey {
        self.0.ticket.verifying_key()
    }
    /// The short name of the ticket key, written into every ticket.
    pub fn ticket_key_id(&self) -> &str {
        &self.0.ticket_key_id
    }
}

fn keyed(key: &[u8; 32]) -> HmacSha256 {
    // HMAC takes keys of any length.
    <HmacSha256 as Mac>::new_from_slice(key).expect("HMAC takes any key")
}

/// The first 16 bytes of a SHA-256 digest.
pub(crate) fn first_16(digest: &[u8]) -> [u8; 16] {
    std::array::from_fn(|index| digest.get(index).copied().unwrap_or_default())
}

/// When an instant is so many seconds later.
pub(crate) fn after(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    now + chrono::TimeDelta::seconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_domain::ids::TheaterId;

    fn booking(own: u8) -> BookingId {
        BookingId::from_parts(TheaterId::from_bytes([9; 16]), [own; 22])
    }

    #[test]
    fn a_guest_token_opens_one_booking() {
        let keys = Keys::for_tests();
        let token = keys.guest_token(booking(1));
        assert!(keys.is_guest_token(booking(1), &token));
        assert!(!keys.is_guest_token(booking(2), &token));
        assert!(!keys.is_guest_token(booking(1), &token[..token.len() - 1]));
        assert!(GuestToken::parse(&token).is_some());
        assert!(GuestToken::parse("mg_short").is_none());
        assert_eq!(
            format!("{:?}", GuestToken::parse(&token)),
            "Some(GuestToken)"
        );
    }

    #[test]
    fn a_guest_token_has_one_form() {
        let token = Keys::for_tests().guest_token(booking(1));
        let rest = &token[GUEST_PREFIX.len()..];
        assert_eq!(
            GuestToken::parse(&token).as_ref().map(GuestToken::as_str),
            Some(&*token)
        );
        for other in [
            format!("mg_{}", &rest[1..]),
            format!("mg_{rest}a"),
            format!("mg_-{}", &rest[1..]),
            format!("mg_A{}", &rest[1..]),
            format!("mx_{rest}"),
            rest.to_owned(),
        ] {
            assert!(GuestToken::parse(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_cursor_has_a_greatest_length() {
        let keys = Keys::for_tests();
        for (bytes, opens) in [(768 - SEAL, true), (769 - SEAL, false)] {
            let payload = vec![7; bytes];
            let cursor = keys.seal_cursor("shows", &payload);
            assert_eq!(cursor.len() <= 1024, opens);
            let opened = keys.open_cursor("shows", &cursor);
            assert_eq!(opened, opens.then_some(payload));
        }
        assert_eq!(
            keys.open_cursor("shows", &keys.seal_cursor("shows", b"")),
            Some(vec![]),
            "nothing but a seal"
        );
    }

    /// Limits are counted by these: two callers with one digest would share them, one with two would have none.
    #[test]
    fn a_digest_is_of_one_thing_and_stays() {
        let keys = Keys::for_tests();
        let all = || {
            [
                keys.user_digest(UserId::from_bytes([5; 16])),
                keys.user_digest(UserId::from_bytes([6; 16])),
                keys.address_digest([5; 16]),
                keys.address_digest([6; 16]),
                keys.text_digest("a@example.org"),
                keys.text_digest("b@example.org"),
            ]
        };
        let mut digests = all().to_vec();
        assert_eq!(digests, all());
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), 6);
        let sixteen: Vec<u8> = (1..=16).collect();
        assert_eq!(first_16(&(1..=32).collect::<Vec<u8>>()), *sixteen);
    }

    #[test]
    fn a_ticket_is_signed_with_the_key_it_names() {
        let keys = Keys::for_tests();
        let signature = keys.sign_ticket(b"seat 5").into();
        let public = keys.ticket_public_key();
        assert!(public.verify_strict(b"seat 5", &signature).is_ok());
        assert!(public.verify_strict(b"seat 6", &signature).is_err());
        let digest = BASE32_NOPAD.encode(&Sha256::digest(public.as_bytes()));
        assert_eq!(keys.ticket_key_id(), digest[..8].to_lowercase());
    }

    #[test]
    fn a_cursor_of_another_hand_or_list_is_refused() {
        let keys = Keys::for_tests();
        let cursor = keys.seal_cursor("shows", b"page 2");
        assert_eq!(
            keys.open_cursor("shows", &cursor).as_deref(),
            Some(&b"page 2"[..])
        );
        assert!(keys.open_cursor("movies", &cursor).is_none());
        let mut forged = cursor.into_bytes();
        forged[0] ^= 1;
        assert!(
            keys.open_cursor("shows", &String::from_utf8(forged).unwrap())
                .is_none()
        );
        for nonsense in ["", "a", "????", "AAAA"] {
            assert!(keys.open_cursor("shows", nonsense).is_none());
        }
    }

    #[test]
    fn digests_of_users_and_addresses_never_meet() {
        let keys = Keys::for_tests();
        assert_ne!(
            keys.user_digest(UserId::from_bytes([5; 16])),
            keys.address_digest([5; 16])
        );
    }

    #[test]
    fn the_code_to_set_a_server_up_is_its_own() {
        let keys = Keys::for_tests();
        let code = keys.setup_code();
        assert_eq!(code.len(), 26);
        assert!(keys.is_setup_code(&code));
        let another = Keys::from_bytes([1; 32], [2; 32], [9; 32], [4; 32]).setup_code();
        for wrong in ["", &code[1..], &code.to_uppercase(), &another] {
            assert!(!keys.is_setup_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_session_is_called_by_a_name_that_is_not_its_secret() {
        let keys = Keys::for_tests();
        let name = keys.session_name(&[5; 16]);
        assert_eq!(name.len(), 26);
        assert_eq!(name, keys.session_name(&[5; 16]));
        assert_ne!(name, keys.session_name(&[6; 16]));
        assert_ne!(name, BASE32_NOPAD.encode(&[5; 16]).to_lowercase());
    }
}
