//! The server inside another program: the demo the desktop app shows when it is told no server, and the theater that somebody
//! runs on their own computer from the app.
//!
//! Neither reads the environment: it belongs to the program around it. A theater's folder may hold a file with options,
//! which win over what the program chooses.

use super::{
    Config, ConfigError, Database, GatewayChoice, LogFormat, MailRoute, Options, Outlets,
    PostgresTuning, UiFiles, mail_folder, options,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// Options of a theater run inside a program, beside its database.
pub const OPTIONS_FILE: &str = "matinee.toml";
const DATABASE: &str = "theater.db";

impl Config {
    /// The configuration of a server inside another program: loopback, a free port, the rest as by default.
    pub fn in_process(database: &Path) -> Self {
        let database = Database::Sqlite(database.to_owned());
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            mail: MailRoute::Folder(mail_folder(&database)),
            database,
            postgres: PostgresTuning::default(),
            redis: None,
            demo: false,
            ui: None,
            public_url: None,
            tls: None,
            lan: None,
            sandbox_payments: false,
            stripe: None,
            hold_minutes: options::HOLD_MINUTES,
            mail_from: options::MAIL_FROM.into(),
            channels: Vec::new(),
            outlets: Outlets::default(),
            private_targets: false,
            tmdb: None,
            openid: None,
            staff_second_factor: true,
            trusted_proxies: Vec::new(),
            metrics: None,
            rate_limit: true,
            log_level: options::LOG_LEVEL.into(),
            log_format: LogFormat::Text,
        }
    }

    /// A theater's own server, with all it keeps in this folder. It listens at `listen`, a loopback address, and beside that
    /// on the local network when `lan` says so. Test money is taken while nobody else can come: a theater that is open to
    /// others sells at its box office until a gateway is named in the options file.
    pub fn theater_in(
        folder: &Path,
        listen: SocketAddr,
        (ui, lan): (UiFiles, bool),
    ) -> Result<Self, ConfigError> {
        let file = folder.join(OPTIONS_FILE);
        let named = Options {
            config: file.is_file().then_some(file),
            ..Options::default()
        };
        let mut options = named.with_file()?;
        options
            .database
            .get_or_insert_with(|| format!("sqlite:{}", folder.join(DATABASE).display()));
        options.listen.get_or_insert_with(|| listen.to_string());
        options.lan = Some(lan || options.lan == Some(true));
        let reachable = options.lan == Some(true) && options.allow_test_payments != Some(true);
        options.gateway.get_or_insert(if reachable {
            GatewayChoice::None
        } else {
            GatewayChoice::Sandbox
        });
        let mut config = Self::from_options(options)?;
        config.ui.get_or_insert(ui);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn theater(folder: &Path, lan: bool) -> Result<Config, ConfigError> {
        let ui = UiFiles::Inside(Arc::from([]));
        Config::theater_in(folder, "127.0.0.1:8080".parse().unwrap(), (ui, lan))
    }

    #[test]
    fn test_money_is_for_a_theater_nobody_else_reaches() {
        let folder = tempfile::tempdir().unwrap();
        let alone = theater(folder.path(), false).unwrap();
        assert!(alone.sandbox_payments && alone.lan.is_none() && !alone.demo);
        assert!(alone.staff_second_factor && alone.rate_limit);
        assert!(
            matches!(alone.database, Database::Sqlite(file) if file.starts_with(folder.path()))
        );
        let open = theater(folder.path(), true).unwrap();
        assert!(!open.sandbox_payments && open.lan.is_some());
    }

    #[test]
    fn the_options_file_wins() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text| std::fs::write(folder.path().join(OPTIONS_FILE), text).unwrap();
        write("listen = \"127.0.0.1:8181\"\nlan_port = 9443\nallow_test_payments = true\n");
        let config = theater(folder.path(), true).unwrap();
        assert_eq!(config.listen.port(), 8181);
        assert_eq!(config.lan, Some(9443));
        assert!(config.sandbox_payments);
        write("hold_minutes = 99\n");
        let refused = theater(folder.path(), false).err().unwrap().to_string();
        assert!(refused.contains("hold-minutes"), "{refused}");
        write("listens = 1\n");
        let refused = theater(folder.path(), false).err().unwrap().to_string();
        assert!(
            refused.contains("matinee.toml") && refused.contains("line 1"),
            "{refused}"
        );
    }
}
