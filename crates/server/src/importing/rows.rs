//! Rows for a catalog: ids of what is there already, new ones for the rest.

use super::{ImportingError, Maps, unique};
use matinee_booking::Entropy;
use matinee_domain::{
    catalog::{Movie, Screen, Show, Theater},
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    price::ShowPrices,
    seat_map::SeatMap,
};
use matinee_import::{CatalogImport, MovieImport, ShowImport, TheaterImport};
use matinee_store::{
    Store, StoreError,
    catalog::{AskedIds, CatalogChange, CatalogRefusal},
};
use std::{collections::HashMap, sync::Arc};

/// The name by which a map is referred to when only its id is known. No file can contain it: names there are phrases
/// without control characters.
pub(super) fn name_of(seat_map_id: SeatMapId) -> String {
    format!("\u{1}{seat_map_id}")
}

/// A change in the making.
pub(super) struct Rows {
    change: CatalogChange,
    maps: Maps,
    map_ids: HashMap<String, SeatMapId>,
    theaters: HashMap<String, Theater>,
    movies: HashMap<String, MovieId>,
    shows: HashMap<String, ShowId>,
}

/// External ids by id, to say a refusal in the words of the file.
pub(super) struct Names {
    shows: HashMap<ShowId, String>,
    screens: HashMap<ScreenId, String>,
}

impl Rows {
    /// Makes the rows of a catalog.
    pub(super) async fn make(
        store: &dyn Store,
        entropy: &dyn Entropy,
        catalog: CatalogImport,
    ) -> Result<Self, ImportingError> {
        let known = store.known_ids(&asked(&catalog)).await?;
        let mut rows = Self {
            change: CatalogChange::default(),
            maps: Maps::new(),
            map_ids: HashMap::new(),
            theaters: known
                .theaters
                .into_iter()
                .map(|theater| (theater.external_id.clone(), theater))
                .collect(),
            movies: known.movies.into_iter().collect(),
            shows: known
                .shows
                .into_iter()
                .map(|(external_id, show_id, _)| (external_id, show_id))
                .collect(),
        };
        for (external_id, map) in known.seat_maps {
            rows.add_map(external_id, map);
        }
        for import in catalog.seat_maps {
            rows.change
                .seat_maps
                .push((import.external_id.clone(), import.map.clone()));
            rows.add_map(import.external_id, import.map);
        }
        rows.fetch_pinned_maps(store).await?;
        for import in catalog.theaters {
            let theater = rows.theater(entropy, import)?;
            rows.change.theaters.push(theater.clone());
            rows.theaters.insert(theater.external_id.clone(), theater);
        }
        for import in catalog.movies {
            let known = rows.movies.get(&import.external_id).copied();
            let movie_id = known.unwrap_or_else(|| MovieId::from_bytes(entropy.bytes()));
            rows.movies.insert(import.external_id.clone(), movie_id);
            rows.change.movies.push(movie(movie_id, import));
        }
        for import in catalog.shows {
            let show = rows.show(entropy, import)?;
            rows.change.shows.push(show);
        }
        Ok(rows)
    }

    /// The change, and its names.
    pub(super) fn into_change(self) -> (CatalogChange, Names) {
        let shows = self
            .change
            .shows
            .iter()
            .map(|show| (show.show_id, show.external_id.clone()))
            .collect();
        let screens = self.theaters.values().flat_map(|theater| {
            let name = |screen: &Screen| format!("{}/{}", theater.external_id, screen.external_id);
            theater
                .screens
                .iter()
                .map(move |screen| (screen.screen_id, name(screen)))
        });
        let names = Names {
            shows,
            screens: screens.collect(),
        };
        (self.change, names)
    }

    fn add_map(&mut self, external_id: String, map: SeatMap) {
        self.map_ids.insert(external_id, map.seat_map_id);
        self.maps.insert(map.seat_map_id, Arc::new(map));
    }

    /// Maps that screens already there pin, under the names [`name_of`] gives them.
    async fn fetch_pinned_maps(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let pinned: Vec<SeatMapId> = self
            .theaters
            .values()
            .flat_map(|theater| theater.screens.iter().map(|screen| screen.seat_map_id))
            .collect();
        for seat_map_id in pinned {
            if let std::collections::hash_map::Entry::Vacant(place) = self.maps.entry(seat_map_id)
                && let Some(map) = store.seat_map(seat_map_id).await?
            {
                place.insert(map);
            }
            self.map_ids.insert(name_of(seat_map_id), seat_map_id);
        }
        Ok(())
    }

    fn theater(
        &self,
        entropy: &dyn Entropy,
        import: TheaterImport,
    ) -> Result<Theater, ImportingError> {
        let known = self.theaters.get(&import.external_id);
        let theater_id = known.map_or_else(
            || TheaterId::from_bytes(entropy.bytes()),
            |known| known.theater_id,
        );
        let screen_id = |external_id: &str| {
            let known = known?
                .screens
                .iter()
                .find(|screen| screen.external_id == external_id)?;
            Some(known.screen_id)
        };
        let mut screens = Vec::with_capacity(import.screens.len());
        for screen in import.screens {
            let map = self
                .map_ids
                .get(&screen.seat_map)
                .and_then(|map_id| self.maps.get(map_id));
            let map = map.ok_or_else(|| missing("seat map", &screen.seat_map))?;
            screens.push(Screen {
                screen_id: screen_id(&screen.external_id)
                    .unwrap_or_else(|| ScreenId::from_bytes(entropy.bytes())),
                external_id: screen.external_id,
                name: screen.name,
                seat_map_id: map.seat_map_id,
                // A map has at most 20,000 seats.
                seats_total: map.seats.len() as u16,
                cleaning_minutes: screen.cleaning_minutes,
            });
        }
        Ok(Theater {
            theater_id,
            external_id: import.external_id,
            name: import.name,
            location: import.location,
            time_zone: import.time_zone,
            currency: import.currency,
            tax: import.tax,
            fees: import.fees,
            max_seats_per_booking: import.max_seats_per_booking,
            gap_rule: import.gap_rule,
            hold_minutes: import.hold_minutes,
            doors_open_minutes: import.doors_open_minutes,
            cancellation_policy: import.cancellation_policy,
            ticket_types: import.ticket_types,
            price_lists: import.price_lists,
            screens,
        })
    }

    fn show(&self, entropy: &dyn Entropy, import: ShowImport) -> Result<Show, ImportingError> {
        let theater = self
            .theaters
            .get(&import.theater)
            .ok_or_else(|| missing("theater", &import.theater))?;
        let screen = theater
            .screens
            .iter()
            .find(|screen| screen.external_id == import.screen);
        let screen = screen.ok_or_else(|| missing("screen", &import.screen))?;
        let movie_id = *self
            .movies
            .get(&import.movie)
            .ok_or_else(|| missing("movie", &import.movie))?;
        let map = self
            .maps
            .get(&screen.seat_map_id)
            .ok_or_else(|| missing("seat map of screen", &import.screen))?;
        let list = theater
            .price_lists
            .iter()
            .find(|list| list.external_id == import.price_list);
        let list = list.ok_or_else(|| missing("price list", &import.price_list))?;
        let local_start = import
            .start_time
            .with_timezone(&theater.time_zone)
            .naive_local();
        let prices = ShowPrices::resolve(
            theater.currency,
            list,
            &theater.ticket_types,
            theater.fees,
            &theater.tax,
            &map.categories,
            local_start,
        )
        .map_err(|error| {
            ImportingError::Clash(format!("show \"{}\": {error}", import.external_id))
        })?;
        let show_id = match self.shows.get(&import.external_id) {
            Some(show_id) if show_id.theater() != theater.theater_id => {
                return Err(ImportingError::Clash(format!(
                    "show \"{}\" belongs to another theater; give this one an external id of its own",
                    import.external_id
                )));
            }
            Some(show_id) => *show_id,
            None => ShowId::from_parts(theater.theater_id, entropy.bytes()),
        };
        Ok(Show {
            show_id,
            external_id: import.external_id,
            movie_id,
            screen_id: screen.screen_id,
            seat_map_id: screen.seat_map_id,
            start_time: import.start_time,
            end_time: import.end_time,
            format: import.format,
            language: import.language,
            subtitles: import.subtitles,
            prices,
            seats_total: screen.seats_total,
        })
    }
}

impl Names {
    /// A refusal with the names the file uses.
    pub(super) fn in_words(&self, refusal: &CatalogRefusal) -> String {
        let show = |id: &ShowId| {
            self.shows
                .get(id)
                .map_or_else(|| id.to_string(), |name| format!("\"{name}\""))
        };
        match refusal {
            CatalogRefusal::ShowHasBookings(id) => {
                format!("show {} has bookings and cannot be taken off", show(id))
            }
            CatalogRefusal::TheaterHasBookings(_) => {
                "seats of the theater were held or sold: its currency and time zone stay".into()
            }
            CatalogRefusal::ScreenHasShows(id) => {
                let name = self
                    .screens
                    .get(id)
                    .map_or_else(|| id.to_string(), |name| format!("\"{name}\""));
                format!("screen {name} still has shows and cannot be taken out of its theater")
            }
            CatalogRefusal::ScreenClash(one, other) => {
                format!(
                    "shows {} and {} overlap on one screen",
                    show(one),
                    show(other)
                )
            }
            other => other.to_string(),
        }
    }
}

fn missing(kind: &str, name: &str) -> ImportingError {
    ImportingError::Clash(format!("{kind} \"{name}\" is not there"))
}

/// What the catalog names, own things and references alike.
fn asked(catalog: &CatalogImport) -> AskedIds {
    let screens = catalog.theaters.iter().flat_map(|theater| &theater.screens);
    let maps = catalog
        .seat_maps
        .iter()
        .map(|map| &map.external_id)
        .chain(screens.map(|screen| &screen.seat_map));
    let theaters = catalog.theaters.iter().map(|theater| &theater.external_id);
    let movies = catalog.movies.iter().map(|movie| &movie.external_id);
    AskedIds {
        seat_maps: unique(maps.cloned().collect()),
        theaters: unique(
            theaters
                .chain(catalog.shows.iter().map(|show| &show.theater))
                .cloned()
                .collect(),
        ),
        movies: unique(
            movies
                .chain(catalog.shows.iter().map(|show| &show.movie))
                .cloned()
                .collect(),
        ),
        shows: catalog
            .shows
            .iter()
            .map(|show| show.external_id.clone())
            .collect(),
    }
}

/// A movie's row.
pub(crate) fn movie(movie_id: MovieId, import: MovieImport) -> Movie {
    Movie {
        movie_id,
        external_id: import.external_id,
        name: import.name,
        cast: import.cast,
        director: import.director,
        genres: import.genres,
        duration_minutes: import.duration_minutes,
        release_year: import.release_year,
        ratings: import.ratings,
        certificate: import.certificate,
        languages: import.languages,
        poster_url: import.poster_url,
    }
}
