//! The file of options works with every command, and what is named beside it wins.

use matinee_tests::server;
use std::process::{Command, Stdio};

#[test]
fn every_command_takes_the_file_of_options() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let toml = format!(
        "database = \"sqlite:{}\"\nhold_minutes = 5\n",
        at("named.db")
    );
    let config = at("matinee.toml");
    std::fs::write(&config, toml).unwrap();
    let catalog = at("catalog.json");
    std::fs::write(&catalog, crate::import::small_theater().to_string()).unwrap();
    let run = |arguments: &[&str], variable: bool| {
        let mut command = Command::new(server::program());
        command
            .args(arguments)
            .current_dir(folder.path())
            .env_remove("MATINEE_DATABASE")
            .env("MATINEE_ADMIN_PASSWORD", "a long enough password")
            .stdin(Stdio::null());
        if variable {
            command.env("MATINEE_CONFIG", &config);
        } else {
            command.args(["--config", &config]);
        }
        let output = command.output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), words)
    };
    let admin = ["admin", "create", "--email", "boss@example.com"];
    let (backup, gone) = (at("backup.db"), at("gone.db"));
    // Only an import makes a database that is not there.
    for refused in [&["verify"][..], &["backup", &gone], &admin] {
        let (code, words) = run(refused, false);
        assert_eq!(code, Some(1), "{refused:?}: {words}");
        assert!(words.contains("named.db"), "{refused:?}: {words}");
        assert!(!folder.path().join("named.db").exists(), "{refused:?}");
    }
    for (arguments, variable) in [
        (&["import", &catalog][..], false),
        (&admin, true),
        (&["verify"], false),
        (&["backup", &backup], true),
        (&["restore", &backup, "--overwrite"], false),
        (&["verify"], true),
        (&["openapi"], false),
    ] {
        let (code, words) = run(arguments, variable);
        assert_eq!(code, Some(0), "{arguments:?}: {words}");
    }
    assert!(folder.path().join("named.db").exists());
    assert!(
        !folder.path().join("matinee.db").exists(),
        "the default is not touched"
    );
    // What is named beside the file wins over it.
    let other = format!("sqlite:{}", at("other.db"));
    let (code, words) = run(&["verify", "--database", &other], false);
    assert_eq!(code, Some(1));
    assert!(words.contains("other.db"), "{words}");
}
