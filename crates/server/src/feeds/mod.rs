//! What other programs read of the programme: a calendar per theater, and what search engines understand (schema.org) in
//! the head of public pages.
//!
//! Only what the programme's own pages show. Counts of free seats are not in it, except that a show is sold out.

pub mod calendar;
pub mod head;
pub mod structured;

use crate::app::App;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::{MovieId, TheaterId};
use matinee_store::{
    StoreError,
    catalog::{ListedShow, ShowQuery},
};

/// How far the feeds look ahead, like the lists of the programme.
const AHEAD: TimeDelta = TimeDelta::days(14);

/// Whose shows.
#[derive(Debug, Clone, Copy)]
enum Of {
    Theater(TheaterId),
    Movie(MovieId),
}

/// The next shows, by start, at most so many.
async fn next_shows(
    app: &App,
    of: Of,
    now: DateTime<Utc>,
    most: u16,
) -> Result<Vec<ListedShow>, StoreError> {
    let (theater_id, movie_id) = match of {
        Of::Theater(id) => (Some(id), None),
        Of::Movie(id) => (None, Some(id)),
    };
    app.store
        .shows(ShowQuery {
            theater_id,
            movie_id,
            from: Some(now),
            until: Some(now + AHEAD),
            after: None,
            limit: most,
            unpublished: false,
        })
        .await
}

#[cfg(test)]
mod tests;
