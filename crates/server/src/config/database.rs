//! Where the data is, and how several servers share it.

use super::ConfigError;
use clap::ValueEnum;
use matinee_store_postgres::{Locking, RedisAddress};
use serde::Deserialize;
use std::{
    fmt,
    path::{Path, PathBuf},
};
use url::Url;

/// Where the data is. Shown without what is secret about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded engine's file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresUrl),
}

/// The address of a PostgreSQL database; it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// The whole address, for the one place that connects.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PostgresUrl {
    /// The address without user, password and parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(&self.0) {
            Ok(url) => {
                let port = url
                    .port()
                    .map(|port| format!(":{port}"))
                    .unwrap_or_default();
                let host = url.host_str().unwrap_or_default();
                write!(f, "postgres://{host}{port}{}", url.path())
            }
            // Several hosts, for example.
            Err(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => write!(f, "{url}"),
        }
    }
}

impl Database {
    /// Reads `postgres://…`, `sqlite:FILE` or a plain path.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let refuse = |reason: &str| ConfigError::Option {
            option: "database",
            reason: reason.into(),
        };
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            let there = text
                .split_once("://")
                .is_some_and(|(_, rest)| !rest.is_empty());
            return if there {
                Ok(Self::Postgres(PostgresUrl(text.to_owned())))
            } else {
                Err(refuse(
                    "name a database, e.g. postgres://matinee@localhost/matinee",
                ))
            };
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path == ":memory:" || path.contains('?') {
            return Err(refuse("name a file, e.g. sqlite:matinee.db"));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// The folder beside which other files of the server lie by default.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(path) => path.parent().unwrap_or(Path::new("")),
            Self::Postgres(_) => Path::new(""),
        }
    }
}

/// Reads the address of a Redis for this database.
pub(super) fn redis(
    database: &Database,
    text: Option<&str>,
) -> Result<Option<RedisAddress>, ConfigError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let refuse = |reason| ConfigError::Option {
        option: "redis",
        reason,
    };
    if matches!(database, Database::Sqlite(_)) {
        return Err(refuse(
            "it is for several servers on one PostgreSQL (--database postgres://…); one server on a file has no use \
             for it"
                .into(),
        ));
    }
    RedisAddress::parse(text).map(Some).map_err(refuse)
}

/// How requests of different servers keep out of each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockingChoice {
    /// Decide without locks and check while writing.
    Optimistic,
    /// Lock shows and bookings before deciding.
    Pessimistic,
}

/// How a server uses PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresTuning {
    pub locking: Locking,
    /// Connections that commit batches of bookings.
    pub lanes: usize,
    /// Connections for everything else.
    pub connections: usize,
}

impl Default for PostgresTuning {
    fn default() -> Self {
        Self {
            locking: Locking::default(),
            lanes: 4,
            connections: 8,
        }
    }
}

impl PostgresTuning {
    pub(super) fn of(
        locking: Option<LockingChoice>,
        lanes: Option<usize>,
        connections: Option<usize>,
    ) -> Result<Self, ConfigError> {
        let default = Self::default();
        let within =
            |option, given: Option<usize>, default, range: std::ops::RangeInclusive<usize>| {
                let wanted = given.unwrap_or(default);
                if range.contains(&wanted) {
                    return Ok(wanted);
                }
                let reason = format!("{} to {} are possible", range.start(), range.end());
                Err(ConfigError::Option { option, reason })
            };
        Ok(Self {
            locking: match locking {
                None => default.locking,
                Some(LockingChoice::Optimistic) => Locking::Optimistic,
                Some(LockingChoice::Pessimistic) => Locking::Pessimistic,
            },
            lanes: within("pg-lanes", lanes, default.lanes, 1..=64)?,
            connections: within("pg-connections", connections, default.connections, 2..=256)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file() {
        for (text, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite://a/b.db", "a/b.db"),
            ("a/b.db", "a/b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
        ] {
            let wanted = Database::Sqlite(PathBuf::from(path));
            assert_eq!(Database::parse(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn or_an_address_that_is_shown_without_its_password() {
        let given = "postgres://me:hunter2@db.example:5433/matinee?sslmode=disable";
        let database = Database::parse(given).unwrap();
        assert_eq!(database.to_string(), "postgres://db.example:5433/matinee");
        assert!(!format!("{database:?}").contains("hunter2"));
        let Database::Postgres(url) = database else {
            panic!("not PostgreSQL");
        };
        assert_eq!(url.expose(), given);
        assert!(Database::parse("postgres://").is_err());
    }

    #[test]
    fn tuning_has_limits() {
        assert!(PostgresTuning::of(None, Some(0), None).is_err());
        assert!(PostgresTuning::of(None, None, Some(1)).is_err());
        let tuning = PostgresTuning::of(Some(LockingChoice::Pessimistic), Some(2), None).unwrap();
        assert_eq!((tuning.locking, tuning.lanes), (Locking::Pessimistic, 2));
    }
}
