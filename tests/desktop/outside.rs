//! What lies outside the window: what the app lets the system open, a person at a real browser there, and the links by
//! which the system brings them back.
//!
//! `xdg-open` is a program of ours that only writes down what it was given; whether a real desktop then starts the right
//! program is the desktop's own business.

use crate::app;
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What the system opens addresses and files with: it writes them down.
pub struct Outside {
    folder: tempfile::TempDir,
}

/// Where a person at the browser ended.
pub struct Seen {
    pub url: String,
    /// Where the page's links lead.
    pub links: Vec<String>,
}

impl Outside {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("xdg-open");
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n",
            folder.path().join("opened").display()
        );
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// The `PATH` on which the app finds it first.
    pub fn path(&self) -> String {
        let before = std::env::var("PATH").unwrap();
        format!("{}:{before}", self.folder.path().display())
    }

    /// What was opened last, once there was so much.
    pub async fn opened(&self, count: usize) -> String {
        let file = self.folder.path().join("opened");
        let begun = Instant::now();
        loop {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if let Some(line) = text.lines().nth(count - 1) {
                return line.to_owned();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing opened");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether nothing more than so much was opened so far.
    pub fn opened_only(&self, count: usize) -> bool {
        let text = std::fs::read_to_string(self.folder.path().join("opened"));
        text.unwrap_or_default().lines().count() == count
    }
}

/// A person at a browser goes to an address and takes these steps: `click:WORDS`, `see:WORDS`. A picture is left.
pub fn person(url: &str, steps: &[&str], picture: &str) -> Seen {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let picture = app::pictures().join(format!("{picture}.png"));
    let output = Command::new("node")
        .arg(root.join("desktop/person.mjs"))
        .arg(url)
        .arg(picture)
        .args(steps)
        .output()
        .expect("Node is installed");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "at {url}: {words}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Seen {
        url: text(&seen["url"]),
        links: seen["links"]
            .as_array()
            .map_or_else(Vec::new, |links| links.iter().map(text).collect()),
    }
}

impl Seen {
    /// The link that leads into the app.
    pub fn link_of_app(&self) -> &str {
        let mut links = self.links.iter();
        let found = links.find(|link| link.starts_with("matinee://"));
        found.unwrap_or_else(|| panic!("{} does not lead to the app: {:?}", self.url, self.links))
    }
}

/// What the system does with a link of ours: it starts the app with it. The one that runs takes it over.
pub fn follow(link: &str, data: &Path) {
    let ended = Command::new(app::program())
        .arg(link)
        .env("MATINEE_DATA", data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(ended.success(), "a second start ends well");
}

/// The words of a PDF, as the system's own tool reads them.
pub fn pdf_text(file: &PathBuf) -> String {
    let output = Command::new("pdftotext")
        .args(["-layout"])
        .arg(file)
        .arg("-")
        .output();
    let output = output.expect("pdftotext is installed");
    assert!(output.status.success(), "{} is no PDF", file.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}
