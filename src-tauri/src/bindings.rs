//! The one list of commands: the invoke handler, the generated TypeScript and the tests come from it.

use crate::commands::{account, buying, catalog, host, theater};
use tauri::Wry;
use tauri_specta::{Builder, collect_commands};

/// The commands with their types.
pub fn specta_builder() -> Builder<Wry> {
    Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            catalog::theaters,
            catalog::theater,
            catalog::theater_movies,
            catalog::movies,
            catalog::movie,
            catalog::movie_shows,
            catalog::show,
            catalog::seats,
            catalog::watch_seats,
            catalog::unwatch_seats,
            catalog::best_seats,
            buying::book,
            buying::booking,
            buying::change_booking,
            buying::extend_hold,
            buying::release_hold,
            buying::pay,
            buying::gift_balance,
            buying::simulate_payment,
            buying::tickets,
            buying::cancel,
            buying::bookings,
            buying::recover_booking,
            buying::redeem_recovery,
            account::session,
            account::register,
            account::login,
            account::logout,
            account::forgot_password,
            account::reset_password,
            account::verify_email,
            account::profile,
            account::save_profile,
            account::delete_account,
            account::sign_in_methods,
            account::sign_in_with_provider,
            account::second_factor,
            account::begin_second_factor,
            account::confirm_second_factor,
            account::remove_second_factor,
            account::sessions,
            account::end_session,
            account::end_other_sessions,
            account::resend_verification,
            account::export_account,
            host::settings,
            host::save_settings,
            host::watch_status,
            host::watch_opened,
            host::push_state,
            host::subscribe_push,
            host::unsubscribe_push,
            host::open_external,
            host::add_to_calendar,
            host::open_receipt,
            theater::local_theater,
            theater::run_theater,
            theater::stop_theater,
        ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use specta_typescript::Typescript;
    use std::{fs, path::Path};

    const HEADER: &str = "// Generated from src-tauri by `cargo xtask codegen`. Do not edit.\n/* eslint-disable */\n";

    fn text() -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("shell.ts");
        specta_builder()
            .export(Typescript::default().header(HEADER), &file)
            .expect("every command can be written as TypeScript");
        fs::read_to_string(file).expect("it was written")
    }

    #[test]
    fn codegen_shell() {
        let text = text();
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/platform/generated/shell.ts");
        if std::env::var("MATINEE_CODEGEN").is_ok_and(|mode| mode == "write") {
            fs::create_dir_all(path.parent().expect("it is inside the UI"))
                .expect("the folder can be made");
            fs::write(&path, text).expect("the file can be written");
            return;
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "ui/src/lib/platform/generated/shell.ts is old: run `cargo xtask codegen`"
        );
    }

    #[test]
    fn every_command_is_granted_to_the_main_window_and_nothing_else_is() {
        let text = text();
        let capability: serde_json::Value =
            serde_json::from_str(include_str!("../capabilities/main.json")).expect("it is JSON");
        let mut granted: Vec<&str> = capability["permissions"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|name| name.as_str())
            .collect();
        let mut commands: Vec<String> = include!("commands/names.rs")
            .map(|name| format!("allow-{}", name.replace('_', "-")))
            .to_vec();
        granted.sort_unstable();
        commands.sort_unstable();
        assert_eq!(granted, commands);
        for name in include!("commands/names.rs") {
            assert!(
                text.contains(&format!("\"{name}\"")),
                "{name} is not a command"
            );
        }
    }

    #[test]
    fn no_command_answers_with_a_token() {
        let text = text();
        for word in ["access_token", "refresh_token"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
