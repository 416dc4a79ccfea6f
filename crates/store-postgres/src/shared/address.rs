//! Where a Redis is, and what its refusals mean. The address may hold a password: it is neither shown nor quoted.

use redis::{ConnectionInfo, ErrorKind, IntoConnectionInfo as _, RedisError, ServerErrorKind};
use std::fmt;

/// The address of a Redis; it may hold a password. Shown as host and port only; no Debug.
#[derive(Clone)]
pub struct RedisAddress(ConnectionInfo);

impl RedisAddress {
    /// Reads `redis://[user:password@]host[:port][/database]`. An error says what is wrong and quotes nothing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "an address is expected, e.g. redis://localhost:6379, with a password redis://:secret@localhost:6379";
        if text.starts_with("rediss:") {
            return Err(
                "encrypted connections (rediss:) are not offered: use redis:// over a network of your own".into(),
            );
        }
        if !text.starts_with("redis://") {
            return Err(expected.into());
        }
        let info = text.into_connection_info().map_err(|_| expected.to_owned());
        info.map(Self)
    }

    pub(super) fn info(&self) -> ConnectionInfo {
        self.0.clone()
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis://{}", self.0.addr())
    }
}

/// A Redis that answers and refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Redis at {place} refuses: {why}. Nothing was started; correct MATINEE_REDIS (or --redis), or leave it out: \
     everything works without it"
)]
pub struct RedisRefused {
    pub place: String,
    pub why: String,
}

/// It is there and says no, or is no Redis: waiting will not help.
pub(super) fn is_refusal(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io => false,
        ErrorKind::Server(kind) => !matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
        ),
        _ => true,
    }
}

/// A command was refused on a connection that is good for others.
pub(super) fn is_of_one_command(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

/// What went wrong, in words.
pub(super) fn words(error: &RedisError) -> String {
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS")) => {
            "the user or the password is wrong".into()
        }
        (_, Some("NOAUTH")) => "it asks for a password, and the address has none".into(),
        (ErrorKind::Parse, _) => "what answers there does not speak as Redis does".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = RedisAddress::parse("redis://me:hunter2@cache.example:6380/3").unwrap();
        assert_eq!(address.to_string(), "redis://cache.example:6380");
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_quoted() {
        for text in [
            "",
            "localhost:6379",
            "redis://",
            "http://:hunter2@localhost",
            "redis://:hunter2@localhost:port",
            "redis://:hunter2@localhost/seats",
            "rediss://:hunter2@localhost",
        ] {
            let why = RedisAddress::parse(text).err().expect(text);
            assert!(
                !why.contains("hunter2") && why.contains("redis://"),
                "{why}"
            );
        }
    }
}
