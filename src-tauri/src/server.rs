//! Which server the app talks to: the one of the environment (`MATINEE_SERVER`), else of the settings, else the one
//! inside the app, which is started when it is first needed. Phones have none inside.

use matinee_client::{ClientError, Origin};
use std::path::PathBuf;

/// Names a server for this run, over the settings.
const VARIABLE: &str = "MATINEE_SERVER";

/// The server of the settings, unless the environment names another.
pub async fn origin(saved: Option<&str>, bundled: &Bundled) -> Result<Origin, ClientError> {
    if let Some(address) = std::env::var(VARIABLE)
        .ok()
        .filter(|address| !address.is_empty())
    {
        return Origin::at(&address);
    }
    match saved {
        Some(address) => Origin::at(address),
        None => bundled.origin().await,
    }
}

/// The server inside the app.
pub struct Bundled {
    #[cfg_attr(
        not(feature = "bundled-server"),
        allow(dead_code, reason = "there is none")
    )]
    data: PathBuf,
}

impl Bundled {
    /// Not started yet; its data is in this folder.
    pub fn new(data: PathBuf) -> Self {
        Self { data }
    }

    #[cfg(not(feature = "bundled-server"))]
    async fn origin(&self) -> Result<Origin, ClientError> {
        Origin::bundled(None)
    }
}
