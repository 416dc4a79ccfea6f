//! Which server the app talks to: the one of the environment (`MATINEE_SERVER`), else of the settings, else the one
//! inside the app, which is started when it is first needed. Phones have none inside.

use matinee_client::{ClientError, Origin};
use std::path::Path;
#[cfg(all(feature = "bundled-server", desktop))]
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

/// The server inside the app: started when it is first needed, stopped with the app.
#[cfg(all(feature = "bundled-server", desktop))]
pub struct Bundled {
    /// The database, with its mails beside it.
    database: PathBuf,
    running: tokio::sync::Mutex<Option<matinee_server::serve::Server>>,
}

#[cfg(all(feature = "bundled-server", desktop))]
impl Bundled {
    /// Not started yet; its data is in this folder.
    pub fn new(data: &Path) -> Self {
        Self {
            database: data.join("matinee.db"),
            running: tokio::sync::Mutex::default(),
        }
    }

    /// Where it listens: on this machine only, at a port that is free now. What keeps it from starting does not keep the
    /// app from showing its copy.
    async fn origin(&self) -> Result<Origin, ClientError> {
        let mut running = self.running.lock().await;
        if running.is_none() {
            match self.start().await {
                Ok(server) => *running = Some(server),
                Err(error) => tracing::error!(%error, "the server inside the app did not start"),
            }
        }
        Origin::bundled(running.as_ref().map(matinee_server::serve::Server::url))
    }

    async fn start(
        &self,
    ) -> Result<matinee_server::serve::Server, Box<dyn std::error::Error + Send + Sync>> {
        if let Some(folder) = self.database.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut config = matinee_server::config::Config::in_process(&self.database);
        config.demo = true;
        config.sandbox_payments = true;
        Ok(matinee_server::serve::Server::start(config).await?)
    }

    /// Finishes what was begun.
    pub async fn stop(&self) {
        if let Some(server) = self.running.lock().await.take() {
            server.stop().await;
        }
    }
}

/// There is no server inside this app: it talks to the one it is told, or to none.
#[cfg(not(all(feature = "bundled-server", desktop)))]
pub struct Bundled;

#[cfg(not(all(feature = "bundled-server", desktop)))]
impl Bundled {
    pub fn new(_: &Path) -> Self {
        Self
    }

    async fn origin(&self) -> Result<Origin, ClientError> {
        Origin::bundled(None)
    }

    pub async fn stop(&self) {}
}
