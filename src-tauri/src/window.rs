//! The one window: shows the app's own page and nothing else, and puts what a person saves into their downloads.

use std::path::PathBuf;
use tauri::{
    App, AppHandle, Manager, Url, WebviewWindowBuilder,
    webview::{DownloadEvent, WebviewWindow},
};
use tauri_plugin_opener::OpenerExt;

/// Opens the window of the configuration.
pub fn open(app: &App) -> Result<Option<WebviewWindow>, tauri::Error> {
    let Some(config) = app.config().app.windows.first() else {
        return Ok(None);
    };
    let builder =
        WebviewWindowBuilder::from_config(app.handle(), config)?.on_navigation(is_own_page);
    let handle = app.handle().clone();
    let builder = builder.on_download(move |_, event| match event {
        DownloadEvent::Requested { url, destination } => {
            let Some(file) = place_of(&handle, destination) else {
                return false;
            };
            *destination = file;
            // Made by the page itself: nothing is fetched from elsewhere.
            url.scheme() == "blob"
        }
        DownloadEvent::Finished { path, success, .. } => {
            if let Some(file) = path.filter(|_| success)
                && let Err(error) = handle.opener().reveal_item_in_dir(file)
            {
                tracing::info!(%error, "the saved file is not shown");
            }
            true
        }
        _ => false,
    });
    builder.build().map(Some)
}

/// Only the embedded page: a link that leads elsewhere opens outside.
fn is_own_page(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "tauri" => host == "localhost",
        // Windows and Android have no schemes of their own.
        "http" | "https" => host == "tauri.localhost",
        // What the page made itself, on its way to a download.
        "blob" => url
            .path()
            .parse()
            .is_ok_and(|inner: Url| inner.scheme() != "blob" && is_own_page(&inner)),
        _ => false,
    }
}

/// The suggested name in the person's downloads, or in their home where the system names no such folder.
fn place_of(app: &AppHandle, suggested: &std::path::Path) -> Option<PathBuf> {
    let name = suggested.file_name()?;
    let downloads = app.path().download_dir();
    let folder = downloads
        .or_else(|_| app.path().home_dir().map(|home| home.join("Downloads")))
        .ok()?;
    if let Err(error) = std::fs::create_dir_all(&folder) {
        tracing::error!(%error, "there is no folder for downloads");
        return None;
    }
    let free = (0..100).map(|number| folder.join(numbered(name, number)));
    free.into_iter().find(|file| !file.exists())
}

fn numbered(name: &std::ffi::OsStr, number: u32) -> PathBuf {
    let mut path = PathBuf::from(name);
    if number > 0 {
        let stem = path
            .file_stem()
            .unwrap_or(name)
            .to_string_lossy()
            .into_owned();
        let end = path
            .extension()
            .map(|end| format!(".{}", end.to_string_lossy()));
        path.set_file_name(format!("{stem} ({number}){}", end.unwrap_or_default()));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_on_the_apps_own_page() {
        for own in [
            "tauri://localhost/shows/s1",
            "http://tauri.localhost/",
            "https://tauri.localhost/x",
        ] {
            assert!(is_own_page(&own.parse().expect("a URL")), "{own}");
        }
        for other in [
            "https://example.org/",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!is_own_page(&other.parse().expect("a URL")), "{other}");
        }
    }

    #[test]
    fn a_file_of_the_same_name_is_not_overwritten() {
        assert_eq!(numbered("a.pdf".as_ref(), 0), PathBuf::from("a.pdf"));
        assert_eq!(numbered("a.pdf".as_ref(), 2), PathBuf::from("a (2).pdf"));
    }
}
