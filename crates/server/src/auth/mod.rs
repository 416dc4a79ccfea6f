//! Who is calling and how they prove it: keys, tokens, passwords, sessions, cookies.
//!
//! What a caller may do is decided by the handlers and use cases, not here.

mod caller;
pub mod codes;
pub mod cookie;
mod device;
mod keys;
mod passwords;
mod sessions;
mod tokens;
mod webauthn;

pub use caller::{Address, Anybody, Caller, Who};
pub(crate) use caller::{guest_secret, idempotency_key};
pub(crate) use device::channel as sale_channel;
pub use keys::{GuestToken, Keys};
pub use passwords::{
    NO_PASSWORD, PASSWORD_MAX, PASSWORD_MIN, Passwords, check_password, has_password, hash_now,
};
pub(crate) use sessions::session_ended;
pub use sessions::{ACCESS_SECONDS, Opening, REFRESH_SECONDS, Secret, Sessions, Tokens, family_in};
pub use tokens::{digest, new_secret};
pub use webauthn::Passkeys;
