//! What the page may ask of the app: each command calls the client or the shell and maps, nothing more. Names are those
//! of the UI's platform interface.

pub mod account;
pub mod buying;
pub mod catalog;
pub mod host;
pub mod theater;

use matinee_client::ClientError;
use std::str::FromStr;

/// How every command answers; the page sees `{status: 'ok', data}` or `{status: 'error', error}`.
pub type Answer<T> = Result<T, ClientError>;

/// An id as the page says it. What is none can name nothing, so it is answered like something absent.
fn id<T: FromStr>(text: &str) -> Answer<T> {
    text.parse().map_err(|_| ClientError::not_found())
}
