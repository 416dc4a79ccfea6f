//! Starting once more when the app of a moment ago is still on its way out: it holds the name that only one running app may have,
//! and is gone before it could be told to come to the front. Without this, whoever closes the app and opens it at once gets none.

use std::{os::unix::process::CommandExt as _, process::Command, time::Duration};

/// How often this start has begun anew.
const VARIABLE: &str = "MATINEE_STARTED_AGAIN";
const TIMES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(400);

/// Becomes a new start of the app if that may help; else comes back with the error.
pub fn unless_hopeless(error: tauri::Error) -> tauri::Error {
    let tauri::Error::PluginInitialization(plugin, _) = &error else {
        return error;
    };
    let before: u32 = std::env::var(VARIABLE)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if plugin != "single-instance" || before >= TIMES {
        return error;
    }
    let Ok(program) = std::env::current_exe() else {
        return error;
    };
    std::thread::sleep(PAUSE);
    // A new process image: the windowing system is begun once in a process.
    let failed = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, (before + 1).to_string())
        .exec();
    tracing::error!(%failed, "the app cannot be started again");
    error
}
