//! The desktop session that the app expects: a session bus, and a Secret Service on it that keeps the sign-in. Where a
//! machine has none (a server, a container), one is started for as long as the app runs, with a keyring of its own:
//! the user's keyrings are never touched.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::console::say;
use crate::process;

/// What the machine's session offers.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Session {
    /// A bus with a Secret Service, running or started on demand.
    Complete,
    /// A bus on which nobody keeps secrets.
    NoKeyring,
    /// No bus.
    NoBus,
}

/// Whether a window can be shown at all.
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
        || cfg!(any(target_os = "macos", target_os = "windows"))
}

/// Whether a session bus has to be started.
pub fn needs_bus() -> bool {
    cfg!(target_os = "linux") && probe() == Session::NoBus
}

/// The command that runs `program` in the machine's session, or in one started for it.
pub fn command_in_session(program: &Path, keyring: &Path) -> Result<Command, String> {
    if !cfg!(target_os = "linux") {
        return Ok(Command::new(program));
    }
    match probe() {
        Session::Complete => Ok(Command::new(program)),
        Session::NoKeyring => {
            say("no Secret Service on the session bus: the sign-in is kept until the app closes");
            Ok(Command::new(program))
        }
        Session::NoBus => {
            say(&format!(
                "no session bus here: starting one with a keyring in {}, guarded by file permissions only",
                keyring.display()
            ));
            own_session(program, keyring)
        }
    }
}

/// `program` inside a new session bus with an unlocked keyring in `keyring`.
pub fn own_session(program: &Path, keyring: &Path) -> Result<Command, String> {
    private_folder(keyring)?;
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "sh", "-c", IN_SESSION, "sh"]);
    command.arg(keyring).arg(program);
    Ok(command)
}

/// Starts the keyring with an empty password (one newline), waits until it answers on the bus (a program that asks
/// earlier would start the user's own) and becomes the program. The daemon ends with the bus.
const IN_SESSION: &str = r#"
keyring=$1; shift
runtime=${XDG_RUNTIME_DIR:-$keyring/run}
mkdir -p -m 700 "$runtime"
answers() {
  dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true'
}
printf '\n' | XDG_DATA_HOME=$keyring XDG_RUNTIME_DIR=$runtime \
  gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
tries=50
until answers; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo '==> the keyring did not start: the sign-in is kept until the app closes'
    break
  fi
  sleep 0.1
done
exec "$@"
"#;

fn private_folder(folder: &Path) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(problem)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(problem)?;
    }
    Ok(())
}

fn probe() -> Session {
    let address = env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some();
    let socket = env::var_os("XDG_RUNTIME_DIR")
        .is_some_and(|folder| Path::new(&folder).join("bus").exists());
    if !address && !socket {
        return Session::NoBus;
    }
    let names = |method: &str| {
        let method = format!("org.freedesktop.DBus.{method}");
        process::output(
            "dbus-send",
            &[
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                &method,
            ],
        )
    };
    let Some(running) = names("ListNames") else {
        return Session::NoBus;
    };
    let startable = names("ListActivatableNames").unwrap_or_default();
    if running.contains(SECRETS) || startable.contains(SECRETS) {
        Session::Complete
    } else {
        Session::NoKeyring
    }
}

const SECRETS: &str = "\"org.freedesktop.secrets\"";
