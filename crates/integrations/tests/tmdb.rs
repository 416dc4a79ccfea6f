//! The Movie Database's interface, played back: answers in the shape its documentation gives (`tests/tmdb/`, with facts of
//! a real movie and without its texts), and every way it says no.

use matinee_integrations::{Tmdb, TmdbError, TmdbWish};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const MOVIE: &str = include_str!("tmdb/movie-550.json");

/// Answers one request; the request's head comes back.
async fn played(answer: String) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(peer.read_u8().await.unwrap());
        }
        peer.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (port, task)
}

fn answer(status: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

fn wish() -> TmdbWish {
    TmdbWish {
        language: "de-DE".into(),
        country: "DE".into(),
    }
}

async fn asked(answer: String, key: &str) -> (Result<Value, TmdbError>, String) {
    let (port, task) = played(answer).await;
    let base = format!("http://127.0.0.1:{port}").parse().unwrap();
    let tmdb = Tmdb::new(base, key.into()).unwrap();
    let movie = tmdb.movie(550, &wish()).await;
    (movie, task.await.unwrap())
}

#[tokio::test]
async fn a_movie_becomes_one_of_a_catalog() {
    let (movie, head) = asked(answer("200 OK", "", MOVIE), "0123456789abcdef").await;
    let movie = movie.unwrap();
    assert_eq!(
        movie,
        json!({
            "external_id": "tmdb:550",
            "name": "Fight Club",
            "cast": ["Edward Norton", "Brad Pitt", "Helena Bonham Carter"],
            "director": "David Fincher",
            "genres": ["Drama", "Thriller"],
            "duration_minutes": 139,
            "release_year": 1999,
            "release_date": "1999-11-11",
            "certificate": "16",
            "languages": ["en"],
            "ratings": [{ "source": "TMDB", "value": 8.4, "out_of": 10.0 }],
            "poster_url": "https://image.tmdb.org/t/p/w500/pB8BM7pdSp6B6Ih7QZ4DrQ3PmJK.jpg",
        })
    );
    let line = head.lines().next().unwrap();
    for part in [
        "GET /3/movie/550?",
        "append_to_response=credits%2Crelease_dates%2Cimages",
        "language=de-DE",
        "api_key=0123456789abcdef",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn a_token_is_sent_as_one_and_stands_in_no_address() {
    let (movie, head) = asked(answer("200 OK", "", MOVIE), "head.body.seal").await;
    assert!(movie.is_ok());
    assert!(
        head.to_lowercase()
            .contains("authorization: bearer head.body.seal")
    );
    assert!(!head.lines().next().unwrap().contains("seal"), "{head}");
}

#[tokio::test]
async fn every_no_says_what_to_do() {
    let invalid = r#"{"status_code":7,"status_message":"Invalid API key","success":false}"#;
    let (refused, _) = asked(answer("401 Unauthorized", "", invalid), "k").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused, TmdbError::KeyRefused);
    assert!(refused.to_string().contains("MATINEE_TMDB_KEY"));
    let (gone, _) = asked(answer("404 Not Found", "", "{}"), "k").await;
    assert_eq!(
        gone.unwrap_err(),
        TmdbError::NoSuchMovie("movie 550".into())
    );
    let busy = answer("429 Too Many Requests", "retry-after: 7\r\n", "{}");
    assert_eq!(asked(busy, "k").await.0.unwrap_err(), TmdbError::TooMany(7));
    for (status, body) in [("503 Service Unavailable", "{}"), ("302 Found", "")] {
        let (away, _) = asked(answer(status, "", body), "k").await;
        assert!(matches!(away, Err(TmdbError::Unreachable(_))), "{away:?}");
    }
    for body in ["", "<html>", "[]", r#"{"title":7}"#] {
        let (odd, _) = asked(answer("200 OK", "", body), "k").await;
        assert!(matches!(odd, Err(TmdbError::Unreadable { .. })), "{odd:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_without_the_key() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let tmdb = Tmdb::new(base.parse().unwrap(), "secretkey".into()).unwrap();
    let error = tmdb.movie(550, &wish()).await.unwrap_err();
    assert!(matches!(error, TmdbError::Unreachable(_)));
    assert!(!error.to_string().contains("secretkey"), "{error}");
    assert!(!format!("{tmdb:?}").contains("secretkey"));
}

#[tokio::test]
async fn what_is_not_known_is_left_out() {
    let bare = r#"{"title":" A\n  Film ","original_language":"xx","vote_count":0}"#;
    let (movie, _) = asked(answer("200 OK", "", bare), "k").await;
    let movie = movie.unwrap();
    assert_eq!(movie["name"], "A Film");
    assert_eq!(movie["languages"], json!([]));
    for unknown in ["duration_minutes", "release_year", "poster_url", "ratings"] {
        assert!(movie.get(unknown).is_none(), "{unknown}");
    }
}
