//! Shows of a catalog: what they refer to, when they run, and that no screen runs two at once.

use crate::{
    catalog::Index,
    clock::{Unclear, instant},
    movie::language,
    theater::{ScreenImport, TheaterImport},
    walk::{At, Members, SHORT, phrase},
};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};
use matinee_domain::price::ShowPrices;
use std::collections::{HashMap, HashSet};

/// Most subtitle languages of one show.
const MAX_SUBTITLES: usize = 20;

/// A show as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowImport {
    /// Unique among all shows of a server.
    pub external_id: String,
    /// External id of the theater.
    pub theater: String,
    /// External id of the screen, within the theater.
    pub screen: String,
    /// External id of the movie.
    pub movie: String,
    pub start_time: DateTime<Utc>,
    /// Start plus the movie's duration.
    pub end_time: DateTime<Utc>,
    pub format: String,
    pub language: String,
    pub subtitles: Vec<String>,
    /// External id of the price list, within the theater.
    pub price_list: String,
}

const MEMBERS: [&str; 10] = [
    "external_id",
    "theater",
    "screen",
    "movie",
    "start_time",
    "start_local",
    "format",
    "language",
    "subtitles",
    "price_list",
];

pub(crate) fn read(at: &At<'_>, index: &Index<'_>) -> Option<ShowImport> {
    let show = at.object(&MEMBERS)?;
    let external_id = show.must("external_id", phrase);
    let theater = show.must("theater", |at| index.theater(at));
    let screen = show.must("screen", |at| screen(at, theater?));
    let movie = show.must("movie", |at| index.movie(at));
    let start = match (show.get("start_time"), show.get("start_local")) {
        (Some(at), None) => start_time(&at),
        (None, Some(at)) => start_local(&at, theater),
        _ => at.refuse("exactly one of \"start_time\" and \"start_local\" is expected"),
    };
    let words = words(&show);
    let first_list = theater
        .and_then(|theater| theater.price_lists.first())
        .map(|list| list.external_id.clone());
    let price_list = match show.get("price_list") {
        None => first_list,
        Some(at) => price_list(&at, theater),
    };
    let (start_time, (movie, duration), words) = (start?, movie?, words?);
    let show = ShowImport {
        external_id: external_id?,
        theater: theater?.external_id.clone(),
        screen: screen?.external_id.clone(),
        movie,
        start_time,
        end_time: start_time.checked_add_signed(TimeDelta::minutes(i64::from(duration)))?,
        format: words.format,
        language: words.language,
        subtitles: words.subtitles,
        price_list: price_list?,
    };
    priced(at, &show, theater?, index)?;
    Some(show)
}

/// What is said of a show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowWords {
    pub format: String,
    pub language: String,
    pub subtitles: Vec<String>,
}

/// The words that stand alone, not in a catalog.
pub(crate) fn read_words(at: &At<'_>) -> Option<ShowWords> {
    words(&at.object(&["format", "language", "subtitles"])?)
}

fn words(show: &Members<'_>) -> Option<ShowWords> {
    let format = show.or("format", "2D".to_owned(), phrase);
    let spoken = show.must("language", language);
    let subtitles = show.or("subtitles", Vec::new(), |at| {
        at.list(MAX_SUBTITLES, language)
    });
    Some(ShowWords {
        format: format?,
        language: spoken?,
        subtitles: subtitles?,
    })
}

fn screen<'t>(at: &At<'_>, theater: &'t TheaterImport) -> Option<&'t ScreenImport> {
    let name = at.text(SHORT)?;
    let found = theater
        .screens
        .iter()
        .find(|screen| screen.external_id == name);
    found.or_else(|| {
        at.refuse(format!(
            "theater \"{}\" has no screen \"{name}\"",
            theater.external_id
        ))
    })
}

fn price_list(at: &At<'_>, theater: Option<&TheaterImport>) -> Option<String> {
    let (name, theater) = (at.text(SHORT)?, theater?);
    if theater
        .price_lists
        .iter()
        .any(|list| list.external_id == name)
    {
        return Some(name.to_owned());
    }
    at.refuse(format!(
        "theater \"{}\" has no price list \"{name}\"",
        theater.external_id
    ))
}

fn start_time(at: &At<'_>) -> Option<DateTime<Utc>> {
    match DateTime::parse_from_rfc3339(at.text(SHORT)?) {
        Ok(start) if plausible(start.year()) => Some(start.with_timezone(&Utc)),
        Ok(_) => at.refuse("the year is not from 1970 to 2200"),
        Err(_) => at.refuse("an instant like \"2030-05-04T18:30:00Z\" (RFC 3339) is expected"),
    }
}

fn plausible(year: i32) -> bool {
    (1970..=2200).contains(&year)
}

/// A wall time of the theater. Times that the clocks skip or show twice are for the writer to decide.
fn start_local(at: &At<'_>, theater: Option<&TheaterImport>) -> Option<DateTime<Utc>> {
    let text = at.text(SHORT)?;
    let read = |format: &str| NaiveDateTime::parse_from_str(text, format).ok();
    let Some(local) = read("%Y-%m-%dT%H:%M").or_else(|| read("%Y-%m-%dT%H:%M:%S")) else {
        return at.refuse("a local time like \"2030-05-04T18:30\" is expected");
    };
    if !plausible(local.year()) {
        return at.refuse("the year is not from 1970 to 2200");
    }
    let zone = theater?.time_zone;
    match instant(zone, local) {
        Ok(start) => Some(start),
        Err(Unclear::Skipped) => at.refuse(format!("the clocks of {zone} skip this time")),
        Err(Unclear::Repeated) => at.refuse(format!(
            "the clocks of {zone} show this time twice; give \"start_time\" instead"
        )),
    }
}

/// Every seat of the screen can be sold by the show's price list.
fn priced(
    at: &At<'_>,
    show: &ShowImport,
    theater: &TheaterImport,
    index: &Index<'_>,
) -> Option<()> {
    let list = theater
        .price_lists
        .iter()
        .find(|list| list.external_id == show.price_list)?;
    let screen = theater
        .screens
        .iter()
        .find(|screen| screen.external_id == show.screen)?;
    let categories = index.categories(&screen.seat_map)?;
    let local = show
        .start_time
        .with_timezone(&theater.time_zone)
        .naive_local();
    let types = &theater.ticket_types;
    match ShowPrices::resolve(
        theater.currency,
        list,
        types,
        theater.fees,
        &theater.tax,
        categories,
        local,
    ) {
        Ok(_) => Some(()),
        Err(error) => at.child("price_list").unwrap_or(*at).refuse(format!(
            "price list \"{}\" does not fit the screen: {error}",
            list.external_id
        )),
    }
}

/// Refuses names that stand twice, and shows that begin before the screen is clean again.
pub(crate) fn check_together(shows: &[(At<'_>, ShowImport)], index: &Index<'_>) {
    let mut names = HashSet::new();
    let mut screens: HashMap<(&str, &str), Vec<&(At<'_>, ShowImport)>> = HashMap::new();
    for entry in shows {
        let (at, show) = entry;
        if !names.insert(&show.external_id) {
            let place = at.child("external_id").unwrap_or(*at);
            place.refuse::<()>(format!("\"{}\" stands twice in shows", show.external_id));
        }
        screens
            .entry((&show.theater, &show.screen))
            .or_default()
            .push(entry);
    }
    for shows in screens.values_mut() {
        // By time, then as in the file, so that the later line is the one refused.
        shows.sort_by_key(|(_, show)| show.start_time);
    }
    let mut clashes: Vec<_> = screens
        .values()
        .flat_map(|shows| {
            shows
                .windows(2)
                .filter_map(|pair| clash(pair[0], pair[1], index))
        })
        .collect();
    // The map of screens has no order; a report should.
    clashes.sort_by(|a, b| (a.1, &a.2).cmp(&(b.1, &b.2)));
    for (at, _, detail) in clashes {
        at.refuse::<()>(detail);
    }
}

type Clash<'p> = (At<'p>, DateTime<Utc>, String);

fn clash<'p>(
    earlier: &(At<'p>, ShowImport),
    later: &'p (At<'p>, ShowImport),
    index: &Index<'_>,
) -> Option<Clash<'p>> {
    let (at, later) = (&later.0, &later.1);
    let earlier = &earlier.1;
    let cleaning = index
        .cleaning(&later.theater, &later.screen)
        .unwrap_or_default();
    let free = earlier
        .end_time
        .checked_add_signed(TimeDelta::minutes(i64::from(cleaning)))?;
    if later.start_time >= free {
        return None;
    }
    let detail = format!(
        "screen \"{}\" is taken by show \"{}\" until {} (with {cleaning} minutes of cleaning)",
        later.screen,
        earlier.external_id,
        free.format("%Y-%m-%dT%H:%MZ"),
    );
    let place = at
        .child("start_time")
        .or_else(|| at.child("start_local"))
        .unwrap_or(*at);
    Some((place, later.start_time, detail))
}
