//! Who we are to a push service (RFC 8292): a key pair, and a short token signed with it for each service.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::{SecretKey, elliptic_curve::sec1::ToEncodedPoint as _, pkcs8::EncodePrivateKey as _};
use serde::Serialize;
use url::Url;

/// A token lasts this long; 24 hours are the most a service takes.
const LASTS: TimeDelta = TimeDelta::hours(12);

/// Our key pair and whom a push service may write to.
pub struct Vapid {
    key: EncodingKey,
    public: String,
    contact: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    sub: &'a str,
}

impl Vapid {
    /// The key pair of a secret. `contact` is a `mailto:` or `https:` address. `None` for the few byte strings (one in
    /// 2³²) that are no key of the curve.
    pub fn new(secret: &[u8; 32], contact: String) -> Option<Self> {
        let key = SecretKey::from_slice(secret).ok()?;
        let der = key.to_pkcs8_der().ok()?;
        let public = key.public_key().to_encoded_point(false);
        Some(Self {
            key: EncodingKey::from_ec_der(der.as_bytes()),
            public: BASE64URL_NOPAD.encode(public.as_bytes()),
            contact,
        })
    }

    /// What browsers subscribe with: the uncompressed point, base64url.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The `Authorization` for a service.
    pub(super) fn authorization(
        &self,
        endpoint: &Url,
        now: DateTime<Utc>,
    ) -> Result<String, String> {
        let claims = Claims {
            aud: endpoint.origin().ascii_serialization(),
            exp: (now + LASTS).timestamp(),
            sub: &self.contact,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key);
        let token = token.map_err(|error| error.to_string())?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}
