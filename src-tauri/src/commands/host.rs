//! What the host itself does: settings, whether the server can be reached, links and the calendar.

use super::{Answer, id};
use crate::{
    notices::PushState,
    settings::{Settings, SettingsChange},
    shell::Shell,
};
use data_encoding::BASE64;
use matinee_client::{ClientError, Status, api::BookingId};
use std::{fs, path::Path};
use tauri::{AppHandle, State, ipc::Channel};
use tauri_plugin_opener::OpenerExt;
use url::Url;

#[tauri::command]
#[specta::specta]
pub async fn settings(shell: State<'_, Shell>) -> Answer<Settings> {
    Ok(shell.settings())
}

#[tauri::command]
#[specta::specta]
pub async fn save_settings(shell: State<'_, Shell>, change: SettingsChange) -> Answer<Settings> {
    shell.save_settings(change).await
}

/// Sends the current status at once, then every change.
#[tauri::command]
#[specta::specta]
pub async fn watch_status(shell: State<'_, Shell>, events: Channel<Status>) -> Answer<()> {
    let shell = shell.inner().clone();
    tauri::async_runtime::spawn(async move {
        shell
            .follow_status(|status| events.send(status).is_ok())
            .await;
    });
    Ok(())
}

/// Sends a path of the UI whenever the app is asked to open something.
#[tauri::command]
#[specta::specta]
pub async fn watch_opened(shell: State<'_, Shell>, events: Channel<String>) -> Answer<()> {
    let shell = shell.inner().clone();
    tauri::async_runtime::spawn(async move {
        shell.follow_paths(|path| events.send(path).is_ok()).await;
    });
    Ok(())
}

/// Whether this computer shows the person's messages.
#[tauri::command]
#[specta::specta]
pub async fn push_state(shell: State<'_, Shell>) -> Answer<PushState> {
    shell.push_state().await
}

#[tauri::command]
#[specta::specta]
pub async fn subscribe_push(shell: State<'_, Shell>) -> Answer<PushState> {
    shell.set_push(true).await
}

#[tauri::command]
#[specta::specta]
pub async fn unsubscribe_push(shell: State<'_, Shell>) -> Answer<PushState> {
    shell.set_push(false).await
}

/// Opens a web, mail or map address outside the app.
#[tauri::command]
#[specta::specta]
pub async fn open_external(app: AppHandle, url: String) -> Answer<()> {
    let url = outside(&url)?;
    app.opener()
        .open_url(url, None::<&str>)
        .map_err(|error| not_opened(&error))
}

/// Hands the booking's calendar entry to the system's calendar.
#[tauri::command]
#[specta::specta]
pub async fn add_to_calendar(
    app: AppHandle,
    shell: State<'_, Shell>,
    booking_id: String,
) -> Answer<()> {
    let id: BookingId = id(&booking_id)?;
    let tickets = shell.client().await?.tickets(id).await?;
    let file = shell.data().join("calendar").join("matinee.ics");
    write(&file, &tickets.value.ics).map_err(|error| {
        tracing::error!(%error, "the calendar entry was not written");
        ClientError::internal("The calendar entry cannot be written on this device.")
    })?;
    app.opener()
        .open_path(file.to_string_lossy(), None::<&str>)
        .map_err(|error| not_opened(&error))
}

/// Opens the booking's receipt with whatever shows a PDF here.
#[tauri::command]
#[specta::specta]
pub async fn open_receipt(
    app: AppHandle,
    shell: State<'_, Shell>,
    booking_id: String,
) -> Answer<()> {
    let id: BookingId = id(&booking_id)?;
    let receipt = shell.client().await?.receipt(id).await?;
    let file = shell.data().join("receipts").join(format!("{id}.pdf"));
    let pdf = BASE64
        .decode(receipt.pdf_base64.as_bytes())
        .map_err(|error| {
            tracing::error!(%error, "a receipt is not in base64");
            ClientError::internal("The server's receipt cannot be read. Your booking is safe.")
        })?;
    write(&file, &pdf).map_err(|error| {
        tracing::error!(%error, "the receipt was not written");
        ClientError::internal("The receipt cannot be written on this device.")
    })?;
    app.opener()
        .open_path(file.to_string_lossy(), None::<&str>)
        .map_err(|error| not_opened(&error))
}

fn write(file: &Path, content: impl AsRef<[u8]>) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, content)
}

fn not_opened(error: &tauri_plugin_opener::Error) -> ClientError {
    tracing::error!(%error, "nothing opened");
    ClientError::internal("The system has nothing to open this with.")
}

/// An address that leads outside and runs nothing.
fn outside(url: &str) -> Answer<String> {
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "https" | "http" | "mailto" | "tel" | "geo") => {
            Ok(url.into())
        }
        _ => Err(ClientError::internal("This address cannot be opened.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_run_nothing_are_opened() {
        assert!(outside("https://maps.example/?q=1,2").is_ok());
        assert!(outside("mailto:box@example.org").is_ok());
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "smb://x/y",
            "/etc/passwd",
            "matinee://show/a",
            "",
        ] {
            assert!(outside(bad).is_err(), "{bad}");
        }
    }
}
