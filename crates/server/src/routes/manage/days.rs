//! `/manage/theaters/{theater_id}/days/{date}`: what a business day brought, for people and for spreadsheets.
//!
//! Made from payments and refunds each time it is asked for, so it cannot differ from them.

mod csv;

use super::gate::{self, Staff};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Effort, EncodedBody, Pair, Query, answer, etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use matinee_api::{
    ChannelDay, DayTotals, MethodDay, ReasonDay, SettlementDay, ShowDay, TicketTypeDay,
};
use matinee_booking::Shows as _;
use matinee_domain::{
    day::{self, Both, Totals},
    ids::{InvalidId, ShowId, TheaterId},
    money::Money,
    staff::Action,
};
use matinee_store::{StoreError, days::Span};
use serde::Deserialize;
use std::str::FromStr;

/// Rows read at a time.
const PAGE: u16 = 1000;

/// A date in a path.
#[derive(Debug, Clone, Copy)]
pub struct Day(NaiveDate);

impl FromStr for Day {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        date.filter(|date| (1900..=9000).contains(&date.year()))
            .map(Self)
            .ok_or(InvalidId { kind: "day" })
    }
}

#[derive(Debug, Deserialize)]
pub struct As {
    #[serde(default)]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Csv,
}

/// `GET /manage/theaters/{theater_id}/days/{date}`
pub async fn day(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, Day(date)): Pair<TheaterId, Day>,
    headers: HeaderMap,
    Query(as_): Query<As>,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::SeeTotals).await?;
    let totals = totals_of(&app, &staff, date).await?;
    if as_.format != Some(Format::Csv) {
        return Ok(answer::read(&headers, &totals));
    }
    let bytes = csv::written(&totals);
    let tag = etag::digest(&bytes);
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let body = EncodedBody::new(
        bytes.into(),
        &tag,
        Effort::Fresh,
        kind,
        HeaderValue::from_static("no-store"),
    );
    Ok(body.respond(&headers))
}

async fn totals_of(app: &App, staff: &Staff, date: NaiveDate) -> Result<DayTotals, ApiError> {
    let theater = &staff.theater;
    let (from, until) =
        day::bounds(date, theater.time_zone).ok_or_else(|| ApiError::not_found("day"))?;
    let totals = read(app, theater.theater_id, Span { from, until }).await?;
    let money = |minor| Money::new(minor, theater.currency);
    let mut by_show = Vec::with_capacity(totals.shows.len());
    for (show_id, both) in &totals.shows {
        by_show.push(of_show(app, staff, *show_id, *both).await?);
    }
    by_show.sort_by_key(|show| (show.start_time, show.show_id));
    let by_ticket_type = totals.ticket_types.iter();
    let by_channel = totals.channels.iter();
    let reasons = totals.reasons.iter();
    Ok(DayTotals {
        theater_id: theater.theater_id,
        date,
        time_zone: theater.time_zone.name().to_owned(),
        from,
        until,
        over: app.clock.now() >= until,
        currency: theater.currency,
        tickets: totals.tickets.count,
        sold: money(totals.tickets.minor),
        refunded: money(totals.back.minor),
        net: money(totals.captured.minor - totals.back.minor),
        tax_sold: money(totals.tax_sold_minor),
        tax_refunded: money(totals.tax_back_minor),
        late: money(totals.late.minor),
        trial: money(totals.trial.minor),
        by_show,
        by_ticket_type: by_ticket_type
            .map(|(ticket_type, sum)| TicketTypeDay {
                ticket_type: ticket_type.clone(),
                tickets: sum.count,
                sold: money(sum.minor),
            })
            .collect(),
        by_method: (totals.methods.iter())
            .map(|(method, both)| MethodDay {
                method: method.clone(),
                payments: both.sold.count,
                sold: money(both.sold.minor),
                refunded: money(both.back.minor),
            })
            .collect(),
        by_channel: by_channel
            .map(|(channel, of)| ChannelDay {
                channel: *channel,
                bookings: of.bookings.count,
                tickets: of.tickets,
                sold: money(of.bookings.minor),
            })
            .collect(),
        refunds_by_reason: reasons
            .map(|(reason, sum)| ReasonDay {
                reason: reason.clone(),
                refunds: sum.count,
                amount: money(sum.minor),
            })
            .collect(),
        settlement: (totals.settled.iter())
            .map(|(gateway, both)| SettlementDay {
                gateway: gateway.clone(),
                captured: money(both.sold.minor),
                refunded: money(both.back.minor),
                net: money(both.sold.minor - both.back.minor),
            })
            .collect(),
    })
}

/// Everything of a span of time, a page at a time.
async fn read(app: &App, theater_id: TheaterId, span: Span) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    let mut after = None;
    loop {
        let page = app.store.sold(theater_id, span, after, PAGE).await?;
        for sale in &page {
            totals.sell(sale);
        }
        after = page.last().map(|sale| sale.payment_id);
        if page.len() < usize::from(PAGE) {
            break;
        }
    }
    let mut after: Option<(DateTime<Utc>, _)> = None;
    loop {
        let page = app.store.given_back(theater_id, span, after, PAGE).await?;
        for back in &page {
            totals.give_back(back);
        }
        after = page.last().map(|back| (back.at, back.refund_id));
        if page.len() < usize::from(PAGE) {
            return Ok(totals);
        }
    }
}

async fn of_show(
    app: &App,
    staff: &Staff,
    show_id: ShowId,
    both: Both,
) -> Result<ShowDay, StoreError> {
    let file = app.catalog.show(show_id).await?;
    let screen = file.as_ref().and_then(|file| {
        let screens = staff.theater.screens.iter();
        let mut of_show = screens.filter(|screen| screen.screen_id == file.show.screen_id);
        of_show.next().map(|screen| screen.name.clone())
    });
    let money = |minor| Money::new(minor, staff.theater.currency);
    Ok(ShowDay {
        show_id,
        movie_name: file
            .as_ref()
            .map(|file| file.movie.name.clone())
            .unwrap_or_default(),
        screen_name: screen.unwrap_or_default(),
        start_time: file.map(|file| file.show.start_time),
        tickets: both.sold.count,
        sold: money(both.sold.minor),
        refunded: money(both.back.minor),
    })
}
