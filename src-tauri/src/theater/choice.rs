//! What was chosen for the theater of this computer: a small file beside the settings. Lost, it costs one press of a button;
//! the theater's data is elsewhere.

use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

const FILE: &str = "theater.json";
const MAX_BYTES: u64 = 4096;
/// The server's usual port, and as many after it as other programs may plausibly hold.
const PORTS: std::ops::Range<u16> = 8080..8100;

/// How the theater is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// It starts with the app.
    pub run: bool,
    /// It is open to the local network.
    pub lan: bool,
    /// Kept once it worked: bookmarks and links in mails lead there.
    pub port: Option<u16>,
}

impl Choice {
    /// Reads it from the data folder; what cannot be read counts as none.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let small = fs::metadata(&path).is_ok_and(|file| file.len() <= MAX_BYTES);
        small
            .then(|| fs::read(&path).ok())
            .flatten()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Writes it to the data folder. A crash leaves the old one or the new one.
    pub fn write(self, folder: &Path) -> io::Result<()> {
        let new = folder.join(format!("{FILE}.new"));
        fs::write(&new, serde_json::to_vec_pretty(&self)?)?;
        fs::rename(new, folder.join(FILE))
    }

    /// Where to listen: as before, else at the first port nobody holds. When all are held the first is answered, and the
    /// server says what is wrong with it.
    pub fn address(self) -> SocketAddr {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let free = || {
            PORTS
                .map(at)
                .find(|address| TcpListener::bind(address).is_ok())
        };
        let kept = self.port.map(at);
        kept.or_else(free).unwrap_or_else(|| at(PORTS.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_a_restart_and_rubbish_counts_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Choice::read(folder.path()), Choice::default());
        let chosen = Choice {
            run: true,
            lan: true,
            port: Some(8081),
        };
        chosen.write(folder.path()).expect("written");
        assert_eq!(Choice::read(folder.path()), chosen);
        fs::write(folder.path().join(FILE), "{").expect("written");
        assert_eq!(Choice::read(folder.path()), Choice::default());
    }

    #[test]
    fn a_port_that_is_held_is_passed_over_until_one_was_kept() {
        let first = Choice::default().address();
        let held = TcpListener::bind(first).expect("it was free");
        let next = Choice::default().address();
        assert_ne!(next.port(), first.port());
        let kept = Choice {
            port: Some(first.port()),
            ..Choice::default()
        };
        assert_eq!(kept.address(), first);
        drop(held);
    }
}
