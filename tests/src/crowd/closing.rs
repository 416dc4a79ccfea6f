//! The end of a sale: what is still unknown is asked once more, acknowledged requests are repeated, and how every
//! booking stands is read.

use super::{Asked, Crowd, Request, locked, understand};
use crate::history::{BookingRead, FinalBooking, History, Kind, Outcome};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Requests at once while closing.
const AT_ONCE: usize = 8;
/// For how long one is asked: what a crash left half done is taken up again after some seconds.
const PERSISTENCE: Duration = Duration::from_secs(40);

impl Crowd {
    /// Asks again what has no definite answer yet, with the same key. With nothing `under_way` any more, because every
    /// server it was sent to is gone, a refusal is final; otherwise the lost try may still take effect. How many found
    /// no answer even now.
    pub async fn settle(&self, under_way: bool) -> usize {
        let known = self.recorder.outcomes();
        let unknown = |number: usize| known[number] == Outcome::Unknown;
        self.again(unknown, under_way).await
    }

    /// Asks everything again that was acknowledged; every answer has to be what it was.
    pub async fn repeat(&self) {
        let known = self.recorder.outcomes();
        self.again(|number| known[number] == Outcome::Done, true)
            .await;
    }

    async fn again(&self, wanted: impl Fn(usize) -> bool, under_way: bool) -> usize {
        let unanswered = AtomicUsize::new(0);
        let all: Vec<(Request, usize)> = locked(&self.asked)
            .iter()
            // Giving back is no call with a key: a second one is refused.
            .filter(|asked| asked.request.kind != Kind::Release && wanted(asked.number))
            .map(|Asked { request, number }| (request.clone(), *number))
            .collect();
        let each = stream::iter(all).for_each_concurrent(AT_ONCE, async |(request, number)| {
            let told = self.ask(&request, PERSISTENCE).await;
            if told.answer.is_none() {
                unanswered.fetch_add(1, Ordering::Relaxed);
            }
            self.recorder.amend(number, |operation| {
                let before = operation.clone();
                let done = understand(operation, &told);
                if before.booking.is_none() {
                    self.keep_token(done.as_ref());
                }
                // An acknowledged request is acknowledged again, or its answer has changed.
                if done.is_none() && before.outcome == Outcome::Done {
                    *operation = before;
                    operation
                        .answers
                        .push(told.answer.map_or(1, |answer| answer.status.into()));
                } else if before.outcome == Outcome::Done {
                    operation.ended = before.ended;
                } else if operation.outcome == Outcome::Refused && under_way {
                    // What was lost may still be under way.
                    operation.outcome = Outcome::Unknown;
                    operation.ended = crate::history::NEVER;
                    operation.taken.clear();
                }
            });
        });
        each.await;
        unanswered.into_inner()
    }

    /// Forgets requests of rounds that are over, so that repeating stays cheap. Their record stays.
    pub fn forget_requests(&self) {
        locked(&self.asked).clear();
    }

    /// Reads every acknowledged booking with its tickets, and ends the recording.
    pub async fn close(&self, stored_bookings: Option<usize>) -> History {
        let bookings = locked(&self.tokens).clone();
        let finals: Vec<Option<FinalBooking>> = stream::iter(bookings)
            .map(async |(booking, token)| self.read(&booking, &token).await)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.recorder
            .closed(finals.into_iter().flatten().collect(), stored_bookings)
    }

    /// Reads one booking as it is now.
    async fn read(&self, booking: &str, token: &str) -> Option<FinalBooking> {
        let get = async |path: String| -> Value {
            for _ in 0..50 {
                match self.get(&path, Some(token)).await {
                    Ok((answer, _)) if answer.status == 200 => return answer.json(),
                    Ok((answer, _)) if answer.status < 429 => break,
                    _ => tokio::time::sleep(self.manners.pause).await,
                }
            }
            Value::Null
        };
        let invoked = self.recorder.now();
        let now = get(format!("/bookings/{booking}")).await;
        let status = now["status"].as_str().map(ToOwned::to_owned);
        self.recorder.read(BookingRead {
            booking: booking.to_owned(),
            invoked,
            ended: self.recorder.now(),
            status: status.clone(),
            behind: 0,
        });
        let tickets = match status.as_deref() {
            Some("confirmed" | "partly_cancelled" | "cancelled") => {
                get(format!("/bookings/{booking}/tickets")).await
            }
            _ => Value::Null,
        };
        let counted = |list: &Value, is: fn(&Value) -> bool| {
            let items = list.as_array().into_iter().flatten();
            items.filter(|item| is(item)).count()
        };
        let sum = |list: &Value, with: &[&str]| -> i64 {
            let items = list.as_array().into_iter().flatten();
            items
                .filter(|item| with.contains(&item["status"].as_str().unwrap_or_default()))
                .filter_map(|item| item["amount"]["amount_minor"].as_i64())
                .sum()
        };
        let seats = now["seats"].as_array().into_iter().flatten();
        Some(FinalBooking {
            booking: booking.to_owned(),
            status: status?,
            seats: seats
                .filter(|seat| seat["cancelled"] != true)
                .filter_map(|seat| seat["seat_id"].as_str().map(ToOwned::to_owned))
                .collect(),
            captured_minor: sum(
                &now["payments"],
                &["captured", "partly_refunded", "refunded"],
            ),
            refunded_minor: sum(&now["refunds"], &["pending", "succeeded"]),
            valid_tickets: counted(&tickets["tickets"], |ticket| ticket["status"] == "valid"),
        })
    }
}
