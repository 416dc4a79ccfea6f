//! The theater somebody runs on this computer. Each answers how it stands then, null where none can be run.

use super::Answer;
use crate::{shell::Shell, theater::LocalTheater};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn local_theater(shell: State<'_, Shell>) -> Answer<Option<LocalTheater>> {
    Ok(shell.theater().state().await)
}

/// Starts it, open to the local network or not. Why it did not start is in the answer.
#[tauri::command]
#[specta::specta]
pub async fn run_theater(shell: State<'_, Shell>, lan: bool) -> Answer<Option<LocalTheater>> {
    Ok(shell.theater().run(lan).await)
}

#[tauri::command]
#[specta::specta]
pub async fn stop_theater(shell: State<'_, Shell>) -> Answer<Option<LocalTheater>> {
    Ok(shell.theater().end().await)
}
