//! What the operator writes.

use crate::text;
use matinee_server::config::{Config, Database, Network, Options};

pub fn options(data: &[u8]) {
    text(data, |text| {
        if let Ok(options) = toml::from_str::<Options>(text) {
            drop(Config::from_options(options));
        }
    });
}

pub fn databases(data: &[u8]) {
    text(data, |text| {
        // What is wrong with an address is said without the address: it may hold a password.
        if let Err(error) = Database::parse(text)
            && let Some((_, rest)) = text.split_once("://")
            && let Some((secret, _)) = rest.split_once('@')
            && secret.len() >= 12
        {
            assert!(!error.to_string().contains(secret), "{error}");
        }
        drop(text.parse::<Network>());
    });
}
