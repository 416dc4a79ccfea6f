//! The settings of this device: a small JSON file, written whole and swapped in.
//!
//! Nothing secret is in it. A file that cannot be read counts as none: settings are a convenience, not data.

use serde::{Deserialize, Deserializer, Serialize};
use specta::Type;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const FILE: &str = "settings.json";
const MAX_BYTES: u64 = 64 * 1024;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// What a person set on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Settings {
    pub theme: Theme,
    /// BCP 47; null follows the system.
    pub language: Option<String>,
    pub favourite_theater_id: Option<String>,
    /// The usual number of seats.
    pub party_size: u16,
    /// The server this app talks to; null is the one inside the app.
    pub server_url: Option<String>,
    /// Tokens end with the app: for a system with no keyring, by choice.
    pub session_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            language: None,
            favourite_theater_id: None,
            party_size: 2,
            server_url: None,
            session_only: false,
        }
    }
}

/// A change; what is absent stays, null empties.
#[allow(clippy::option_option, reason = "the outer says whether it was there")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Type)]
pub struct SettingsChange {
    #[serde(default)]
    pub theme: Option<Theme>,
    #[serde(default, deserialize_with = "present")]
    #[specta(type = Option<String>)]
    pub language: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[specta(type = Option<String>)]
    pub favourite_theater_id: Option<Option<String>>,
    #[serde(default)]
    pub party_size: Option<u16>,
    #[serde(default, deserialize_with = "present")]
    #[specta(type = Option<String>)]
    pub server_url: Option<Option<String>>,
    #[serde(default)]
    pub session_only: Option<bool>,
}

/// Tells null (empty it) from absent (leave it).
#[allow(clippy::option_option, reason = "the outer says whether it was there")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Settings {
    /// The settings with a change made to them.
    pub fn changed(&self, change: SettingsChange) -> Self {
        let filled = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            theme: change.theme.unwrap_or(self.theme),
            language: change.language.unwrap_or_else(|| self.language.clone()),
            favourite_theater_id: change
                .favourite_theater_id
                .unwrap_or_else(|| self.favourite_theater_id.clone()),
            party_size: change
                .party_size
                .map_or(self.party_size, |size| size.clamp(1, 10)),
            server_url: match change.server_url {
                Some(url) => url.and_then(filled),
                None => self.server_url.clone(),
            },
            session_only: change.session_only.unwrap_or(self.session_only),
        }
    }

    /// Reads them from the data folder.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let small = fs::metadata(&path).is_ok_and(|file| file.len() <= MAX_BYTES);
        let text = if small {
            fs::read_to_string(&path).unwrap_or_default()
        } else {
            String::new()
        };
        // What was written reads as a change to the defaults: a setting this version adds has its default.
        let written: SettingsChange = serde_json::from_str(&text).unwrap_or_default();
        Self::default().changed(written)
    }

    /// Writes them to the data folder. A crash leaves the old ones or the new ones.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let path: PathBuf = folder.join(FILE);
        let new = folder.join(format!("{FILE}.new"));
        fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        fs::rename(new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> SettingsChange {
        serde_json::from_str(json).expect("a change")
    }

    #[test]
    fn absent_stays_and_null_empties() {
        let before = Settings {
            language: Some("pt".into()),
            ..Settings::default()
        };
        assert_eq!(
            before
                .changed(change(r#"{"party_size": 4}"#))
                .language
                .as_deref(),
            Some("pt")
        );
        assert_eq!(
            before.changed(change(r#"{"language": null}"#)).language,
            None
        );
        assert_eq!(
            before.changed(change(r#"{"server_url": "  "}"#)).server_url,
            None
        );
        assert_eq!(
            before.changed(change(r#"{"party_size": 400}"#)).party_size,
            10
        );
    }

    #[test]
    fn they_survive_a_restart_and_rubbish_counts_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Settings::read(folder.path()), Settings::default());
        let set = Settings {
            theme: Theme::Dark,
            session_only: true,
            ..Settings::default()
        };
        set.write(folder.path()).expect("written");
        assert_eq!(Settings::read(folder.path()), set);
        fs::write(folder.path().join(FILE), "{").expect("written");
        assert_eq!(Settings::read(folder.path()), Settings::default());
    }
}
