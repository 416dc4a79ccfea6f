//! The demo's programme file: how theaters play, from which [`crate::demo_shows`] makes a fortnight's shows.
//!
//! It is no part of a catalog: real theaters import their shows. Names of theaters and movies are checked when shows are
//! made, not here, since they stand in another file.

use crate::{
    ImportError,
    catalog::format_is,
    clock::minutes_of,
    movie::language,
    parse,
    walk::{At, SHORT, phrase},
};
use std::collections::BTreeMap;

/// The format's name and version.
const FORMAT: &str = "matinee-programme/1";
/// Most theaters, weights or formats.
const MAX_ITEMS: usize = 100_000;

/// How the demo's theaters play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Shows start at multiples of this.
    pub round_to_minutes: u16,
    /// Genres that are always spoken in the theater's own language.
    pub dubbed_genres: Vec<String>,
    pub evening: Option<Evening>,
    /// The first rule that fits a show (and is drawn) decides its format.
    pub formats: Vec<FormatRule>,
    /// The format when no rule does.
    pub standard: StandardFormat,
    pub theaters: Vec<House>,
    /// How often a movie is chosen, by external id; 1 when it is not listed.
    pub weights: BTreeMap<String, u32>,
}

/// Certificates that are played in the evening only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evening {
    pub certificates: Vec<String>,
    /// Local minutes since midnight.
    pub from_minute: u16,
}

/// When a show runs in a special format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatRule {
    pub format: String,
    /// Percent of the shows that fit.
    pub share: u8,
    /// One of these, if any are given.
    pub genres: Vec<String>,
    pub since_year: Option<u16>,
    pub until_year: Option<u16>,
    /// Seats of the screen.
    pub min_seats: Option<u16>,
    /// The price list by external id, where the theater has it.
    pub price_list: Option<String>,
}

/// The ordinary format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardFormat {
    pub format: String,
    pub price_list: String,
}

/// One theater's habits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// External id.
    pub theater: String,
    /// Local minutes since midnight of the first start, Monday to Friday.
    pub opens: u16,
    /// The same on Saturday and Sunday.
    pub weekend_opens: u16,
    /// Local minutes since midnight after which nothing starts.
    pub last_start: u16,
    pub movies_per_week: u16,
    pub language: String,
    pub subtitles: Vec<String>,
    /// Percent of the movies in another language that are dubbed.
    pub dub_share: u8,
    /// Factors by genre; the largest that fits counts.
    pub genre_weights: BTreeMap<String, u32>,
}

/// Reads a programme file.
pub fn parse_programme(bytes: &[u8]) -> Result<Programme, Vec<ImportError>> {
    parse(bytes, read)
}

fn read(at: &At<'_>) -> Option<Programme> {
    let programme = at.object(&[
        "format",
        "round_to_minutes",
        "dubbed_genres",
        "evening",
        "formats",
        "standard",
        "theaters",
        "weights",
    ])?;
    format_is(&programme, FORMAT)?;
    let round_to_minutes = programme.or("round_to_minutes", 5, |at| at.whole(1, 60));
    let dubbed_genres = programme.or("dubbed_genres", Vec::new(), words);
    let evening = programme.may("evening", |at| {
        let evening = at.object(&["certificates", "from"])?;
        let (certificates, from_minute) = (
            evening.must("certificates", words),
            evening.must("from", minutes),
        );
        Some(Evening {
            certificates: certificates?,
            from_minute: from_minute?,
        })
    });
    let formats = programme.or("formats", Vec::new(), |at| at.list(MAX_ITEMS, format_rule));
    let standard = programme.must("standard", |at| {
        let standard = at.object(&["format", "price_list"])?;
        let (format, price_list) = (
            standard.must("format", phrase),
            standard.must("price_list", phrase),
        );
        Some(StandardFormat {
            format: format?,
            price_list: price_list?,
        })
    });
    let theaters = programme.must("theaters", |at| at.list(MAX_ITEMS, house));
    let weights = programme.or("weights", BTreeMap::new(), weights);
    Some(Programme {
        round_to_minutes: round_to_minutes?,
        dubbed_genres: dubbed_genres?,
        evening: evening?,
        formats: formats?,
        standard: standard?,
        theaters: theaters?,
        weights: weights?,
    })
}

fn words(at: &At<'_>) -> Option<Vec<String>> {
    at.list(MAX_ITEMS, phrase)
}

fn minutes(at: &At<'_>) -> Option<u16> {
    let minutes = minutes_of(at.text(SHORT)?).filter(|minutes| *minutes < 24 * 60);
    minutes.or_else(|| at.refuse("a local time like \"17:00\" is expected"))
}

fn weights(at: &At<'_>) -> Option<BTreeMap<String, u32>> {
    let read: Vec<_> = at
        .members()?
        .each()
        .map(|(name, at)| at.whole(0, 1_000).map(|weight| (name.to_owned(), weight)))
        .collect();
    read.into_iter().collect()
}

fn format_rule(at: &At<'_>) -> Option<FormatRule> {
    let rule = at.object(&[
        "format",
        "share",
        "genres",
        "since_year",
        "until_year",
        "min_seats",
        "price_list",
    ])?;
    let format = rule.must("format", phrase);
    let share = rule.must("share", |at| at.whole(0, 100));
    let genres = rule.or("genres", Vec::new(), words);
    let year = |at: &At<'_>| at.whole(1870, 2200);
    let (since_year, until_year) = (rule.may("since_year", year), rule.may("until_year", year));
    let min_seats = rule.may("min_seats", |at| at.whole(0, 20_000));
    let price_list = rule.may("price_list", phrase);
    Some(FormatRule {
        format: format?,
        share: share?,
        genres: genres?,
        since_year: since_year?,
        until_year: until_year?,
        min_seats: min_seats?,
        price_list: price_list?,
    })
}

fn house(at: &At<'_>) -> Option<House> {
    let known = [
        "theater",
        "opens",
        "weekend_opens",
        "last_start",
        "movies_per_week",
        "language",
        "subtitles",
        "dub_share",
        "genre_weights",
    ];
    let house = at.object(&known)?;
    let theater = house.must("theater", phrase);
    let opens = house.must("opens", minutes);
    let weekend_opens = house.or("weekend_opens", opens.unwrap_or_default(), minutes);
    let last_start = house.must("last_start", minutes);
    let movies_per_week = house.must("movies_per_week", |at| at.whole(1, 100));
    let spoken = house.must("language", language);
    let subtitles = house.or("subtitles", Vec::new(), |at| at.list(20, language));
    let dub_share = house.or("dub_share", 0, |at| at.whole(0, 100));
    let genre_weights = house.or("genre_weights", BTreeMap::new(), weights);
    Some(House {
        theater: theater?,
        opens: opens?,
        weekend_opens: weekend_opens?,
        last_start: last_start?,
        movies_per_week: movies_per_week?,
        language: spoken?,
        subtitles: subtitles?,
        dub_share: dub_share?,
        genre_weights: genre_weights?,
    })
}
