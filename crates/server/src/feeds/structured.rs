//! Theaters, movies and shows in schema.org's words: MovieTheater, Movie, ScreeningEvent.
//!
//! Pure: from rows to JSON. What is not known is left out rather than guessed.

use matinee_api as api;
use matinee_domain::catalog::{Movie, Theater};
use serde_json::{Map, Value, json};

/// Where pages are, e.g. `https://tickets.example.org`; no slash at its end.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a>(pub &'a str);

impl Site<'_> {
    /// A theater as a place.
    pub fn theater(self, theater: &Theater) -> Value {
        let place = &theater.location;
        json!({
            "@type": "MovieTheater",
            "@id": self.page("theaters", theater.theater_id),
            "url": self.page("theaters", theater.theater_id),
            "name": theater.name,
            "address": {
                "@type": "PostalAddress",
                "streetAddress": place.address,
                "addressLocality": place.city,
                "addressCountry": place.country,
            },
            "geo": {
                "@type": "GeoCoordinates",
                "latitude": place.latitude,
                "longitude": place.longitude,
            },
            "screenCount": theater.screens.len(),
            "currenciesAccepted": theater.currency.to_string(),
        })
    }

    /// A movie as a work.
    pub fn movie(self, movie: &Movie) -> Value {
        let mut node = Map::new();
        let mut put = |name: &str, value: Value| {
            let empty = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                _ => false,
            };
            if !empty {
                node.insert(name.to_owned(), value);
            }
        };
        put("@type", "Movie".into());
        put("@id", self.page("movies", movie.movie_id).into());
        put("url", self.page("movies", movie.movie_id).into());
        put("name", movie.name.clone().into());
        put("duration", format!("PT{}M", movie.duration_minutes).into());
        put("genre", movie.genres.clone().into());
        put("contentRating", movie.certificate.clone().into());
        put("image", movie.poster_url.clone().into());
        put("inLanguage", movie.languages.clone().into());
        put("actor", persons(movie.cast.iter()));
        let director = Some(&movie.director).filter(|name| !name.is_empty());
        put("director", persons(director.into_iter()));
        if movie.release_year > 0 {
            put("dateCreated", format!("{:04}", movie.release_year).into());
        }
        Value::Object(node)
    }

    /// A show as an event: of this movie, in this theater.
    pub fn show(self, show: &api::Show, movie: &Movie, theater: &Theater) -> Value {
        let local =
            |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&theater.time_zone).to_rfc3339();
        let left = if show.seats_available == 0 {
            "https://schema.org/SoldOut"
        } else {
            "https://schema.org/InStock"
        };
        let mut node = json!({
            "@type": "ScreeningEvent",
            "@id": self.page("shows", show.show_id),
            "url": self.page("shows", show.show_id),
            "name": movie.name,
            "startDate": local(show.start_time),
            "endDate": local(show.end_time),
            "eventStatus": "https://schema.org/EventScheduled",
            "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
            "location": self.theater(theater),
            "workPresented": self.movie(movie),
            "videoFormat": show.format,
            "inLanguage": show.language,
            "offers": {
                "@type": "Offer",
                "url": self.page("shows", show.show_id),
                "price": decimal(show.from_price),
                "priceCurrency": show.from_price.currency.to_string(),
                "availability": left,
            },
        });
        if let Some(image) = &movie.poster_url {
            node["image"] = image.as_str().into();
        }
        match show.subtitles.as_slice() {
            [] => {}
            languages => node["subtitleLanguage"] = languages.to_vec().into(),
        }
        node
    }

    fn page(self, kind: &str, id: impl std::fmt::Display) -> String {
        format!("{}/{kind}/{id}", self.0)
    }
}

fn persons<'n>(names: impl Iterator<Item = &'n String>) -> Value {
    names
        .map(|name| json!({ "@type": "Person", "name": name }))
        .collect()
}

/// An amount as schema.org writes it: whole units with as many decimals as the currency has.
fn decimal(money: api::Money) -> String {
    let decimals = money.currency.decimals();
    let unit = 10_i64.pow(decimals);
    let (whole, rest) = (money.amount_minor / unit, money.amount_minor % unit);
    match decimals {
        0 => whole.to_string(),
        _ => format!("{whole}.{:0width$}", rest.abs(), width = decimals as usize),
    }
}

/// Nodes as one document for a page's head: nothing in it can end the script it stands in.
pub fn script(nodes: &[Value]) -> String {
    let document = json!({ "@context": "https://schema.org", "@graph": nodes });
    let text = document
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    format!("<script type=\"application/ld+json\">{text}</script>")
}
