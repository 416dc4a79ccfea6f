//! Movies of a catalog.

use crate::walk::{At, SHORT, phrase};
use chrono::{Datelike, NaiveDate};
use matinee_domain::catalog::Rating;

/// Longest movie, in minutes.
pub(crate) const MAX_DURATION: i64 = 1_440;
/// Most people, genres, languages or ratings of one movie.
const MAX_LIST: usize = 100;

/// A movie as the file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct MovieImport {
    pub external_id: String,
    pub name: String,
    pub cast: Vec<String>,
    pub director: String,
    pub genres: Vec<String>,
    pub duration_minutes: u16,
    pub release_year: u16,
    /// The day of the first release, where it is known; always within `release_year`.
    pub release_date: Option<NaiveDate>,
    pub ratings: Vec<Rating>,
    pub certificate: String,
    /// BCP 47, the movie's own language first.
    pub languages: Vec<String>,
    pub poster_url: Option<String>,
}

const MEMBERS: [&str; 12] = [
    "external_id",
    "name",
    "cast",
    "director",
    "genres",
    "duration_minutes",
    "release_year",
    "release_date",
    "ratings",
    "certificate",
    "languages",
    "poster_url",
];

pub(crate) fn read(at: &At<'_>) -> Option<MovieImport> {
    let movie = at.object(&MEMBERS)?;
    let external_id = movie.must("external_id", phrase);
    let name = movie.must("name", phrase);
    let names = |at: &At<'_>| at.list(MAX_LIST, phrase);
    let cast = movie.or("cast", Vec::new(), names);
    let director = movie.or("director", String::new(), |at| {
        at.text(SHORT).map(str::to_owned)
    });
    let genres = movie.or("genres", Vec::new(), names);
    let duration_minutes = movie.must("duration_minutes", |at| at.whole(1, MAX_DURATION));
    let release_year = movie.must("release_year", |at| at.whole::<u16>(1870, 2200));
    let release_date = movie.may("release_date", |at| release_day(at, release_year));
    let ratings = movie.or("ratings", Vec::new(), |at| at.list(MAX_LIST, rating));
    let certificate = movie.or("certificate", String::new(), |at| {
        at.text(SHORT).map(str::to_owned)
    });
    let languages = movie.or("languages", Vec::new(), |at| at.list(MAX_LIST, language));
    let poster_url = movie.may("poster_url", web_address);
    Some(MovieImport {
        external_id: external_id?,
        name: name?,
        cast: cast?,
        director: director?,
        genres: genres?,
        duration_minutes: duration_minutes?,
        release_year: release_year?,
        release_date: release_date?,
        ratings: ratings?,
        certificate: certificate?,
        languages: languages?,
        poster_url: poster_url?,
    })
}

fn release_day(at: &At<'_>, year: Option<u16>) -> Option<NaiveDate> {
    let Ok(day) = at.text(SHORT)?.parse::<NaiveDate>() else {
        return at.refuse("a date like 1999-03-31 is expected");
    };
    match year {
        Some(year) if day.year() != i32::from(year) => {
            at.refuse("the release date is not in the release year")
        }
        _ => Some(day),
    }
}

fn rating(at: &At<'_>) -> Option<Rating> {
    let rating = at.object(&["source", "value", "out_of"])?;
    let source = rating.must("source", phrase);
    let out_of = rating.must("out_of", |at| at.number_in(1.0, 1000.0));
    let value = rating.must("value", |at| at.number_in(0.0, out_of.unwrap_or(1000.0)));
    Some(Rating {
        source: source?,
        value: value?,
        out_of: out_of?,
    })
}

/// A language tag, by its shape: subtags of letters and digits.
pub(crate) fn language(at: &At<'_>) -> Option<String> {
    let tag = at.text(SHORT)?;
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let first_fits =
        (2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    let fits = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if first_fits && parts.all(fits) {
        Some(tag.to_owned())
    } else {
        at.refuse("a language tag like \"en\" or \"pt-BR\" is expected")
    }
}

fn web_address(at: &At<'_>) -> Option<String> {
    let address = at.text(2_000)?;
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    let fits = rest.is_some_and(|rest| {
        !rest.is_empty()
            && address
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control())
    });
    if fits {
        Some(address.to_owned())
    } else {
        at.refuse("a web address that begins with https:// is expected")
    }
}
