//! From an import's values, which know each other by external id, to rows with ids: what the command line and the demo
//! share.
//!
//! Reading files is `matinee-import`'s work, refusing what clashes with what is sold is the store's; here ids are found
//! or made, and a refusal is put into the words of the files.

pub(crate) mod rows;

use chrono::{DateTime, Utc};
use matinee_booking::Entropy;
use matinee_domain::{catalog::Theater, ids::SeatMapId, seat_map::SeatMap};
use matinee_import::{
    CatalogImport, ImportError, Known, ScreenImport, TheaterImport, parse_catalog_onto,
};
use matinee_store::{
    Store, StoreError,
    catalog::{AskedIds, CatalogReport},
};
use rows::Rows;
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};

/// The note that keeps the lines to show beside the data, a JSON list.
pub const ATTRIBUTION_NOTE: &str = "attribution";

/// Why a catalog was not taken in. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportingError {
    /// Problems of the file, each with its place.
    #[error("the file is refused")]
    Refused(Vec<ImportError>),
    /// It does not fit what is there already.
    #[error("{0}")]
    Clash(String),
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// Reads catalog files, each onto what the store and the files before it know, into one catalog. The first file that
/// is refused is named by its index.
pub async fn read_catalogs(
    store: &dyn Store,
    files: &[Vec<u8>],
) -> Result<CatalogImport, (usize, ImportingError)> {
    let mut whole = CatalogImport::default();
    let mut earlier = Known::default();
    for (index, bytes) in files.iter().enumerate() {
        let failed = |failure| (index, failure);
        let mut known = known_of(store, bytes)
            .await
            .map_err(|error| failed(error.into()))?;
        known.seat_maps.extend(earlier.seat_maps.clone());
        known.theaters.extend(earlier.theaters.clone());
        known.movies.extend(earlier.movies.clone());
        let catalog = parse_catalog_onto(bytes, &known)
            .map_err(|errors| failed(ImportingError::Refused(errors)))?;
        let names = Known::from(&catalog);
        earlier.seat_maps.extend(names.seat_maps);
        earlier.theaters.extend(names.theaters);
        earlier.movies.extend(names.movies);
        merge(&mut whole, catalog);
    }
    Ok(whole)
}

/// Puts a read catalog in place, in one transaction.
pub async fn put(
    store: &dyn Store,
    catalog: CatalogImport,
    now: DateTime<Utc>,
    entropy: &dyn Entropy,
) -> Result<CatalogReport, ImportingError> {
    let attribution = catalog.attribution.clone();
    let rows = Rows::make(store, entropy, catalog).await?;
    let (change, names) = rows.into_change();
    let report = store
        .apply(change, now)
        .await?
        .map_err(|refusal| ImportingError::Clash(names.in_words(&refusal)))?;
    note_attribution(store, attribution).await?;
    Ok(report)
}

/// Gives a screen a seating plan as its map: the shows it has keep theirs.
pub async fn put_plan(
    store: &dyn Store,
    map: SeatMap,
    (theater, screen): (&str, &str),
    now: DateTime<Utc>,
    entropy: &dyn Entropy,
) -> Result<CatalogReport, ImportingError> {
    let asked = AskedIds {
        theaters: vec![theater.to_owned()],
        ..AskedIds::default()
    };
    let known = store.known_ids(&asked).await?;
    let Some(found) = known
        .theaters
        .into_iter()
        .find(|found| found.external_id == theater)
    else {
        return Err(ImportingError::Clash(format!(
            "there is no theater with the external id \"{theater}\""
        )));
    };
    let priced = |list: &matinee_domain::price::PriceList| {
        map.categories.iter().all(|wanted| {
            list.prices
                .iter()
                .any(|price| price.category == wanted.code)
        })
    };
    if !found.price_lists.iter().any(priced) {
        let codes: Vec<_> = map
            .categories
            .iter()
            .map(|category| category.code.as_str())
            .collect();
        return Err(ImportingError::Clash(format!(
            "no price list of \"{theater}\" prices every category of this plan: {}",
            codes.join(", ")
        )));
    }
    let external_id = format!("{theater}/{screen}");
    let mut names = HashMap::new();
    let mut theater = as_import(&found, &mut names);
    let seat_map = external_id.clone();
    match theater
        .screens
        .iter_mut()
        .find(|known| known.external_id == screen)
    {
        Some(known) => known.seat_map = seat_map,
        None => theater.screens.push(ScreenImport {
            external_id: screen.to_owned(),
            name: screen.to_owned(),
            seat_map,
            cleaning_minutes: 15,
        }),
    }
    let catalog = CatalogImport {
        seat_maps: vec![matinee_import::SeatMapImport { external_id, map }],
        theaters: vec![theater],
        ..CatalogImport::default()
    };
    put(store, catalog, now, entropy).await
}

/// What a file refers to without bringing it along; only names, leniently read: the parser says what is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Mentioned {
    theaters: Vec<MentionedTheater>,
    shows: Vec<MentionedShow>,
}
#[derive(Default, Deserialize)]
#[serde(default)]
struct MentionedTheater {
    screens: Vec<MentionedScreen>,
}
#[derive(Default, Deserialize)]
#[serde(default)]
struct MentionedScreen {
    seat_map: String,
}
#[derive(Default, Deserialize)]
#[serde(default)]
struct MentionedShow {
    theater: String,
    movie: String,
}

/// What the store knows of the names a file mentions.
async fn known_of(store: &dyn Store, bytes: &[u8]) -> Result<Known, StoreError> {
    let mentioned: Mentioned = serde_json::from_slice(bytes).unwrap_or_default();
    let screens = mentioned
        .theaters
        .into_iter()
        .flat_map(|theater| theater.screens);
    let (theaters, movies) = mentioned
        .shows
        .into_iter()
        .map(|show| (show.theater, show.movie))
        .unzip();
    let asked = AskedIds {
        seat_maps: unique(screens.map(|screen| screen.seat_map).collect()),
        theaters: unique(theaters),
        movies: unique(movies),
        shows: Vec::new(),
    };
    let found = store.known_ids(&asked).await?;
    let mut known = Known::default();
    for (external_id, map) in found.seat_maps {
        known.seat_maps.insert(external_id, map.categories);
    }
    let mut names = HashMap::new();
    for theater in &found.theaters {
        known
            .theaters
            .insert(theater.external_id.clone(), as_import(theater, &mut names));
    }
    for (seat_map_id, name) in names {
        if let Some(map) = store.seat_map(seat_map_id).await? {
            known.seat_maps.insert(name, map.categories.clone());
        }
    }
    for (external_id, movie_id) in found.movies {
        if let Some(movie) = store.movie(movie_id).await? {
            known.movies.insert(external_id, movie.duration_minutes);
        }
    }
    Ok(known)
}

fn unique(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

/// A theater that is there, as an import would describe it. A screen may pin a map that is no longer the latest of its
/// external id, so maps are named by their id; `names` collects them.
fn as_import(theater: &Theater, names: &mut HashMap<SeatMapId, String>) -> TheaterImport {
    let screens = theater.screens.iter().map(|screen| ScreenImport {
        external_id: screen.external_id.clone(),
        name: screen.name.clone(),
        seat_map: names
            .entry(screen.seat_map_id)
            .or_insert_with(|| rows::name_of(screen.seat_map_id))
            .clone(),
        cleaning_minutes: screen.cleaning_minutes,
    });
    TheaterImport {
        external_id: theater.external_id.clone(),
        name: theater.name.clone(),
        location: theater.location.clone(),
        time_zone: theater.time_zone,
        currency: theater.currency,
        tax: theater.tax.clone(),
        fees: theater.fees,
        max_seats_per_booking: theater.max_seats_per_booking,
        gap_rule: theater.gap_rule,
        hold_minutes: theater.hold_minutes,
        doors_open_minutes: theater.doors_open_minutes,
        cancellation_policy: theater.cancellation_policy.clone(),
        ticket_types: theater.ticket_types.clone(),
        price_lists: theater.price_lists.clone(),
        screens: screens.collect(),
    }
}

/// Adds a file's content; where two files name the same thing, the later one counts.
fn merge(whole: &mut CatalogImport, file: CatalogImport) {
    whole.attribution.extend(file.attribution);
    put_all(&mut whole.seat_maps, file.seat_maps, |map| &map.external_id);
    put_all(&mut whole.theaters, file.theaters, |theater| {
        &theater.external_id
    });
    put_all(&mut whole.movies, file.movies, |movie| &movie.external_id);
    put_all(&mut whole.shows, file.shows, |show| &show.external_id);
}

fn put_all<T>(whole: &mut Vec<T>, more: Vec<T>, key: fn(&T) -> &String) {
    let mut places: HashMap<String, usize> = whole
        .iter()
        .enumerate()
        .map(|(index, item)| (key(item).clone(), index))
        .collect();
    for item in more {
        if let Some(index) = places.get(key(&item)) {
            whole[*index] = item;
        } else {
            places.insert(key(&item).clone(), whole.len());
            whole.push(item);
        }
    }
}

async fn note_attribution(store: &dyn Store, lines: Vec<String>) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let before = store.note(ATTRIBUTION_NOTE).await?;
    let mut all: Vec<String> = before
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let had = all.len();
    for line in lines {
        if !all.contains(&line) {
            all.push(line);
        }
    }
    if all.len() > had {
        let text = serde_json::to_string(&all).unwrap_or_default();
        store.set_note(ATTRIBUTION_NOTE, &text).await?;
    }
    Ok(())
}

/// A seat map with the id it will have.
type Maps = HashMap<SeatMapId, Arc<SeatMap>>;

#[cfg(test)]
mod tests;
