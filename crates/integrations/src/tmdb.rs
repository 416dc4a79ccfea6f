//! Facts about movies from The Movie Database's interface (v3: details with credits, release dates and images; searching by
//! title), under the operator's own key.
//!
//! What comes back is turned into a movie of a Matinee catalog, which is then read and checked like any file: nothing here
//! decides what is valid. Left out: anything but movies. The operator agrees to TMDB's terms, not Matinee.

mod search;

pub use search::{FoundMovie, FoundMovies};

use crate::outbound;
use http::{Request, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{fmt, time::Duration};
use url::Url;

/// Where it is.
pub const TMDB_URL: &str = "https://api.themoviedb.org";
/// Where its pictures are, in a size that fits a poster.
const IMAGES: &str = "https://image.tmdb.org/t/p/w500";
const TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer read: the images of a popular movie are a few hundred kilobytes.
const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// The longest pause that is passed on, in seconds.
const PAUSE_MOST: u32 = 3600;
/// Most people of the cast that are kept; they come in the order of their billing.
const CAST: usize = 20;

/// Why there is no movie, by what the operator can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TmdbError {
    #[error(
        "TMDB refused the key: it is mistyped, was revoked or has run out; make a new one in your TMDB account and set \
         MATINEE_TMDB_KEY"
    )]
    KeyRefused,
    #[error("TMDB has no {0}: look the number up in its page's address")]
    NoSuchMovie(String),
    #[error("TMDB asks for a pause of {0} seconds: run this again afterwards")]
    TooMany(u32),
    #[error("TMDB does not answer ({0}): run this again later")]
    Unreachable(String),
    #[error("TMDB's answer about {about} is not what its documentation says: {reason}")]
    Unreadable { about: String, reason: String },
}

impl TmdbError {
    /// A word for numbers and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::KeyRefused => "key_refused",
            Self::NoSuchMovie(_) => "no_such_movie",
            Self::TooMany(_) => "too_many",
            Self::Unreachable(_) => "unreachable",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// The interface, with the operator's key. No Debug of the key.
pub struct Tmdb {
    base: Url,
    key: String,
    http: reqwest::Client,
}

impl fmt::Debug for Tmdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tmdb({})", self.base)
    }
}

/// What language and country the facts are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TmdbWish {
    /// BCP 47, e.g. `de-DE`: the title's language.
    pub language: String,
    /// ISO 3166-1, e.g. `DE`: whose release date and certificate.
    pub country: String,
}

impl Tmdb {
    /// Asks nothing yet.
    pub fn new(base: Url, key: String) -> Result<Self, TmdbError> {
        let http = outbound::client(TIMEOUT).map_err(TmdbError::Unreachable)?;
        Ok(Self { base, key, http })
    }

    /// A movie as a Matinee catalog has it.
    pub async fn movie(&self, number: u32, wish: &TmdbWish) -> Result<Value, TmdbError> {
        let short = wish.language.split('-').next().unwrap_or_default();
        let more = [
            ("append_to_response", "credits,release_dates,images"),
            ("language", &*wish.language),
            ("include_image_language", &*format!("{short},null")),
        ];
        let path = format!("/3/movie/{number}");
        let details: Details = self.ask(&path, &more, &format!("movie {number}")).await?;
        Ok(details.into_movie(number, wish))
    }

    /// Asks something; `about` is what errors call it.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        more: &[(&str, &str)],
        about: &str,
    ) -> Result<T, TmdbError> {
        let answer = outbound::send(&self.http, self.request(path, more)?, ANSWER_MAX)
            .await
            .map_err(|error| TmdbError::Unreachable(error.to_string()))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(TmdbError::KeyRefused),
            StatusCode::NOT_FOUND => return Err(TmdbError::NoSuchMovie(about.to_owned())),
            StatusCode::TOO_MANY_REQUESTS => {
                let after = answer.headers().get(header::RETRY_AFTER);
                let after = after.and_then(|value| value.to_str().ok());
                let seconds: Option<u32> = after.and_then(|text| text.trim().parse().ok());
                return Err(TmdbError::TooMany(
                    seconds.unwrap_or(10).clamp(1, PAUSE_MOST),
                ));
            }
            status => return Err(TmdbError::Unreachable(format!("it answered {status}"))),
        }
        serde_json::from_slice(answer.body()).map_err(|error| TmdbError::Unreadable {
            about: about.to_owned(),
            reason: error.to_string(),
        })
    }

    fn request(&self, path: &str, more: &[(&str, &str)]) -> Result<Request<Vec<u8>>, TmdbError> {
        let wrong = |error: String| TmdbError::Unreachable(error);
        let mut url = self
            .base
            .join(path)
            .map_err(|error| wrong(error.to_string()))?;
        url.query_pairs_mut().extend_pairs(more);
        let request = Request::get("/");
        // A v4 token goes where tokens go; a v3 key is only taken in the query.
        let request = if self.key.contains('.') {
            request.header(header::AUTHORIZATION, format!("Bearer {}", self.key))
        } else {
            url.query_pairs_mut().append_pair("api_key", &self.key);
            request
        };
        request
            .uri(url.as_str())
            .header(header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|error| wrong(error.to_string()))
    }
}

#[derive(Deserialize)]
struct Details {
    title: String,
    #[serde(default)]
    original_title: String,
    #[serde(default)]
    original_language: String,
    #[serde(default)]
    release_date: String,
    #[serde(default)]
    runtime: Option<u32>,
    #[serde(default)]
    genres: Vec<Named>,
    #[serde(default)]
    spoken_languages: Vec<Language>,
    #[serde(default)]
    vote_average: f64,
    #[serde(default)]
    vote_count: u64,
    #[serde(default)]
    poster_path: Option<String>,
    #[serde(default)]
    credits: Credits,
    #[serde(default)]
    release_dates: Results,
    #[serde(default)]
    images: Images,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Language {
    #[serde(default)]
    iso_639_1: String,
}

#[derive(Deserialize, Default)]
struct Credits {
    #[serde(default)]
    cast: Vec<Person>,
    #[serde(default)]
    crew: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    #[serde(default)]
    job: String,
    #[serde(default)]
    order: u32,
}

#[derive(Deserialize, Default)]
struct Results {
    #[serde(default)]
    results: Vec<Country>,
}

#[derive(Deserialize)]
struct Country {
    iso_3166_1: String,
    #[serde(default)]
    release_dates: Vec<Release>,
}

#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    certification: String,
    #[serde(default)]
    release_date: String,
    #[serde(rename = "type", default)]
    kind: u8,
}

#[derive(Deserialize, Default)]
struct Images {
    #[serde(default)]
    posters: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    file_path: String,
    #[serde(default)]
    vote_average: f64,
}

/// Kinds of releases in TMDB's numbers: in theaters, few or many.
const IN_THEATERS: [u8; 2] = [2, 3];

impl Details {
    fn into_movie(mut self, number: u32, wish: &TmdbWish) -> Value {
        let mut movie = Map::new();
        let mut put = |name: &str, value: Value| {
            movie.insert(name.to_owned(), value);
        };
        put("external_id", format!("tmdb:{number}").into());
        let name = if self.title.trim().is_empty() {
            &self.original_title
        } else {
            &self.title
        };
        put("name", line(name).into());
        self.credits.cast.sort_by_key(|person| person.order);
        let cast = self.credits.cast.iter().take(CAST);
        put("cast", names(cast.map(|person| &person.name)));
        let directors = self.credits.crew.iter().filter(|p| p.job == "Director");
        let directors: Vec<_> = directors.map(|person| line(&person.name)).collect();
        put("director", directors.join(", ").into());
        put("genres", names(self.genres.iter().map(|genre| &genre.name)));
        if let Some(minutes) = self.runtime.filter(|minutes| *minutes > 0) {
            put("duration_minutes", minutes.into());
        }
        let day = self.release_day(&wish.country);
        let year = day.get(..4).and_then(|year| year.parse::<u16>().ok());
        if let Some(year) = year {
            put("release_year", year.into());
            put("release_date", day.into());
        }
        put("certificate", self.certificate(&wish.country).into());
        put("languages", self.languages());
        if self.vote_count > 0 {
            let value = (self.vote_average * 10.0).round() / 10.0;
            let rating = json!({ "source": "TMDB", "value": value, "out_of": 10.0 });
            put("ratings", json!([rating]));
        }
        if let Some(path) = self.poster() {
            put("poster_url", format!("{IMAGES}{path}").into());
        }
        Value::Object(movie)
    }

    fn releases(&self, country: &str) -> impl Iterator<Item = &Release> {
        let of = |one: &&Country| one.iso_3166_1.eq_ignore_ascii_case(country);
        let found = self.release_dates.results.iter().find(of);
        found.into_iter().flat_map(|one| &one.release_dates)
    }

    /// The first day in that country's theaters, or else the world's first.
    fn release_day(&self, country: &str) -> String {
        self.releases(country)
            .filter(|release| IN_THEATERS.contains(&release.kind))
            .filter_map(|release| release.release_date.get(..10))
            .min()
            .unwrap_or(&self.release_date)
            .to_owned()
    }

    /// That country's certificate, of the release in theaters if it has one.
    fn certificate(&self, country: &str) -> String {
        let mut certified: Vec<_> = self
            .releases(country)
            .filter(|release| !release.certification.trim().is_empty())
            .collect();
        certified.sort_by_key(|release| !IN_THEATERS.contains(&release.kind));
        let first = certified.first();
        first.map_or_else(String::new, |release| line(&release.certification))
    }

    /// The movie's own language first.
    fn languages(&self) -> Value {
        let mut all = vec![self.original_language.as_str()];
        all.extend(self.spoken_languages.iter().map(|one| &*one.iso_639_1));
        let mut known: Vec<&str> = Vec::new();
        for language in all {
            // TMDB writes `xx` for a movie without words.
            if language.len() >= 2 && language != "xx" && !known.contains(&language) {
                known.push(language);
            }
        }
        known.into()
    }

    fn poster(&self) -> Option<&str> {
        let best = self
            .images
            .posters
            .iter()
            .max_by(|a, b| a.vote_average.total_cmp(&b.vote_average));
        let path = best.map(|image| image.file_path.as_str());
        self.poster_path.as_deref().or(path)
    }
}

/// A text as one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> Value {
    let names = names.map(|name| line(name)).filter(|name| !name.is_empty());
    names.collect::<Vec<_>>().into()
}
