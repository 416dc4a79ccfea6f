//! The theater somebody runs on this computer: a whole server of their own beside the demo, started from the settings and from
//! then on with the app, until it is stopped.
//!
//! Its staff work in a browser, where it serves the same pages this app contains; the app only starts, stops and opens it.
//! Phones run none, nor does an app built without the server inside.

#[cfg(all(feature = "bundled-server", desktop))]
mod choice;
#[cfg(all(feature = "bundled-server", desktop))]
mod running;

#[cfg(all(feature = "bundled-server", desktop))]
pub use running::Theater;

use matinee_client::api::NetworkHere;
use serde::Serialize;
use specta::Type;

/// A theater's server that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RunningTheater {
    /// Where this computer reaches it.
    pub url: String,
    /// Makes whoever opens it its administrator; null once there is one.
    pub setup_link: Option<String>,
    pub network: NetworkHere,
}

/// The theater of this computer, whether it runs or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct LocalTheater {
    /// What it keeps is in this folder.
    pub folder: String,
    /// Somebody ran it before: its data is there.
    pub begun: bool,
    pub running: Option<RunningTheater>,
    /// Why it did not start, or not as it was asked to; for people.
    pub trouble: Option<String>,
}

/// None can be run here.
#[cfg(not(all(feature = "bundled-server", desktop)))]
pub struct Theater;

#[cfg(not(all(feature = "bundled-server", desktop)))]
impl Theater {
    pub fn new(_: &tauri::AppHandle, _: &std::path::Path) -> Self {
        Self
    }

    pub async fn resume(&self) {}

    pub fn is_at(&self, _: &str) -> bool {
        false
    }

    pub async fn state(&self) -> Option<LocalTheater> {
        None
    }

    pub async fn run(&self, _: bool) -> Option<LocalTheater> {
        None
    }

    pub async fn end(&self) -> Option<LocalTheater> {
        None
    }

    pub async fn stop(&self) {}
}
