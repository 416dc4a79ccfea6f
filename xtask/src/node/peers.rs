//! Programs from the npm registry that tests talk to: real peers, each in a folder of its own below cargo's target folder,
//! so that none of them gets into the UI's packages.

use std::path::PathBuf;

use super::Node;
use crate::console::step;
use crate::{paths, process};

/// A package with its version.
#[derive(Clone, Copy)]
pub struct Peer {
    folder: &'static str,
    package: &'static str,
    version: &'static str,
}

/// An OpenID provider, which `tests/openid/provider.mjs` runs.
pub const OPENID: Peer = Peer {
    folder: "openid",
    package: "oidc-provider",
    version: "9.13.3",
};

impl Peer {
    fn home(self) -> PathBuf {
        paths::tools().join(self.folder)
    }

    /// Where its modules are.
    pub fn modules(self) -> PathBuf {
        self.home().join("node_modules")
    }

    /// Whether it is there in this version.
    fn is_there(self) -> bool {
        let manifest = self.modules().join(self.package).join("package.json");
        let text = std::fs::read_to_string(manifest).unwrap_or_default();
        text.contains(&format!("\"version\": \"{}\"", self.version))
    }
}

impl Node {
    /// Installs a peer unless it is there.
    pub fn install_peer(&self, peer: Peer, may_install: bool) -> Result<(), String> {
        if peer.is_there() {
            return Ok(());
        }
        let wanted = format!("{}@{}", peer.package, peer.version);
        let home = peer.home();
        let home = home.to_string_lossy();
        let arguments = [
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--prefix",
            &*home,
            &*wanted,
        ];
        if !may_install {
            let line = arguments.join(" ");
            return Err(format!("--no-install was given; run `npm {line}`"));
        }
        std::fs::create_dir_all(&*home).map_err(|error| format!("{home}: {error}"))?;
        step(&format!("fetching {wanted} into {home}"), || {
            process::run(&mut self.command("npm", &arguments)?)
        })
    }
}
