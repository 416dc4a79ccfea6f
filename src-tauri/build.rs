//! Embeds the built UI, the window's permissions and, on Windows, the icon.

/// With this list every command is a permission that a window has to be granted; without it all are open to all.
const COMMANDS: &[&str] = &include!("src/commands/names.rs");

fn main() {
    let attributes = tauri_build::Attributes::new()
        .app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("the app's configuration cannot be built: {error:#}");
    }
}
