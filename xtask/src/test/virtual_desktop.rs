//! A desktop of its own for tests of the real app: a display nobody sees, and folders in place of the user's. The
//! session bus and the keyring are started around the tests by the same means as for `cargo xtask run`.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{paths, process, session, signals};

/// A running display with its folders. Both go when this is dropped.
pub struct VirtualDesktop {
    display: String,
    server: Child,
    home: PathBuf,
}

impl VirtualDesktop {
    pub fn start() -> Result<Self, String> {
        // Xvfb picks a free display itself and says which on the pipe it is given.
        let mut server = process::command(
            "Xvfb",
            &[
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
            ],
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("Xvfb did not start: {error}"))?;
        let mut number = String::new();
        if let Some(output) = server.stdout.take() {
            // An unreadable answer is an empty one, refused below.
            let _ = BufReader::new(output).read_line(&mut number);
        }
        let number = number.trim();
        if number.is_empty() {
            signals::stop(&mut server, Duration::from_secs(2));
            return Err("Xvfb offered no display".to_owned());
        }
        let home = env::temp_dir().join(format!("matinee-desktop-{}", std::process::id()));
        Ok(Self {
            display: format!(":{number}"),
            server,
            home,
        })
    }

    /// `program` on this desktop.
    pub fn command(&self, program: &Path) -> Result<Command, String> {
        let home = &self.home;
        let folders = [
            ("HOME", "home"),
            ("XDG_DATA_HOME", "home/.local/share"),
            ("XDG_CONFIG_HOME", "home/.config"),
            ("XDG_CACHE_HOME", "home/.cache"),
            ("XDG_STATE_HOME", "home/.local/state"),
            ("XDG_RUNTIME_DIR", "run"),
        ];
        let mut command = session::own_session(program, &home.join("keyring"))?;
        for (name, folder) in folders {
            let folder = home.join(folder);
            create_private(&folder)?;
            command.env(name, folder);
        }
        // The tools find their own files through the real home, unless these say where.
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if let Some(value) = env::var_os(name).or_else(|| home_folder(folder)) {
                command.env(name, value);
            }
        }
        command
            .current_dir(paths::root())
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS");
        Ok(command)
    }
}

impl Drop for VirtualDesktop {
    fn drop(&mut self) {
        signals::stop(&mut self.server, Duration::from_secs(5));
        // Left-overs in the temporary folder harm nobody.
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn home_folder(name: &str) -> Option<std::ffi::OsString> {
    env::var_os("HOME").map(|home| PathBuf::from(home).join(name).into_os_string())
}

fn create_private(folder: &Path) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(problem)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(problem)?;
    }
    Ok(())
}
