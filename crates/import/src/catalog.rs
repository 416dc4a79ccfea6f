//! A whole Matinee JSON catalog: seat maps, theaters, movies and shows, each checked alone and then together.
//!
//! A catalog may lean on what a server already knows ([`Known`]): next week's shows need not repeat the theater. What
//! only the store can know (shows already on a screen, seats already sold) is checked there.

use crate::{
    ImportError, PlanOptions, SoldAs,
    movie::{self, MovieImport},
    parse, plan,
    show::{self, ShowImport},
    theater::{self, TheaterImport},
    walk::{At, Members, SHORT, phrase, yes_or_no},
};
use matinee_domain::seat_map::{SeatCategory, SeatKind, SeatMap};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The format's name and version, the value of the member `format`.
pub(crate) const FORMAT: &str = "matinee-catalog/1";
/// Most items of each collection; the bound on the file's values is reached first.
const MAX_ITEMS: usize = 1_000_000;

/// What a catalog file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatalogImport {
    /// Lines to show beside the data, as its licences ask for.
    pub attribution: Vec<String>,
    pub seat_maps: Vec<SeatMapImport>,
    pub theaters: Vec<TheaterImport>,
    pub movies: Vec<MovieImport>,
    pub shows: Vec<ShowImport>,
}

/// A seat map and the name that screens call it by.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatMapImport {
    pub external_id: String,
    /// Its `seat_map_id` is made of its content and external id: the same read again has the same id, a changed plan
    /// another.
    pub map: SeatMap,
}

/// What is there already, by external id, for catalogs that refer to it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The price categories of each seat map.
    pub seat_maps: BTreeMap<String, Vec<SeatCategory>>,
    pub theaters: BTreeMap<String, KnownTheater>,
    /// The duration of each movie, in minutes.
    pub movies: BTreeMap<String, u16>,
}

/// A theater that is there already; its screens name seat maps of [`Known::seat_maps`].
pub type KnownTheater = TheaterImport;

impl From<&CatalogImport> for Known {
    fn from(catalog: &CatalogImport) -> Self {
        let seat_maps = catalog
            .seat_maps
            .iter()
            .map(|map| (map.external_id.clone(), map.map.categories.clone()));
        let theaters = catalog
            .theaters
            .iter()
            .map(|theater| (theater.external_id.clone(), theater.clone()));
        let movies = catalog
            .movies
            .iter()
            .map(|movie| (movie.external_id.clone(), movie.duration_minutes));
        Self {
            seat_maps: seat_maps.collect(),
            theaters: theaters.collect(),
            movies: movies.collect(),
        }
    }
}

/// Reads a catalog that stands alone.
pub fn parse_catalog(bytes: &[u8]) -> Result<CatalogImport, Vec<ImportError>> {
    parse_catalog_onto(bytes, &Known::default())
}

/// Reads a catalog that may refer to what is there already; where both name the same thing, the file's counts.
pub fn parse_catalog_onto(bytes: &[u8], known: &Known) -> Result<CatalogImport, Vec<ImportError>> {
    parse(bytes, |at| read(at, known))
}

fn read(at: &At<'_>, known: &Known) -> Option<CatalogImport> {
    let catalog = at.object(&[
        "format",
        "attribution",
        "seat_maps",
        "theaters",
        "movies",
        "shows",
    ])?;
    format_is(&catalog, FORMAT)?;
    let attribution = catalog.or("attribution", Vec::new(), |at| at.list(100, phrase));
    let seat_maps = collection(&catalog, "seat_maps", read_seat_map, |map| &map.external_id);
    let theaters = collection(&catalog, "theaters", theater::read, |theater| {
        &theater.external_id
    });
    let movies = collection(&catalog, "movies", movie::read, |movie| &movie.external_id);
    let index = Index::new(known, &catalog, &seat_maps, &theaters, &movies);
    check_screens(&catalog, &index);
    let shows = catalog.or("shows", Vec::new(), |at| {
        let shows: Vec<(At<'_>, ShowImport)> = at
            .items(MAX_ITEMS)?
            .filter_map(|at| Some((at, show::read(&at, &index)?)))
            .collect();
        show::check_together(&shows, &index);
        Some(shows.into_iter().map(|(_, show)| show).collect())
    });
    Some(CatalogImport {
        attribution: attribution?,
        seat_maps,
        theaters,
        movies,
        shows: shows?,
    })
}

/// The file says that it is what it is read as.
pub(crate) fn format_is(members: &Members<'_>, expected: &str) -> Option<()> {
    members.must("format", |at| match at.text(SHORT)? {
        found if found == expected => Some(()),
        _ => at.refuse(format!(
            "\"{expected}\" is expected; this file is of another format or version"
        )),
    })
}

/// What can be read of a collection; problems, also names that stand twice, are in the report.
fn collection<T>(
    catalog: &Members<'_>,
    name: &str,
    read: impl Fn(&At<'_>) -> Option<T>,
    key: fn(&T) -> &String,
) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    catalog.may(name, |at| {
        for item in at.items(MAX_ITEMS)? {
            let Some(value) = read(&item) else { continue };
            if seen.insert(key(&value).clone()) {
                found.push(value);
            } else {
                let place = item.child("external_id").unwrap_or(item);
                place.refuse::<()>(format!("\"{}\" stands twice in {name}", key(&value)));
            }
        }
        Some(())
    });
    found
}

fn read_seat_map(at: &At<'_>) -> Option<SeatMapImport> {
    let members = at.object(&["external_id", "name", "plan", "categories"])?;
    let external_id = members.must("external_id", phrase);
    let name = members.may("name", phrase);
    let categories = members.may("categories", read_sold_as);
    let options = PlanOptions {
        name: name?,
        categories: categories?,
    };
    let map = members.must("plan", |at| plan::read(at, &options));
    let (external_id, mut map) = (external_id?, map?);
    map.seat_map_id = plan::content_id(&map, &external_id);
    Some(SeatMapImport { external_id, map })
}

fn read_sold_as(at: &At<'_>) -> Option<BTreeMap<String, SoldAs>> {
    let read: Vec<_> = at
        .members()?
        .each()
        .map(|(name, at)| sold_as(&at).map(|sold| (name.to_owned(), sold)))
        .collect();
    read.into_iter().collect()
}

fn sold_as(at: &At<'_>) -> Option<SoldAs> {
    let sold = at.object(&["category", "label", "kind", "restricted_view"])?;
    let category = sold.must("category", |at| at.text(SHORT).map(str::to_owned));
    let label = sold.may("label", |at| at.text(SHORT).map(str::to_owned));
    let kind = sold.or("kind", SeatKind::Standard, kind);
    let restricted_view = sold.or("restricted_view", false, yes_or_no);
    Some(SoldAs {
        category: category?,
        label: label?,
        kind: kind?,
        restricted_view: restricted_view?,
    })
}

fn kind(at: &At<'_>) -> Option<SeatKind> {
    let name = at.text(SHORT)?;
    let found = plan::write::KINDS
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(kind, _)| *kind);
    found.or_else(|| {
        let known: Vec<String> = plan::write::KINDS
            .iter()
            .map(|(_, known)| format!("\"{known}\""))
            .collect();
        at.refuse(format!("one of {} is expected", known.join(", ")))
    })
}

/// A seat map as a catalog holds it.
pub fn write_seat_map(seat_map: &SeatMapImport) -> Value {
    let written = plan::write::write_seating_plan(&seat_map.map);
    json!({
        "external_id": seat_map.external_id,
        "name": seat_map.map.name,
        "plan": written.plan,
        "categories": written.categories,
    })
}

/// Every screen's seat map exists.
fn check_screens(catalog: &Members<'_>, index: &Index<'_>) {
    let Some(theaters) = catalog.get("theaters") else {
        return;
    };
    for theater in theaters.quiet_items() {
        let Some(screens) = theater.child("screens") else {
            continue;
        };
        for screen in screens.quiet_items() {
            if let Some(at) = screen.child("seat_map")
                && let Some(name) = at.quiet_text()
                && !index.has_seat_map(name)
            {
                at.refuse::<()>(format!("there is no seat map \"{name}\""));
            }
        }
    }
}

/// Everything that shows and screens may refer to: the file's own and what is known.
pub(crate) struct Index<'a> {
    known: &'a Known,
    seat_maps: HashMap<&'a str, &'a [SeatCategory]>,
    theaters: HashMap<&'a str, &'a TheaterImport>,
    movies: HashMap<&'a str, u16>,
    /// Names that stand in the file though what they name was refused: referring to them is not a second mistake.
    refused: HashSet<(&'static str, &'a str)>,
}

impl<'a> Index<'a> {
    fn new(
        known: &'a Known,
        catalog: &Members<'a>,
        seat_maps: &'a [SeatMapImport],
        theaters: &'a [TheaterImport],
        movies: &'a [MovieImport],
    ) -> Self {
        let mut refused = HashSet::new();
        for collection in ["seat_maps", "theaters", "movies"] {
            refused.extend(
                catalog
                    .quiet_ids(collection)
                    .into_iter()
                    .map(|name| (collection, name)),
            );
        }
        Self {
            known,
            seat_maps: seat_maps
                .iter()
                .map(|map| (map.external_id.as_str(), map.map.categories.as_slice()))
                .collect(),
            theaters: theaters
                .iter()
                .map(|theater| (theater.external_id.as_str(), theater))
                .collect(),
            movies: movies
                .iter()
                .map(|movie| (movie.external_id.as_str(), movie.duration_minutes))
                .collect(),
            refused,
        }
    }

    fn has_seat_map(&self, name: &str) -> bool {
        self.categories(name).is_some() || self.refused.contains(&("seat_maps", name))
    }

    /// The price categories of a seat map.
    pub(crate) fn categories(&self, name: &str) -> Option<&[SeatCategory]> {
        self.seat_maps
            .get(name)
            .copied()
            .or_else(|| self.known.seat_maps.get(name).map(Vec::as_slice))
    }

    fn named_theater(&self, name: &str) -> Option<&TheaterImport> {
        self.theaters
            .get(name)
            .copied()
            .or_else(|| self.known.theaters.get(name))
    }

    /// The theater that a show names.
    pub(crate) fn theater(&self, at: &At<'_>) -> Option<&TheaterImport> {
        let name = at.text(SHORT)?;
        let found = self.named_theater(name);
        if found.is_none() && !self.refused.contains(&("theaters", name)) {
            return at.refuse(format!("there is no theater \"{name}\""));
        }
        found
    }

    /// The movie that a show names, and its duration.
    pub(crate) fn movie(&self, at: &At<'_>) -> Option<(String, u16)> {
        let name = at.text(SHORT)?;
        let found = self
            .movies
            .get(name)
            .or_else(|| self.known.movies.get(name))
            .copied();
        if found.is_none() && !self.refused.contains(&("movies", name)) {
            return at.refuse(format!("there is no movie \"{name}\""));
        }
        Some((name.to_owned(), found?))
    }

    /// Minutes between two shows of a screen.
    pub(crate) fn cleaning(&self, theater: &str, screen: &str) -> Option<u16> {
        let screens = &self.named_theater(theater)?.screens;
        screens
            .iter()
            .find(|known| known.external_id == screen)
            .map(|screen| screen.cleaning_minutes)
    }
}
