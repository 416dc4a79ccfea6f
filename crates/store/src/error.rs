//! Why a unit of work could not be done at all. Outcomes that a caller must handle are not errors: they are values.

/// A failure of the engine, not of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The writer's queue is full: try again in a moment.
    #[error("the database is busy")]
    Overloaded,
    /// The engine is closed or lost.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// No room on the disk; nothing was changed.
    #[error("the disk is full")]
    DiskFull,
    /// The file or folder cannot be written.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// The database was made by a newer version of this program.
    #[error(
        "the database was made by a newer version of Matinee: it has schema version {found}, this program knows {known}; \
         nothing was changed, run the newer program"
    )]
    TooNew { found: u32, known: u32 },
    /// A row does not read back as what was written.
    #[error("the database holds a damaged row: {0}")]
    Damaged(String),
    /// Anything else the engine said.
    #[error("the database failed: {0}")]
    Engine(String),
}
