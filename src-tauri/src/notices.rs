//! Messages as notifications of the system: shown, and what a click on one opens.
//!
//! Desktop only: on phones the makers' services show what they push. What is told, to whom and when is the client's and the
//! server's business.

use crate::shell::Shell;
use matinee_client::api::DeviceMessage;
use serde::Serialize;
use specta::Type;
use tauri::{AppHandle, Manager};
use tauri_plugin_notification::{ActionPerformed, NotificationExt};

/// As the plugin calls a click on the notification itself.
const CLICK: &str = "tap";
/// Where a notification keeps what it opens.
const PATH: &str = "path";

/// Whether this computer shows a person's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PushState {
    On,
    Off,
    /// The system shows no notifications.
    Unsupported,
}

/// Shows messages.
#[derive(Clone)]
pub struct Notices(AppHandle);

impl Notices {
    /// From now on a click on a notification leads to what it is about.
    pub fn new(app: &AppHandle) -> Result<Self, tauri_plugin_notification::Error> {
        let handle = app.clone();
        app.notification()
            .on_action(move |action| clicked(&handle, action))?;
        Ok(Self(app.clone()))
    }

    /// Shows it; false when the system cannot, so that it is told again another time.
    pub fn show(&self, message: &DeviceMessage) -> bool {
        let Some(marked_up) = system::shows() else {
            tracing::warn!(
                "a message is not shown: the system has nothing that shows notifications"
            );
            return false;
        };
        let body = if marked_up {
            escaped(&message.body)
        } else {
            message.body.clone()
        };
        let notice = self
            .0
            .notification()
            .builder()
            .title(&message.title)
            .body(body)
            .extra(PATH, &message.path);
        match notice.show() {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "a message is not shown");
                false
            }
        }
    }

    /// The system can show messages now.
    pub fn possible() -> bool {
        system::shows().is_some()
    }
}

fn clicked(app: &AppHandle, action: &ActionPerformed) {
    if action.action_id() != CLICK {
        return;
    }
    to_front(app);
    let path = action
        .notification()
        .and_then(|notice| notice.extra().get(PATH)?.as_str());
    if let (Some(path), Some(shell)) = (path.filter(|path| is_page(path)), app.try_state::<Shell>())
    {
        shell.open_path(path.to_owned());
    }
}

/// A page of the UI, and nothing that leads away from it.
fn is_page(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains('\\')
}

/// Brings the window back, wherever it is.
pub fn to_front(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        // Each fails only when the window is closing.
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// For services that read markup in what they show.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(all(unix, not(target_os = "macos")))]
mod system {
    use std::time::Duration;
    use zbus::blocking::{Proxy, connection::Builder};

    /// A service that hangs counts as none.
    const PATIENCE: Duration = Duration::from_secs(2);

    const SERVICE: (&str, &str, &str) = (
        "org.freedesktop.Notifications",
        "/org/freedesktop/Notifications",
        "org.freedesktop.Notifications",
    );

    /// Whether the desktop's service is there (it is started when it can be), and if so whether it reads markup. The plugin
    /// does not tell when nobody shows what it sends.
    pub fn shows() -> Option<bool> {
        // Asked of another process: the runtime's other tasks do not wait for that.
        tokio::task::block_in_place(|| ask().ok())
    }

    fn ask() -> zbus::Result<bool> {
        let connection = Builder::session()?.method_timeout(PATIENCE).build()?;
        let (destination, path, interface) = SERVICE;
        let service = Proxy::new(&connection, destination, path, interface)?;
        let can: Vec<String> = service.call("GetCapabilities", &())?;
        Ok(can.iter().any(|one| one == "body-markup"))
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod system {
    /// The system shows notifications itself, and as they are written.
    #[allow(clippy::unnecessary_wraps, reason = "as elsewhere")]
    pub fn shows() -> Option<bool> {
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_leads_to_pages_of_the_app_only() {
        for page in ["/", "/bookings/b7", "/recover?reference=ABC"] {
            assert!(is_page(page), "{page}");
        }
        for other in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "bookings",
        ] {
            assert!(!is_page(other), "{other}");
        }
    }

    #[test]
    fn words_are_no_markup() {
        assert_eq!(
            escaped("Tom & <b>Jerry</b>"),
            "Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;"
        );
    }
}
