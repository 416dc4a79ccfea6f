//! Movies from The Movie Database, taken by staff: its recorded answers (`tests/tmdb/`) played back by a server of the
//! test's, and every way it says no.

use crate::{
    manage::facts,
    shared::{PASSWORD, items, text, verify},
};
use matinee_tests::{Answer, Caller, Server, ServerOptions, openid::free_port, server};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

const DETAILS: &str = include_str!("../tmdb/movie-details.json");
const CREDITS: &str = include_str!("../tmdb/movie-credits.json");
const RELEASES: &str = include_str!("../tmdb/movie-release-dates.json");
const IMAGES: &str = include_str!("../tmdb/movie-images.json");
const WRONG_KEY: &str = include_str!("../tmdb/invalid-api-key.json");
const FOUND: &str = include_str!("../tmdb/search-movie.json");
const NOT_THERE: &str = include_str!("../tmdb/resource-not-found.json");

/// The movie with all that is asked along, as the interface answers it.
fn movie_550() -> Value {
    let part = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let mut movie = part(DETAILS);
    for (name, text) in [
        ("credits", CREDITS),
        ("release_dates", RELEASES),
        ("images", IMAGES),
    ] {
        movie[name] = part(text);
        movie[name].as_object_mut().unwrap().remove("id");
    }
    movie
}

fn http(status: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A server that answers every request with what it was told last, and remembers what it was asked.
#[derive(Clone)]
struct Tmdb {
    port: u16,
    /// Nothing: it hears, and says nothing.
    answer: Arc<Mutex<Option<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tmdb {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tmdb = Self {
            port: listener.local_addr().unwrap().port(),
            answer: Arc::default(),
            asked: Arc::default(),
        };
        let (answer, asked) = (Arc::clone(&tmdb.answer), Arc::clone(&tmdb.asked));
        // Ends with the test's process.
        std::thread::spawn(move || {
            for peer in listener.incoming() {
                let mut peer = peer.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && peer.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                asked
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&head).into_owned());
                let said = answer.lock().unwrap().clone();
                match said {
                    Some(said) => drop(peer.write_all(said.as_bytes())),
                    None => std::thread::sleep(Duration::from_secs(20)),
                }
            }
        });
        tmdb
    }

    fn says(&self, answer: String) {
        *self.answer.lock().unwrap() = Some(answer);
    }

    fn knows(&self, movie: &Value) {
        self.says(http("200 OK", "", &movie.to_string()));
    }
}

/// A server with a key or without, its administrator and a theater.
struct House {
    server: Server,
    metrics: u16,
    boss: Caller,
    theater: String,
    tmdb: Tmdb,
    /// Has the file of options.
    _folder: tempfile::TempDir,
}

impl House {
    async fn open(with_key: bool) -> Self {
        let tmdb = Tmdb::start();
        let folder = tempfile::tempdir().unwrap();
        let options = folder.path().join("matinee.toml");
        let key = "tmdb_key = \"0123456789abcdef\"\n";
        std::fs::write(&options, if with_key { key } else { "" }).unwrap();
        let metrics = free_port().unwrap();
        let arguments = [
            "--config",
            &*options.to_string_lossy(),
            "--tmdb-url",
            &*format!("http://127.0.0.1:{}", tmdb.port),
            "--staff-second-factor",
            "off",
            "--metrics",
            &*format!("127.0.0.1:{metrics}"),
        ];
        let server = Server::start(&ServerOptions {
            demo: false,
            arguments: arguments.map(ToOwned::to_owned).to_vec(),
            ..ServerOptions::default()
        });
        let server = server.unwrap();
        let email = "boss@example.com";
        let made = std::process::Command::new(server::program())
            .args(["admin", "create", "--email", email])
            .env("MATINEE_DATABASE", server::database(server.folder()))
            .env("MATINEE_ADMIN_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let login = json!({ "email": email, "password": PASSWORD });
        let session = server.caller().post("/auth/login", login).await;
        let boss = server
            .caller()
            .with_token(text(&session.expect(200).json(), "access_token"));
        let made = boss
            .post("/manage/theaters", facts())
            .await
            .expect(201)
            .json();
        let theater = text(&made, "theater_id").to_owned();
        Self {
            server,
            metrics,
            boss,
            theater,
            tmdb,
            _folder: folder,
        }
    }

    async fn metrics(&self) -> String {
        let url = format!("http://127.0.0.1:{}/metrics", self.metrics);
        reqwest::get(url).await.unwrap().text().await.unwrap()
    }

    async fn search(&self, query: &str) -> Answer {
        let path = format!("/manage/theaters/{}/movies/search?{query}", self.theater);
        self.boss.get(&path).await
    }

    async fn import(&self, body: Value) -> Answer {
        let path = format!("/manage/theaters/{}/movies/import", self.theater);
        self.boss.post(&path, body).await
    }
}

fn fight_club() -> Value {
    json!({ "tmdb_id": 550, "language": "de-DE", "country": "DE" })
}

#[tokio::test]
async fn a_movie_is_made_and_brought_up_to_date() {
    let house = House::open(true).await;
    house.tmdb.knows(&movie_550());
    let made = house.import(fight_club()).await.expect(200).json();
    assert_eq!(made["name"], "Fight Club");
    assert_eq!(made["duration_minutes"], 139);
    assert_eq!(made["release_year"], 1999);
    assert_eq!(made["certificate"], "18");
    assert_eq!(made["director"], "David Fincher");
    assert_eq!(made["cast"][0], "Edward Norton");
    assert_eq!(items(&made["cast"]).len(), 20);
    assert_eq!(made["own"], true, "staff may change it");
    let poster = text(&made, "poster_url");
    assert_eq!(
        poster,
        "https://image.tmdb.org/t/p/w500/pB8BM7pdSp6B6Ih7QZ4DrQ3PmJK.jpg"
    );
    let head = house.tmdb.asked.lock().unwrap()[0].clone();
    assert!(
        head.contains("language=de-DE") && head.contains("api_key=0123456789abcdef"),
        "{head}"
    );

    // The same again changes nothing; what changed there comes over, to the same movie.
    let again = house.import(fight_club()).await.expect(200).json();
    assert_eq!(again, made);
    let mut changed = movie_550();
    changed["runtime"] = json!(141);
    house.tmdb.knows(&changed);
    let newer = house.import(fight_club()).await.expect(200).json();
    assert_eq!(
        (&newer["movie_id"], &newer["duration_minutes"]),
        (&made["movie_id"], &json!(141))
    );
    let american = house
        .import(json!({ "tmdb_id": 550 }))
        .await
        .expect(200)
        .json();
    assert_eq!(american["certificate"], "R");

    let path = format!("/manage/theaters/{}/audit", house.theater);
    let audit = house.boss.get(&path).await.expect(200).json();
    let imports: Vec<_> = items(&audit["items"])
        .iter()
        .filter(|entry| entry["action"] == "movie.import")
        .collect();
    assert_eq!(imports.len(), 3, "one for each change: {audit}");
    let mine = house.boss.get("/manage/theaters").await.expect(200).json();
    assert_eq!(mine["items"][0]["imports_movies"], true);
    verify(&house.server);
}

#[tokio::test]
async fn the_same_twice_at_once_is_one_movie() {
    let house = House::open(true).await;
    house.tmdb.knows(&movie_550());
    let both = futures_util::future::join_all((0..4).map(|_| house.import(fight_club()))).await;
    let ids: Vec<_> = both
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.json()["movie_id"].clone())
        .collect();
    assert!(
        !ids.is_empty() && ids.iter().all(|id| *id == ids[0]),
        "{ids:?}"
    );
    assert!(
        both.iter()
            .all(|answer| [200, 412].contains(&answer.status))
    );
    let found = house.boss.get("/movies?q=Fight").await.expect(200).json();
    assert_eq!(items(&found["items"]).len(), 1);
    verify(&house.server);
}

#[tokio::test]
async fn every_no_is_said_and_counted() {
    let house = House::open(true).await;
    let says = |answer: String| {
        house.tmdb.says(answer);
        house.import(fight_club())
    };
    let refused = says(http("401 Unauthorized", "", WRONG_KEY)).await;
    let refused = refused.expect_problem(503, "movie_source_refused").json();
    assert!(
        text(&refused, "detail").contains("refused this server's key"),
        "{refused}"
    );
    let gone = says(http("404 Not Found", "", NOT_THERE)).await;
    let gone = gone.expect_problem(404, "not_found").json();
    assert!(text(&gone, "detail").contains("no movie 550"), "{gone}");
    let busy = says(http("429 Too Many Requests", "retry-after: 7\r\n", "{}")).await;
    assert_eq!(busy.header("retry-after"), "7");
    busy.expect_problem(503, "movie_source_busy");
    let down = says(http("502 Bad Gateway", "", "<html>")).await;
    down.expect_problem(503, "movie_source_unavailable");
    let odd = says(http("200 OK", "", "<html>")).await;
    odd.expect_problem(503, "movie_source_unavailable");
    // A movie that lacks what one needs here.
    let mut short = movie_550();
    short["runtime"] = Value::Null;
    let short = says(http("200 OK", "", &short.to_string())).await;
    let short = short.expect_problem(422, "invalid").json();
    assert!(
        text(&short, "detail").contains("duration_minutes"),
        "{short}"
    );
    *house.tmdb.answer.lock().unwrap() = None;
    let silent = house.import(fight_club()).await;
    let silent = silent
        .expect_problem(503, "movie_source_unavailable")
        .json();
    assert!(
        text(&silent, "detail").contains("does not answer"),
        "{silent}"
    );
    for body in [
        json!({ "tmdb_id": 0 }),
        json!({ "tmdb_id": 1, "country": "Germany" }),
    ] {
        house.import(body).await.expect_problem(422, "invalid");
    }
    let found = house.boss.get("/movies?q=Fight").await.expect(200).json();
    assert_eq!(items(&found["items"]).len(), 0, "nothing was changed");
    let metrics = house.metrics().await;
    for (outcome, count) in [
        ("key_refused", 1),
        ("no_such_movie", 1),
        ("too_many", 1),
        ("unreachable", 2),
        ("unreadable", 1),
        ("incomplete", 1),
    ] {
        let line = format!("matinee_movie_imports_total{{outcome=\"{outcome}\"}} {count}");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn without_a_key_it_says_whom_to_ask() {
    let house = House::open(false).await;
    let refused = house.import(fight_club()).await;
    let refused = refused.expect_problem(503, "movie_source_refused").json();
    assert!(
        text(&refused, "detail").contains("MATINEE_TMDB_KEY"),
        "{refused}"
    );
    assert!(house.tmdb.asked.lock().unwrap().is_empty());
    let mine = house.boss.get("/manage/theaters").await.expect(200).json();
    assert_eq!(mine["items"][0]["imports_movies"], false);
}

#[tokio::test]
async fn a_movie_is_found_by_its_title() {
    let house = House::open(true).await;
    house.tmdb.says(http("200 OK", "", FOUND));
    let found = house.search("q=%20RRR%26rrrr%20%20x&language=de-DE").await;
    let found = found.expect(200).json();
    let movie = json!({
        "tmdb_id": 21778, "name": "RRRrrrr!!!", "original_name": "RRRrrrr!!!", "release_year": 2004,
    });
    assert_eq!(found, json!({ "items": [movie], "more": false }));
    let head = house.tmdb.asked.lock().unwrap()[0].clone();
    for part in [
        "/3/search/movie?query=RRR%26rrrr+x&language=de-DE",
        "api_key=0123456789abcdef",
    ] {
        assert!(head.contains(part), "{head}");
    }
    for query in [
        "",
        "q=%20",
        &*format!("q={}", "x".repeat(101)),
        "q=x&language=German",
    ] {
        house.search(query).await.expect_problem(422, "invalid");
    }
    assert_eq!(house.tmdb.asked.lock().unwrap().len(), 1);
    let stranger = house.server.caller();
    let path = format!("/manage/theaters/{}/movies/search?q=x", house.theater);
    stranger.get(&path).await.expect(401);
}

#[tokio::test]
async fn every_no_to_a_search_is_said_and_counted() {
    let house = House::open(true).await;
    let detail = async |answer: Option<String>, code: &str| {
        *house.tmdb.answer.lock().unwrap() = answer;
        let said = house.search("q=x").await.expect_problem(503, code);
        text(&said.json(), "detail").to_owned()
    };
    let paused = http("429 Too Many Requests", "retry-after: 7\r\n", "{}");
    for (answer, code, says) in [
        (
            Some(http("401 Unauthorized", "", WRONG_KEY)),
            "movie_source_refused",
            "refused this server's key",
        ),
        (Some(paused), "movie_source_busy", "in 7 seconds"),
        (
            Some(http("502 Bad Gateway", "", "<html>")),
            "movie_source_unavailable",
            "does not answer",
        ),
        (
            Some(http("200 OK", "", "<html>")),
            "movie_source_unavailable",
            "does not understand",
        ),
        (None, "movie_source_unavailable", "does not answer"),
    ] {
        let said = detail(answer, code).await;
        assert!(said.contains(says), "{says} in {said}");
    }
    let metrics = house.metrics().await;
    for (outcome, count) in [
        ("key_refused", 1),
        ("too_many", 1),
        ("unreachable", 2),
        ("unreadable", 1),
    ] {
        let line = format!("matinee_movie_searches_total{{outcome=\"{outcome}\"}} {count}");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    let house = House::open(false).await;
    let said = house.search("q=x").await;
    let said = said.expect_problem(503, "movie_source_refused").json();
    assert!(text(&said, "detail").contains("MATINEE_TMDB_KEY"), "{said}");
}
