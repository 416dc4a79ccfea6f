//! Lists of shows in pages.

use crate::testing::House;
use serde_json::{Value, json};

fn ids(page: &Value, member: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

/// Every page of a list, one item at a time.
async fn pages(house: &House, path: &str, member: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.get(&format!("{path}?limit=1{cursor}"), &[]).await;
        let items = ids(&page.body, member);
        assert!(items.len() <= 1);
        seen.extend(items);
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn a_theaters_movies_come_in_pages() {
    let house = House::cinema().await;
    let theaters = house.get("/theaters", &[]).await;
    let path = format!("/theaters/{}/movies", ids(&theaters.body, "theater_id")[0]);
    let whole = house.get(&path, &[]).await;
    assert_eq!(whole.body["next_cursor"], Value::Null);
    let all = ids(&whole.body, "movie_id");
    assert!(all.len() > 1, "{whole:?}");
    assert_eq!(pages(&house, &path, "movie_id").await, all);
    for cursor in ["o1", "x", ""] {
        let refused = house.get(&format!("{path}?cursor={cursor}"), &[]).await;
        assert_eq!(refused.code(), "malformed_cursor", "{cursor}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_movies_shows_neither_repeat_nor_skip_when_the_programme_moves_between_pages() {
    let house = House::cinema().await;
    // Three shows of one movie.
    let one_movie = |file: &mut Value| {
        let movie = file["shows"][0]["movie"].clone();
        for show in file["shows"].as_array_mut().unwrap() {
            show["movie"] = movie.clone();
        }
    };
    house.import(one_movie).await;
    let movies = house.get("/movies", &[]).await;
    let mut lists = Vec::new();
    for movie in ids(&movies.body, "movie_id") {
        let path = format!("/movies/{movie}/shows");
        let all = ids(&house.get(&path, &[]).await.body, "show_id");
        assert_eq!(pages(&house, &path, "show_id").await, all);
        lists.push((path, all));
    }
    let (path, all) = lists.into_iter().max_by_key(|(_, all)| all.len()).unwrap();
    assert_eq!(all.len(), 3);
    let first = house.get(&format!("{path}?limit=1"), &[]).await;
    let cursor = first.body["next_cursor"].as_str().unwrap().to_owned();
    // A show before the cursor comes in: an offset would show the first one again.
    house
        .import(|file| {
            one_movie(file);
            let mut early = file["shows"][0].clone();
            early["external_id"] = "early".into();
            early["start_local"] = "2030-05-04T10:00".into();
            file["shows"].as_array_mut().unwrap().push(early);
        })
        .await;
    let rest = house.get(&format!("{path}?cursor={cursor}"), &[]).await;
    assert_eq!(ids(&rest.body, "show_id"), all[1..]);
    for cursor in ["o1", "x", "1.x", "x.1", ""] {
        let refused = house.get(&format!("{path}?cursor={cursor}"), &[]).await;
        assert_eq!(refused.code(), "malformed_cursor", "{cursor}");
    }
    let dated = house
        .get(&format!("{path}?date=2030-05-04&limit=1"), &[])
        .await;
    assert_eq!(
        dated.body["items"].as_array().map(Vec::len),
        Some(1),
        "{}",
        json!(dated.body)
    );
    assert_ne!(dated.body["next_cursor"], Value::Null);
    house.close().await;
}
