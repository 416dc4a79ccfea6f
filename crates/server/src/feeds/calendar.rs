//! `GET /theaters/{theater_id}/calendar.ics`: the shows of the next two weeks, to subscribe to (RFC 5545).

use super::{AHEAD, Of, next_shows};
use crate::{
    app::{App, AppState},
    catalog_cache::{Listing, MadeFrom},
    http::{ApiError, Effort, EncodedBody, Id, etag},
    tickets::ics::Calendar,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{catalog::Theater, ids::TheaterId};
use matinee_store::catalog::ListedShow;

/// Most shows in a calendar: a theater of 20 screens with 8 shows a day has 2,240 in two weeks.
const MOST: u16 = 3000;
/// How long a calendar is sent again as it was.
const KEPT: TimeDelta = TimeDelta::minutes(5);

/// `GET /theaters/{theater_id}/calendar.ics`
pub async fn calendar(
    State(app): State<AppState>,
    headers: HeaderMap,
    Id(theater_id): Id<TheaterId>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let made_from = MadeFrom {
        epoch: app.catalog.epoch(),
        seats: 0,
    };
    let name = format!("calendar {theater_id}");
    if let Some(body) = app.catalog.answers.get(&name, made_from, now) {
        return Ok(body.respond(&headers));
    }
    let listing = app.catalog.listing().await?;
    let theater = listing
        .theater(theater_id)
        .ok_or_else(|| ApiError::not_found("theater"))?;
    let shows = next_shows(&app, Of::Theater(theater_id), now, MOST).await?;
    let text = written(&app, &listing, theater, &shows, now);
    let body = EncodedBody::new(
        text.clone().into(),
        &etag::digest(text.as_bytes()),
        Effort::Fresh,
        HeaderValue::from_static("text/calendar; charset=utf-8"),
        HeaderValue::from_static("no-cache"),
    );
    let answers = &app.catalog.answers;
    answers.put(name, made_from, now + KEPT, body.clone());
    Ok(body.respond(&headers))
}

fn written(
    app: &App,
    listing: &Listing,
    theater: &Theater,
    shows: &[ListedShow],
    now: DateTime<Utc>,
) -> String {
    let mut calendar = Calendar::new("-//Matinee//Programme//EN");
    calendar.line("METHOD", "PUBLISH");
    calendar.text("NAME", &theater.name);
    calendar.text("X-WR-CALNAME", &theater.name);
    calendar.line("X-WR-TIMEZONE", theater.time_zone.name());
    calendar.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    calendar.line("X-PUBLISHED-TTL", "PT1H");
    let place = &theater.location;
    let at = format!("{}, {}, {}", theater.name, place.address, place.city);
    // A calendar that says nothing new is the same bytes all day.
    let stamp = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    for listed in shows {
        let show = &listed.show;
        let Some(movie) = listing.movie(show.movie_id) else {
            continue;
        };
        let screen = theater
            .screens
            .iter()
            .find(|screen| screen.screen_id == show.screen_id);
        let facts = [
            screen.map_or("", |screen| screen.name.as_str()),
            &show.format,
            &show.language,
        ];
        let facts: Vec<_> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        calendar.line("BEGIN", "VEVENT");
        calendar.line("UID", &format!("{}@matinee", show.show_id));
        calendar.time("DTSTAMP", stamp);
        calendar.time("DTSTART", show.start_time);
        calendar.time("DTEND", show.end_time);
        calendar.text("SUMMARY", &movie.name);
        calendar.text("LOCATION", &at);
        calendar.line("GEO", &format!("{};{}", place.latitude, place.longitude));
        calendar.text("DESCRIPTION", &facts.join(" · "));
        calendar.line("URL", &format!("{}/shows/{}", app.base_url, show.show_id));
        calendar.line("TRANSP", "TRANSPARENT");
        calendar.line("END", "VEVENT");
    }
    debug_assert!(shows.iter().all(|one| one.show.start_time <= now + AHEAD));
    calendar.end()
}
