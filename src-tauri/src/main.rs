//! The desktop program. Phones start the library by their own entry point.

// No console window beside the app.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    match matinee_app::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("matinee-app: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
