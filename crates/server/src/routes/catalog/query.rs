//! What callers ask of lists: dates, positions, words, pages; each either understood or refused with its place.

use super::AHEAD;
use crate::http::ApiError;
use chrono::{DateTime, NaiveDate, Utc};
use matinee_api as api;
use matinee_domain::{
    catalog::{Movie, Theater},
    day,
    ids::{MovieId, ShowId},
};
use std::sync::Arc;

/// The instants a list covers: a local day of the theater, or the next 14 days; never what has started.
pub(super) fn window(
    date: Option<NaiveDate>,
    theater: &Theater,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), ApiError> {
    let Some(date) = date else {
        return Ok((now, now + AHEAD));
    };
    let (from, until) = day::bounds(date, theater.time_zone)
        .ok_or_else(|| ApiError::invalid("/date", "This date is out of range."))?;
    Ok((from.max(now), until))
}

pub(in crate::routes) fn parse_date(text: &str) -> Result<NaiveDate, ApiError> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.filter(|date| (1900..=9000).contains(&chrono::Datelike::year(date)))
        .ok_or_else(|| ApiError::invalid("/date", "A date looks like 2026-11-22."))
}

pub(super) fn parse_near(text: &str) -> Result<(f64, f64), ApiError> {
    let bad = || {
        ApiError::invalid(
            "/near",
            "A position looks like 60.17,24.94 (latitude, longitude).",
        )
    };
    let (latitude, longitude) = text.split_once(',').ok_or_else(bad)?;
    let latitude: f64 = latitude.trim().parse().map_err(|_| bad())?;
    let longitude: f64 = longitude.trim().parse().map_err(|_| bad())?;
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        return Err(bad());
    }
    Ok((latitude, longitude))
}

/// Cursors of the lists of theaters and movies are offsets: the lists are small, sorted, and change with the catalog only.
pub(super) fn parse_offset(cursor: Option<&str>) -> Result<usize, ApiError> {
    let Some(cursor) = cursor else { return Ok(0) };
    cursor
        .strip_prefix('o')
        .and_then(|rest| rest.parse::<u32>().ok())
        .map(|offset| offset as usize)
        .ok_or_else(malformed_cursor)
}

fn malformed_cursor() -> ApiError {
    ApiError::new(
        api::ProblemCode::MalformedCursor,
        "This cursor was not made by this server. Start the list anew.",
    )
}

/// A cursor of shows names the last one seen, so that shows which begin or come meanwhile neither repeat nor skip any.
pub(in crate::routes) fn show_cursor((start, show_id): (DateTime<Utc>, ShowId)) -> String {
    format!("{}.{show_id}", start.timestamp_micros())
}

pub(in crate::routes) fn parse_show_cursor(
    cursor: &str,
) -> Result<(DateTime<Utc>, ShowId), ApiError> {
    let read = || {
        let (start, show_id) = cursor.split_once('.')?;
        let start = DateTime::from_timestamp_micros(start.parse().ok()?)?;
        Some((start, show_id.parse().ok()?))
    };
    read().ok_or_else(malformed_cursor)
}

/// A cursor of a theater's movies is the last one seen: how many of the sorted movies to skip.
pub(super) fn after_movie(movies: &[Arc<Movie>], cursor: Option<&str>) -> Result<usize, ApiError> {
    let Some(cursor) = cursor else { return Ok(0) };
    let last: MovieId = cursor.parse().map_err(|_| malformed_cursor())?;
    let place = movies.iter().position(|movie| movie.movie_id == last);
    place.map(|place| place + 1).ok_or_else(malformed_cursor)
}

pub(super) fn next_offset(skip: usize, shown: usize, total: usize) -> Option<String> {
    (shown > 0 && skip + shown < total).then(|| format!("o{}", skip + shown))
}

/// For search: lower case, without the accents people leave out when they type.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' => 'a',
            'ç' | 'č' | 'ć' => 'c',
            'è' | 'é' | 'ê' | 'ë' | 'ē' => 'e',
            'ì' | 'í' | 'î' | 'ï' | 'ī' => 'i',
            'ñ' | 'ń' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' => 'o',
            'ù' | 'ú' | 'û' | 'ü' | 'ū' => 'u',
            'ý' | 'ÿ' => 'y',
            'ß' => 's',
            'š' | 'ś' => 's',
            'ž' | 'ź' | 'ż' => 'z',
            other => other,
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Great-circle distance (haversine, mean earth radius 6371.0088 km).
pub(super) fn distance_km((latitude, longitude): (f64, f64), theater: &Theater) -> f64 {
    let (lat1, lat2) = (
        latitude.to_radians(),
        theater.location.latitude.to_radians(),
    );
    let (dlat, dlon) = (
        lat2 - lat1,
        (theater.location.longitude - longitude).to_radians(),
    );
    let a = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 6371.0088 * a.sqrt().min(1.0).asin()
}
