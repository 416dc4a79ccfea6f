//! What is told about a refused file: every problem with its place, up to a bound, and how many more there are.

use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    fmt::Write as _,
};

/// Most problems told about one file.
pub const MAX_ERRORS: usize = 100;
/// Why a file is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {detail}", if pointer.is_empty() { "the file" } else { pointer })]
pub struct ImportError {
    /// JSON pointer (RFC 6901) to the value; empty for the file as a whole.
    pub pointer: String,
    /// What is wrong with it, in a sentence without a full stop.
    pub detail: String,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    errors: RefCell<Vec<ImportError>>,
    more: Cell<usize>,
}

impl Report {
    pub(crate) fn refuse(&self, pointer: String, detail: impl Into<String>) {
        let mut errors = self.errors.borrow_mut();
        if errors.len() < MAX_ERRORS {
            errors.push(ImportError {
                pointer,
                detail: detail.into(),
            });
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    /// The value when nothing was refused.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<ImportError>> {
        let mut errors = self.errors.into_inner();
        match value {
            Some(value) if errors.is_empty() => return Ok(value),
            // A reader that gives up has noted why; this keeps a mistake of ours from passing as success.
            _ if errors.is_empty() => errors.push(ImportError {
                pointer: String::new(),
                detail: "cannot be read".into(),
            }),
            _ => {}
        }
        if let (more @ 1.., Some(last)) = (self.more.get(), errors.last_mut()) {
            let _ = write!(last.detail, " (and {more} more problems)");
        }
        Err(errors)
    }
}
