//! A small theater of its own for each test: one screen, 40 seats, four shows a day.

use crate::{ServerOptions, TestError, server};
use chrono::{NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::path::Path;

/// Fills a database with the shows of the next `days`; the catalog is left in `folder`.
pub fn fill(database: &str, folder: &Path, days: i64) -> Result<(), TestError> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../demo/examples/small-theater.json"
    );
    let mut catalog: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let template = catalog["shows"][0].clone();
    let midnight = Utc::now() - Utc::now().time().signed_duration_since(NaiveTime::MIN);
    let shows = (1..=days).flat_map(|day| (0..4).map(move |slot| (day, slot)));
    catalog["shows"] = shows
        .map(|(day, slot)| {
            let start = midnight + TimeDelta::days(day) + TimeDelta::hours(9 + 3 * slot);
            let mut show = template.clone();
            show["external_id"] = json!(format!("{day}-{slot}"));
            show["start_time"] = json!(format!("{}Z", start.format("%Y-%m-%dT%H:%M:%S")));
            if let Some(show) = show.as_object_mut() {
                show.remove("start_local");
            }
            show
        })
        .collect();
    let path = folder.join("catalog.json");
    std::fs::write(&path, catalog.to_string())?;
    let (status, said) = server::run_on(database, &["import", &path.to_string_lossy()])?;
    if status.success() {
        return Ok(());
    }
    Err(said.into())
}

/// A server for it.
pub fn options() -> ServerOptions {
    ServerOptions {
        demo: false,
        ..ServerOptions::default()
    }
}
