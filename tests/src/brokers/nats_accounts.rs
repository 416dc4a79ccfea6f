//! Who is let in at a NATS that keeps no users itself: an operator, an account and its user, each a key that signs the next
//! one's JWT, as `nsc` makes them.

use crate::TestError;
use chrono::{TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use std::path::Path;

/// How the credentials of a user are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// They ran out an hour ago.
    Over,
}

/// The keys, and whether the user is revoked.
pub struct Accounts {
    operator: KeyPair,
    account: KeyPair,
    system: KeyPair,
    user: KeyPair,
    pub revoked: bool,
}

impl Accounts {
    pub fn make() -> Self {
        Self {
            operator: KeyPair::new_operator(),
            account: KeyPair::new_account(),
            system: KeyPair::new_account(),
            user: KeyPair::new_user(),
            revoked: false,
        }
    }

    /// What a server is to be started with.
    pub fn configure(&self, file: &Path) -> Result<(), TestError> {
        let operator = json!({ "type": "operator", "version": 2 });
        let operator = signed(&self.operator, &self.operator, "operator", None, operator)?;
        let account = |key: &KeyPair, name: &str, more: &Value| {
            let unlimited = json!({
                "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
                "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
            });
            let mut claims = json!({ "type": "account", "version": 2, "limits": unlimited });
            for (name, value) in more.as_object().into_iter().flatten() {
                claims[name] = value.clone();
            }
            signed(&self.operator, key, name, None, claims)
        };
        let more = if self.revoked {
            json!({ "revocations": { "*": Utc::now().timestamp() + 60 } })
        } else {
            json!({})
        };
        let bare = json!({ "limits": { "subs": -1, "data": -1, "payload": -1, "conn": -1, "wildcards": true } });
        let (ours, system) = (self.account.public_key(), self.system.public_key());
        let text = format!(
            "operator: {operator}\nsystem_account: {system}\nresolver: MEMORY\nresolver_preload: {{\n  {ours}: {}\n  {system}: {}\n}}\n",
            account(&self.account, "theater", &more)?,
            account(&self.system, "system", &bare)?,
        );
        Ok(std::fs::write(file, text)?)
    }

    /// The text of a user's file of credentials.
    pub fn creds(&self, standing: Standing) -> Result<String, TestError> {
        let claims = json!({
            "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
        });
        let ends = match standing {
            Standing::Good => None,
            Standing::Over => Some((Utc::now() - TimeDelta::hours(1)).timestamp()),
        };
        let jwt = signed(&self.account, &self.user, "matinee", ends, claims)?;
        let seed = self.user.seed()?;
        Ok(format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        ))
    }
}

/// A JWT about somebody, by somebody.
fn signed(
    by: &KeyPair,
    about: &KeyPair,
    name: &str,
    ends: Option<i64>,
    nats: Value,
) -> Result<String, TestError> {
    let mut claims = json!({
        "jti": about.public_key(), "iat": (Utc::now() - TimeDelta::hours(2)).timestamp(), "iss": by.public_key(), "name": name,
        "sub": about.public_key(), "nats": nats,
    });
    if let Some(ends) = ends {
        claims["exp"] = json!(ends);
    }
    let head = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let [head, claims] =
        [head, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let text = format!("{head}.{claims}");
    let signature = by.sign(text.as_bytes())?;
    Ok(format!("{text}.{}", BASE64URL_NOPAD.encode(&signature)))
}
