//! The shell: one window with the web UI inside, the OS keyring, deep links, and typed commands over the client.
//!
//! No rule of selling, no HTTP and no SQL here: the client has those. On a desktop the app can contain the booking
//! server (feature `bundled-server`), so that it works with no configuration.

#[cfg(all(unix, desktop))]
mod again;
mod bindings;
mod commands;
mod keyring;
mod links;
mod notices;
mod server;
mod settings;
mod shell;
mod theater;
mod window;

use shell::Shell;
use std::path::PathBuf;
use tauri::{App, AppHandle, Manager, RunEvent};
use tauri_plugin_deep_link::DeepLinkExt;

/// Puts the data folder elsewhere.
const DATA_VARIABLE: &str = "MATINEE_DATA";

/// Runs the app until its window is closed.
pub fn run() -> Result<(), tauri::Error> {
    log_to_stderr();
    let commands = bindings::specta_builder();
    let built = builder()
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_notification::init())
        .invoke_handler(commands.invoke_handler())
        .setup(|app| Ok(set_up(app)?))
        .build(tauri::generate_context!());
    #[cfg(all(unix, desktop))]
    let built = built.map_err(again::unless_hopeless);
    built?.run(|app, event| {
        if let (RunEvent::Exit, Some(shell)) = (event, app.try_state::<Shell>()) {
            tauri::async_runtime::block_on(shell.stop());
        }
    });
    Ok(())
}

/// The entry point of the phone projects.
#[cfg(mobile)]
#[tauri::mobile_entry_point]
fn start() {
    if let Err(error) = run() {
        tracing::error!(%error, "the app did not start");
    }
}

/// On a desktop there is one window, where it was left, and a second start only points to it.
#[cfg(desktop)]
fn builder() -> tauri::Builder<tauri::Wry> {
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            for link in &arguments {
                open_link(app, link);
            }
            notices::to_front(app);
        }))
        .plugin(tauri_plugin_window_state::Builder::default().build())
}

#[cfg(mobile)]
fn builder() -> tauri::Builder<tauri::Wry> {
    tauri::Builder::default()
}

fn set_up(app: &App) -> Result<(), tauri::Error> {
    let data = data_folder(app.handle())?;
    private_folder(&data)?;
    let theater = theater::Theater::new(app.handle(), &data);
    let notices = notices::Notices::new(app.handle()).map_err(std::io::Error::other)?;
    let shell = Shell::new(data, theater, notices);
    app.manage(shell.clone());
    for link in std::env::args().skip(1) {
        open_link(app.handle(), &link);
    }
    let handle = app.handle().clone();
    app.deep_link().on_open_url(move |event| {
        for link in event.urls() {
            open_link(&handle, link.as_str());
        }
    });
    tauri::async_runtime::spawn(async move { shell.begin().await });
    window::open(app)?;
    Ok(())
}

fn open_link(app: &AppHandle, link: &str) {
    if let (Some(path), Some(shell)) = (links::path_of(link), app.try_state::<Shell>()) {
        shell.open_path(path);
    }
}

fn data_folder(app: &AppHandle) -> Result<PathBuf, tauri::Error> {
    match std::env::var_os(DATA_VARIABLE).filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(folder.into()),
        None => app.path().app_data_dir(),
    }
}

/// The copy holds a person's bookings: nobody else on this machine is to read it.
fn private_folder(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MATINEE_LOG").unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new("warn,matinee_app=info,matinee_client=info")
    });
    // Set before when the app runs inside a test: that one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
