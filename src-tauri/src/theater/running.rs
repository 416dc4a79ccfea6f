//! Starting and stopping the theater's server inside the app.

use super::{LocalTheater, RunningTheater, choice::Choice};
use matinee_server::{
    config::{Config, UiFiles},
    serve::Server,
};
use std::path::{Path, PathBuf};
use tauri::AppHandle;
use tokio::sync::Mutex;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The theater of this computer.
pub struct Theater {
    app: AppHandle,
    /// The app's data, the choice in it.
    data: PathBuf,
    /// All the theater keeps.
    folder: PathBuf,
    /// Held through each start and stop: one at a time.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    server: Option<Server>,
    trouble: Option<String>,
}

impl Theater {
    /// Not started yet.
    pub fn new(app: &AppHandle, data: &Path) -> Self {
        Self {
            app: app.clone(),
            data: data.to_owned(),
            folder: data.join("theater"),
            state: Mutex::default(),
        }
    }

    /// Starts it with the app, when it ran the last time.
    pub async fn resume(&self) {
        let mut state = self.state.lock().await;
        let choice = Choice::read(&self.data);
        if choice.run && state.server.is_none() {
            self.start(&mut state, choice).await;
        }
    }

    /// Whether this address is the one it is kept at.
    pub fn is_at(&self, url: &str) -> bool {
        let choice = Choice::read(&self.data);
        choice.run && url.trim_end_matches('/') == format!("http://{}", choice.address())
    }

    /// How it stands.
    pub async fn state(&self) -> Option<LocalTheater> {
        Some(self.shown(&*self.state.lock().await).await)
    }

    /// Starts it, or starts it anew when it is to be open to the local network, or no longer.
    pub async fn run(&self, lan: bool) -> Option<LocalTheater> {
        let mut state = self.state.lock().await;
        let before = Choice::read(&self.data);
        let running = state.server.take();
        let ran = running.is_some();
        if let Some(server) = running {
            server.stop().await;
        }
        let wanted = Choice {
            run: true,
            lan,
            ..before
        };
        // Not open, but there: better than a theater that stopped because of a setting.
        if !self.start(&mut state, wanted).await && ran && before.lan != lan {
            let trouble = state.trouble.take();
            self.start(
                &mut state,
                Choice {
                    run: true,
                    ..before
                },
            )
            .await;
            state.trouble = trouble;
        }
        Some(self.shown(&state).await)
    }

    /// Stops it until somebody starts it again.
    pub async fn end(&self) -> Option<LocalTheater> {
        let mut state = self.state.lock().await;
        if let Some(server) = state.server.take() {
            server.stop().await;
        }
        state.trouble = None;
        let choice = Choice::read(&self.data);
        self.keep(Choice {
            run: false,
            ..choice
        });
        Some(self.shown(&state).await)
    }

    /// Stops with the app; it comes back with it.
    pub async fn stop(&self) {
        if let Some(server) = self.state.lock().await.server.take() {
            server.stop().await;
        }
    }

    /// Whether it runs now. What keeps it from running is told in the state.
    async fn start(&self, state: &mut State, wanted: Choice) -> bool {
        match self.open(wanted).await {
            Ok(server) => {
                let port = Some(server.address().port());
                state.server = Some(server);
                state.trouble = None;
                self.keep(Choice { port, ..wanted });
                true
            }
            Err(error) => {
                tracing::error!(%error, "the theater of this computer did not start");
                state.trouble = Some(sentence(&error.to_string()));
                false
            }
        }
    }

    async fn open(&self, wanted: Choice) -> Result<Server, Failure> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let address = wanted.address();
        let pages = pages(&self.app);
        let config = Config::theater_in(&self.folder, address, (pages, wanted.lan))?;
        Ok(Box::pin(Server::start(config)).await?)
    }

    fn keep(&self, choice: Choice) {
        if let Err(error) = choice.write(&self.data) {
            // It runs all the same, and has to be started by hand the next time.
            tracing::error!(%error, "what was chosen for the theater was not kept");
        }
    }

    async fn shown(&self, state: &State) -> LocalTheater {
        let running = match &state.server {
            Some(server) => Some(running(server).await),
            None => None,
        };
        let (running, failed) = match running.transpose() {
            Ok(running) => (running, None),
            Err(error) => (None, Some(sentence(&error.to_string()))),
        };
        LocalTheater {
            folder: self.folder.display().to_string(),
            begun: Choice::read(&self.data).port.is_some(),
            running,
            trouble: failed.or_else(|| state.trouble.clone()),
        }
    }
}

async fn running(server: &Server) -> Result<RunningTheater, Failure> {
    let network = server.network().map_err(|error| error.0.detail.clone())?;
    Ok(RunningTheater {
        url: server.url().to_owned(),
        setup_link: server.setup_link().await?,
        network,
    })
}

/// The pages this app contains, as the theater's server serves them to browsers.
fn pages(app: &AppHandle) -> UiFiles {
    let resolver = app.asset_resolver();
    let paths: Vec<String> = resolver.iter().map(|(path, _)| path.into_owned()).collect();
    let files = paths.into_iter().filter_map(|path| {
        let asset = resolver.get(path.clone())?;
        let path = format!("/{}", path.trim_start_matches('/'));
        Some((path, asset.bytes().to_vec().into()))
    });
    UiFiles::Inside(files.collect())
}

/// An error's words as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence("no port is free"), "No port is free.");
        assert_eq!(sentence("Stop."), "Stop.");
        assert_eq!(sentence(""), ".");
    }
}
