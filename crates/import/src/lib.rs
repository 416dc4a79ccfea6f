//! What people bring: Matinee JSON catalogs and published seating plans, read into validated domain values.
//!
//! Bytes in, values out: no file, clock, database or network is touched here. Everything is bounded, nothing panics on
//! any input, and a refusal names the JSON pointer of every problem (up to a hundred), so that a file is repaired in one go.
//! The format is described for people in `docs/import-format.md`. Identifiers of the store do not exist yet at this
//! point: values refer to each other by `external_id`, and the store gives them ids when it takes them in.

mod catalog;
mod clock;
mod demo_shows;
mod hall;
mod json;
mod movie;
mod plan;
mod programme;
mod report;
mod show;
mod theater;
mod walk;

pub use catalog::{
    CatalogImport, Known, KnownTheater, SeatMapImport, parse_catalog, parse_catalog_onto,
    write_seat_map,
};
pub use clock::{NoSuchTime, staff_start};
pub use demo_shows::demo_shows;
pub use hall::{Hall, HallError, hall};
pub use json::{MAX_BYTES, MAX_VALUES};
pub use movie::MovieImport;
pub use plan::{PlanOptions, SoldAs, write::WrittenPlan, write::write_seating_plan};
pub use programme::{Evening, FormatRule, House, Programme, StandardFormat, parse_programme};
pub use report::{ImportError, MAX_ERRORS};
pub use show::{ShowImport, ShowWords};
pub use theater::{ScreenImport, TheaterFacts, TheaterImport, TheaterPrices};

use matinee_domain::seat_map::SeatMap;

/// Reads a file into a tree and the tree with `read`; the result counts only when nothing was refused.
fn parse<T>(
    bytes: &[u8],
    read: impl FnOnce(&walk::At<'_>) -> Option<T>,
) -> Result<T, Vec<ImportError>> {
    let node = json::read(bytes).map_err(|detail| {
        vec![ImportError {
            pointer: String::new(),
            detail,
        }]
    })?;
    let report = report::Report::default();
    let value = read(&walk::At::root(&node, &report));
    report.finish(value)
}

/// Reads what a theater is and promises, as one object with those members of a catalog's theater.
pub fn parse_theater_facts(bytes: &[u8]) -> Result<TheaterFacts, Vec<ImportError>> {
    parse(bytes, theater::read_facts)
}

/// Reads what a theater charges, as one object with those members of a catalog's theater.
pub fn parse_theater_prices(bytes: &[u8]) -> Result<TheaterPrices, Vec<ImportError>> {
    parse(bytes, theater::read_prices)
}

/// Reads what is said of a show, as one object with those members of a catalog's show.
pub fn parse_show_words(bytes: &[u8]) -> Result<ShowWords, Vec<ImportError>> {
    parse(bytes, show::read_words)
}

/// Reads a bare seating plan in the published interchange format.
pub fn parse_seating_plan(
    bytes: &[u8],
    options: &PlanOptions,
) -> Result<SeatMap, Vec<ImportError>> {
    parse(bytes, |at| plan::read(at, options))
}
