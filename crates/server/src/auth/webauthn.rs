//! Passkeys (WebAuthn): which site they are for, and the protocol's four steps over the `webauthn-rs` crate.
//!
//! A passkey asks its owner for a finger, a face or a PIN, so it is two factors in one. Where the site has no name (an IP
//! address) browsers make none, and none are offered. Kept rows and one-time challenges are the routes' business.

use matinee_domain::ids::UserId;
use std::fmt;
use url::{Host, Url};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, CreationChallengeResponse, DiscoverableAuthentication, Passkey,
        PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
        RequestChallengeResponse, Uuid, WebauthnError,
    },
};
use webauthn_rs_proto::ResidentKeyRequirement;

/// The site's side of passkeys.
pub struct Passkeys(Webauthn);

impl fmt::Debug for Passkeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passkeys")
    }
}

/// A passkey that showed who somebody is.
pub struct Shown {
    pub user_id: UserId,
    pub credential: Vec<u8>,
}

impl Passkeys {
    /// Passkeys of the site at this address, where browsers make any.
    pub fn of(base_url: &str) -> Option<Self> {
        let origin = Url::parse(base_url).ok()?;
        let Some(Host::Domain(name)) = origin.host() else {
            return None;
        };
        let secure = origin.scheme() == "https" || name == "localhost";
        if !secure {
            return None;
        }
        let name = name.to_owned();
        let built = WebauthnBuilder::new(&name, &origin)
            .map(|builder| builder.rp_name("Matinee"))
            .and_then(WebauthnBuilder::build);
        match built {
            Ok(webauthn) => Some(Self(webauthn)),
            Err(error) => {
                tracing::warn!(%error, "passkeys are not offered");
                None
            }
        }
    }

    /// What a browser needs to make one, and what has to be known when it brings it. `known` are the person's others.
    pub fn begin_making(
        &self,
        user_id: UserId,
        email: &str,
        name: &str,
        known: Vec<Vec<u8>>,
    ) -> Result<(CreationChallengeResponse, PasskeyRegistration), WebauthnError> {
        let user = Uuid::from_bytes(*user_id.as_bytes());
        let (mut challenge, state) =
            self.0
                .start_passkey_registration(user, email, name, Some(known))?;
        // It is found without anybody typing an address first.
        if let Some(selection) = &mut challenge.public_key.authenticator_selection {
            selection.require_resident_key = true;
            selection.resident_key = Some(ResidentKeyRequirement::Required);
        }
        Ok((challenge, state))
    }

    /// The passkey a browser brought, if it belongs to what was begun.
    pub fn made(
        &self,
        brought: &RegisterPublicKeyCredential,
        state: &PasskeyRegistration,
    ) -> Result<Passkey, WebauthnError> {
        self.0.finish_passkey_registration(brought, state)
    }

    /// What a browser needs to ask for any passkey of this site.
    pub fn begin_use(
        &self,
    ) -> Result<(RequestChallengeResponse, DiscoverableAuthentication), WebauthnError> {
        self.0.start_discoverable_authentication()
    }

    /// Whose passkey it says it is; nothing is proved yet.
    pub fn named(&self, brought: &PublicKeyCredential) -> Result<Shown, WebauthnError> {
        let (user, credential) = self.0.identify_discoverable_authentication(brought)?;
        Ok(Shown {
            user_id: UserId::from_bytes(*user.as_bytes()),
            credential: credential.to_vec(),
        })
    }

    /// Whether it is that passkey, asked now, with its owner at it.
    pub fn used(
        &self,
        brought: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        passkey: &Passkey,
    ) -> Result<AuthenticationResult, WebauthnError> {
        self.0
            .finish_discoverable_authentication_v2(brought, state, passkey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sites_with_a_name_and_a_safe_way_have_passkeys() {
        for (address, offered) in [
            ("https://tickets.example.org", true),
            ("https://tickets.example.org:8443", true),
            ("http://localhost:8080", true),
            ("http://tickets.example.org", false),
            ("http://127.0.0.1:8080", false),
            ("https://192.0.2.1", false),
            ("nonsense", false),
        ] {
            assert_eq!(Passkeys::of(address).is_some(), offered, "{address}");
        }
    }

    #[test]
    fn a_passkey_is_asked_for_without_an_address_and_with_its_owner() {
        let site = Passkeys::of("https://tickets.example.org").unwrap();
        let user = UserId::from_bytes([7; 16]);
        let (challenge, _) = site
            .begin_making(user, "a@example.org", "Ada", vec![vec![1, 2, 3]])
            .unwrap();
        let json = serde_json::to_value(&challenge).unwrap();
        let options = &json["publicKey"];
        assert_eq!(options["rp"]["id"], "tickets.example.org");
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(
            options["authenticatorSelection"]["userVerification"],
            "required"
        );
        assert_eq!(options["excludeCredentials"][0]["id"], "AQID");
        let (asked, _) = site.begin_use().unwrap();
        let json = serde_json::to_value(&asked).unwrap();
        assert_eq!(json["publicKey"]["userVerification"], "required");
    }
}
