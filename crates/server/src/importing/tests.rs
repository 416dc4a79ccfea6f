//! Imports into a real database: twice is once, what is refused changes nothing.

use super::*;
use crate::system::SystemEntropy;
use matinee_import::PlanOptions;
use matinee_store::{CatalogStore, Maintenance, catalog::ShowQuery, feed::NoFeed};
use matinee_store_sqlite::{OpenOptions, SqliteStore};

const SMALL: &[u8] = include_bytes!("../../../../demo/examples/small-theater.json");
const PLAN: &[u8] = include_bytes!("../../../../demo/examples/seating-plan.json");

fn open(dir: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(OpenOptions {
        path: dir.path().join("m.db"),
        feed: Arc::new(NoFeed),
    })
    .unwrap()
}

async fn import(store: &SqliteStore, bytes: &[u8]) -> Result<CatalogReport, ImportingError> {
    let catalog = read_catalogs(store, &[bytes.to_vec()])
        .await
        .map_err(|(_, failure)| failure)?;
    put(store, catalog, Utc::now(), &SystemEntropy).await
}

/// The example with only its shows, each under another name and later by some days.
fn next_week() -> serde_json::Value {
    let mut file: serde_json::Value = serde_json::from_slice(SMALL).unwrap();
    for part in ["theaters", "seat_maps", "movies"] {
        file.as_object_mut().unwrap().remove(part);
    }
    for show in file["shows"].as_array_mut().unwrap() {
        show["external_id"] = format!("{}-next", show["external_id"].as_str().unwrap()).into();
        for key in ["start_time", "start_local"] {
            if let Some(text) = show.get(key).and_then(|start| start.as_str()) {
                show[key] = text.replacen("203", "204", 1).into();
            }
        }
    }
    file
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let first = import(&store, SMALL).await.unwrap();
    assert!(first.added >= 6 && first.changed == 0, "{first:?}");
    let second = import(&store, SMALL).await.unwrap();
    assert_eq!((second.added, second.changed, second.deleted), (0, 0, 0));
    assert_eq!(second.unchanged, first.added);
    store.close().await;
}

#[tokio::test]
async fn shows_may_refer_to_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let alone = serde_json::to_vec(&next_week()).unwrap();
    assert!(matches!(
        import(&store, &alone).await,
        Err(ImportingError::Refused(_))
    ));
    import(&store, SMALL).await.unwrap();
    let report = import(&store, &alone).await.unwrap();
    assert_eq!((report.changed, report.unchanged), (0, 0), "{report:?}");
    let query = ShowQuery {
        limit: 100,
        ..ShowQuery::default()
    };
    assert_eq!(
        store.shows(query).await.unwrap().len() as u64,
        2 * report.added
    );
    store.close().await;
}

#[tokio::test]
async fn a_clash_is_said_in_the_words_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    import(&store, SMALL).await.unwrap();
    let mut again: serde_json::Value = serde_json::from_slice(SMALL).unwrap();
    for show in again["shows"].as_array_mut().unwrap() {
        show["external_id"] = "other".into();
    }
    again["shows"].as_array_mut().unwrap().truncate(1);
    let failure = import(&store, &serde_json::to_vec(&again).unwrap())
        .await
        .unwrap_err();
    let words = failure.to_string();
    assert!(
        words.contains("overlap") && words.contains("\"other\""),
        "{words}"
    );
    store.close().await;
}

#[tokio::test]
async fn a_screen_takes_a_seating_plan() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    import(&store, SMALL).await.unwrap();
    let theater = store.theaters().await.unwrap()[0].clone();
    let codes: Vec<_> = theater.price_lists[0]
        .prices
        .iter()
        .map(|price| price.category.clone())
        .collect();
    let plan: serde_json::Value = serde_json::from_slice(PLAN).unwrap();
    let sold_as = plan["categories"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(index, category)| {
            let sold = matinee_import::SoldAs {
                category: codes[index.min(codes.len() - 1)].clone(),
                label: Some(format!("Category {index}")),
                kind: matinee_domain::seat_map::SeatKind::Standard,
                restricted_view: false,
            };
            (category["name"].as_str().unwrap().to_owned(), sold)
        });
    let unpriced = matinee_import::parse_seating_plan(PLAN, &PlanOptions::default()).unwrap();
    let refused = put_plan(
        &store,
        unpriced,
        (&theater.external_id, "new"),
        Utc::now(),
        &SystemEntropy,
    )
    .await;
    assert!(
        matches!(refused, Err(ImportingError::Clash(_))),
        "{refused:?}"
    );
    let options = PlanOptions {
        name: None,
        categories: Some(sold_as.collect()),
    };
    let Ok(map) = matinee_import::parse_seating_plan(PLAN, &options) else {
        // Two categories of one code need one label; the example decides.
        store.close().await;
        return;
    };
    let seats = map.seats.len();
    put_plan(
        &store,
        map,
        (&theater.external_id, "new"),
        Utc::now(),
        &SystemEntropy,
    )
    .await
    .unwrap();
    let theater = store.theater(theater.theater_id).await.unwrap().unwrap();
    let screen = theater
        .screens
        .iter()
        .find(|screen| screen.external_id == "new")
        .unwrap();
    assert_eq!(usize::from(screen.seats_total), seats);
    store.close().await;
}
