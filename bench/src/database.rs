//! The two engines' databases, alike: made from a template, counted in, thrown away.

use crate::{failure::Failure, postgres::Postgres};
use rusqlite::{Connection, OpenFlags};
use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// As a reader of the table knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// What keys of figures and names of rows end in.
    pub fn key(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

#[derive(Clone)]
pub enum Database {
    Sqlite(PathBuf),
    Postgres(Rc<Postgres>, String),
}

impl Database {
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(postgres, name) => postgres.url(name),
        }
    }

    /// Its own name, good for a file's.
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default(),
            Self::Postgres(_, name) => name.clone(),
        }
    }

    /// The process that does the database's work, when it is not the server itself.
    pub fn process(&self) -> Option<u32> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres, _) => Some(postgres.pid()),
        }
    }

    /// The file of the embedded engine.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(..) => None,
        }
    }

    /// A number the database answers.
    pub fn number(&self, sql: &str) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(path) => {
                let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                let found: i64 = conn.query_row(sql, [], |row| row.get(0))?;
                Ok(found as u64)
            }
            Self::Postgres(postgres, name) => {
                let printed = postgres.sql(name, sql);
                printed
                    .trim()
                    .parse()
                    .map_err(|_| Failure::Server(format!("{sql}: {printed}")))
            }
        }
    }

    /// A copy of one nobody works on.
    pub fn copy(&self, folder: &Path, name: &str) -> Result<Self, Failure> {
        match self {
            Self::Sqlite(path) => {
                let to = folder.join(format!("{name}.db"));
                std::fs::copy(path, &to)?;
                Ok(Self::Sqlite(to))
            }
            Self::Postgres(postgres, template) => {
                postgres.copy(template, name);
                Ok(Self::Postgres(postgres.clone(), name.to_owned()))
            }
        }
    }

    /// Gives its room on the disk back.
    pub fn remove(self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(path) => {
                for end in ["", "-wal", "-shm"] {
                    let mut name = path.as_os_str().to_owned();
                    name.push(end);
                    match std::fs::remove_file(name) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(error.into());
                        }
                        _ => {}
                    }
                }
            }
            Self::Postgres(postgres, name) => {
                postgres.sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
        }
        Ok(())
    }
}
