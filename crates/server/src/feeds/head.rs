//! The head of public pages: what a search engine is to know of a theater, a movie or a show, put into the UI's page.
//!
//! The page is the same for everybody otherwise. An address that names nothing gets the page as it is: the app says so.

use super::{Of, next_shows, structured};
use crate::{
    app::App,
    catalog_cache::{Listing, MadeFrom},
    http::{Effort, EncodedBody, etag},
    render,
};
use axum::http::HeaderValue;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    catalog::Theater,
    ids::{MovieId, ShowId, TheaterId},
};
use matinee_store::{StoreError, catalog::ListedShow};
use serde_json::Value;
use structured::Site;

/// Most shows told in one page; the calendar has all of them.
const MOST: u16 = 100;
/// How long a page is sent again as it was: whether a show is sold out may be that old.
const KEPT: TimeDelta = TimeDelta::seconds(30);

/// The page an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Theater(TheaterId),
    Movie(MovieId),
    Show(ShowId),
}

fn named(path: &str) -> Option<Named> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (kind, id) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    match kind {
        "theaters" => id.parse().ok().map(Named::Theater),
        "movies" => id.parse().ok().map(Named::Movie),
        "shows" => id.parse().ok().map(Named::Show),
        _ => None,
    }
}

/// The UI's page with what the address names in its head; `None` when it names nothing, or the database does not answer.
pub async fn page(app: &App, path: &str, plain: &EncodedBody) -> Option<EncodedBody> {
    let named = named(path)?;
    let now = app.clock.now();
    let made_from = MadeFrom {
        epoch: app.catalog.epoch(),
        seats: 0,
    };
    let plain_tag = etag::digest(plain.identity());
    let key = format!("page {path} {plain_tag}");
    if let Some(body) = app.catalog.answers.get(&key, made_from, now) {
        return Some(body);
    }
    let head = match head(app, named, now).await {
        Ok(head) => head?,
        Err(error) => {
            tracing::warn!(%error, "a page goes out without its facts");
            return None;
        }
    };
    let body = with_head(plain, &head)?;
    let answers = &app.catalog.answers;
    answers.put(key, made_from, now + KEPT, body.clone());
    Some(body)
}

fn with_head(plain: &EncodedBody, head: &str) -> Option<EncodedBody> {
    let page = std::str::from_utf8(plain.identity()).ok()?;
    let at = page.find("</head>")?;
    let (before, after) = page.split_at(at);
    let page = [before, head, after].concat();
    let tag = etag::digest(page.as_bytes());
    Some(EncodedBody::new(
        page.into(),
        &tag,
        Effort::Fresh,
        HeaderValue::from_static("text/html; charset=utf-8"),
        HeaderValue::from_static("no-cache"),
    ))
}

async fn head(app: &App, named: Named, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
    let site = Site(&app.base_url);
    let listing = app.catalog.listing().await?;
    let mut nodes = Vec::new();
    let mut links = String::new();
    match named {
        Named::Theater(id) => {
            let Some(theater) = listing.theater(id) else {
                return Ok(None);
            };
            nodes.push(site.theater(theater));
            let shows = next_shows(app, Of::Theater(id), now, MOST).await?;
            nodes.extend(shows.iter().filter_map(|show| event(site, &listing, show)));
            links = calendar_link(theater);
        }
        Named::Movie(id) => {
            let Some(movie) = listing.movie(id) else {
                return Ok(None);
            };
            nodes.push(site.movie(movie));
            let shows = next_shows(app, Of::Movie(id), now, MOST).await?;
            nodes.extend(shows.iter().filter_map(|show| event(site, &listing, show)));
        }
        Named::Show(id) => {
            let show = app.store.show(id).await?;
            let on_sale = show.as_ref().filter(|listed| listed.published);
            let show = on_sale.filter(|listed| listed.show.start_time > now);
            match show.and_then(|show| event(site, &listing, show)) {
                Some(node) => nodes.push(node),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(structured::script(&nodes) + &links))
}

fn event(site: Site<'_>, listing: &Listing, listed: &ListedShow) -> Option<Value> {
    let theater = listing.theater(listed.show.show_id.theater())?;
    let movie = listing.movie(listed.show.movie_id)?;
    Some(site.show(&render::show(listed, theater), movie, theater))
}

/// How a calendar program finds the theater's calendar.
fn calendar_link(theater: &Theater) -> String {
    let base = matinee_api::BASE_PATH;
    let id = theater.theater_id;
    format!(
        "<link rel=\"alternate\" type=\"text/calendar\" href=\"{base}/theaters/{id}/calendar.ics\">"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_things_are_looked_up() {
        let theater = TheaterId::from_bytes([7; 16]);
        assert_eq!(
            named(&format!("/theaters/{theater}")),
            Some(Named::Theater(theater))
        );
        for other in [
            "/",
            "/theaters",
            "/theaters/",
            "/theaters/nonsense",
            "/profile",
            "theaters/x",
            &format!("/theaters/{theater}/more"),
            &format!("/movies/{theater}"),
        ] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn facts_stand_in_the_head_and_nowhere_else() {
        let plain = |text: &'static str| {
            let html = HeaderValue::from_static("text/html");
            let cache = HeaderValue::from_static("no-cache");
            EncodedBody::new(text.into(), "t", Effort::Fresh, html, cache)
        };
        let page = with_head(&plain("<head><title>x</title></head><body>"), "HERE").unwrap();
        assert_eq!(
            &page.identity()[..],
            b"<head><title>x</title>HERE</head><body>"
        );
        assert!(with_head(&plain("no head at all"), "HERE").is_none());
    }
}
