//! Requests to Amazon, signed with Signature Version 4 by Amazon's own library. Keys are lasting ones that somebody made:
//! roles of a machine and keys that run out are not looked for.

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// Who asks, and what of Amazon's.
pub struct Account {
    credentials: Credentials,
    region: String,
    offer: &'static str,
}

impl Account {
    pub fn new(key: String, secret: String, region: String, offer: &'static str) -> Self {
        Self {
            credentials: Credentials::new(key, secret, None, None, "matinee"),
            region,
            offer,
        }
    }

    /// These headers of a POST, and those that prove who asks.
    pub fn headers(
        &self,
        now: DateTime<Utc>,
        endpoint: &Url,
        own: &[(HeaderName, &'static str)],
        body: &[u8],
    ) -> Result<HeaderMap, String> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.offer)
            .time(now.into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let signable = own.iter().map(|(name, value)| (name.as_str(), *value));
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new("POST", endpoint.as_str(), signable, body)
            .map_err(|error| error.to_string())?;
        let signed = sign(request, &params).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        for (name, value) in signed.output().headers() {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            let mut value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}
