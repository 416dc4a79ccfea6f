//! The Movie Database in the configuration.

use super::{ConfigError, Secret};
use matinee_integrations::TMDB_URL;
use url::Url;

/// The operator's key there, and where it is.
#[derive(Clone)]
pub struct TmdbSettings {
    pub key: Secret,
    pub base: Url,
}

impl TmdbSettings {
    /// Nothing without a key: where it is does not matter then.
    pub(super) fn of(key: Option<String>, base: Option<&str>) -> Result<Option<Self>, ConfigError> {
        let key = key.map(|key| key.trim().to_owned());
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return Ok(None);
        };
        let base = base.unwrap_or(TMDB_URL).parse().ok();
        let base = base.filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| ConfigError::Option {
            option: "tmdb-url",
            reason: "an address is expected, e.g. https://api.themoviedb.org".into(),
        })?;
        let key = Secret::new(key);
        Ok(Some(Self { key, base }))
    }
}
