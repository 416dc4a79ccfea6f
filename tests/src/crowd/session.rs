//! What one buyer does, and what viewers look at.

use super::{Crowd, Request, Sample, locked, samples, span};
use crate::history::{Kind, Snapshot, Status};
use serde_json::{Value, json};

/// What becomes of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Leave,
    Release,
    Pay,
    PayAndCancel,
}

/// What one buyer wants.
#[derive(Debug, Clone)]
pub struct Plan {
    pub show: String,
    pub seats: Vec<String>,
    pub then: Then,
}

impl Plan {
    /// A plan that follows from a number alone: one to three neighbours somewhere in one of the shows. Six of ten pay,
    /// two more of ten pay and cancel.
    pub fn of(number: u64, shows: &[(String, Vec<String>)]) -> Self {
        let chance = scramble(number);
        let (show, all) = &shows[(chance % shows.len() as u64) as usize];
        let count = 1 + (chance >> 16) as usize % 3;
        let first = (chance >> 24) as usize % all.len();
        let seats = all.iter().skip(first).take(count).cloned().collect();
        let then = match (chance >> 48) % 10 {
            0..6 => Then::Pay,
            6..8 => Then::PayAndCancel,
            8 => Then::Release,
            _ => Then::Leave,
        };
        Self {
            show: show.clone(),
            seats,
            then,
        }
    }
}

/// Numbers in a row become numbers all over the place (SplitMix64).
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Crowd {
    /// Holds, and goes on as planned as long as that goes well. `buyer` is a number nobody else has.
    pub async fn buy(&self, buyer: usize, plan: &Plan) {
        let request = |kind, path: &str, body: Value, token: Option<&str>| Request {
            kind,
            path: path.to_owned(),
            body: body.to_string(),
            key: format!("{kind:?}-{buyer}"),
            secret: format!("{buyer:032x}"),
            token: token.map(ToOwned::to_owned),
            buyer,
        };
        let wanted = json!({
            "show_id": plan.show, "seat_ids": plan.seats, "guest_email": format!("buyer{buyer}@example.com")
        });
        let hold = request(Kind::Hold, "/book", wanted, None);
        let Some(booking) = self.record(hold, &plan.show, None).await else {
            return;
        };
        let (Some(id), Some(token)) = (
            booking["booking_id"].as_str(),
            booking["guest_token"].as_str(),
        ) else {
            return;
        };
        let next = |kind, path: &str, body| {
            let request = request(kind, path, body, Some(token));
            self.record(request, &plan.show, Some(id))
        };
        match plan.then {
            Then::Leave => {}
            Then::Release => {
                next(Kind::Release, &format!("/bookings/{id}"), Value::Null).await;
            }
            Then::Pay | Then::PayAndCancel => {
                let pay = json!({ "booking_id": id, "payment_method": "pm_card_visa" });
                let paid = next(Kind::Pay, "/payment", pay).await;
                if paid.is_some() && plan.then == Then::PayAndCancel {
                    next(Kind::Cancel, &format!("/cancel/{id}"), json!({})).await;
                }
            }
        }
    }

    /// Looks at a show's seat map, once.
    pub async fn look(&self, show: &str) {
        let invoked = self.recorder.now();
        let answer = self.get(&format!("/shows/{show}/seats"), None).await;
        let ended = self.recorder.now();
        let errors = match answer {
            Ok((answer, door)) if answer.status == 200 => {
                let map = answer.json();
                // A load balancer says who answered.
                let server = match answer.header("x-served-by") {
                    "" => door,
                    named => named.to_owned(),
                };
                self.recorder.snapshot(Snapshot {
                    reader: server,
                    show: show.to_owned(),
                    invoked,
                    ended,
                    version: map["version"].as_u64().unwrap_or_default(),
                    seats: statuses(&map),
                    behind: span(self.manners.behind),
                });
                Vec::new()
            }
            Ok((answer, _)) => vec![answer.status.to_string()],
            Err(error) => vec![error],
        };
        let done = errors.is_empty().then_some(true);
        let sample = Sample {
            what: samples::LOOK,
            ..Sample::of(Kind::Hold, invoked, ended, done, errors)
        };
        locked(&self.samples).push(sample);
    }

    /// The shows of some theater that begin in a day or later and their seats; takes down how many each has.
    pub async fn shows(&self, theater: &str, count: usize) -> Vec<(String, Vec<String>)> {
        let get = async |path: String| -> Value {
            let answer = self.get(&path, None).await;
            answer.map(|(answer, _)| answer.json()).unwrap_or_default()
        };
        let found = get(format!("/theaters?q={theater}")).await;
        let id = found["items"][0]["theater_id"].as_str().unwrap_or_default();
        let movies = get(format!("/theaters/{id}/movies")).await;
        let movies = movies["items"].as_array().into_iter().flatten();
        let shows = movies.flat_map(|movie| movie["shows"].as_array().cloned().unwrap_or_default());
        let mut shows: Vec<Value> = shows.collect();
        // Those far away: none begins while this runs.
        shows.sort_by_key(|show| show["start_time"].as_str().map(ToOwned::to_owned));
        let mut all = Vec::new();
        for show in shows.iter().rev().take(count) {
            let id = show["show_id"].as_str().unwrap_or_default();
            let map = get(format!("/shows/{id}/seats")).await;
            let seats: Vec<String> = statuses(&map).into_iter().map(|(seat, _)| seat).collect();
            self.recorder.capacity(id, seats.len());
            all.push((id.to_owned(), seats));
        }
        all
    }
}

fn statuses(map: &Value) -> Vec<(String, Status)> {
    let seats = map["seats"].as_array().into_iter().flatten();
    seats
        .map(|seat| {
            let status = match seat["status"].as_str() {
                Some("available") => Status::Available,
                Some("held") => Status::Held,
                Some("sold") => Status::Sold,
                _ => Status::Blocked,
            };
            (
                seat["seat_id"].as_str().unwrap_or_default().to_owned(),
                status,
            )
        })
        .collect()
}
