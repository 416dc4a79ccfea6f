//! Numbers for operators, in Prometheus' text form: a small registry of our own, read on its own listener.
//!
//! A request costs one map look-up and three additions. No label ever carries an id, an address or a name.

use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Upper bounds of the latency histogram, in microseconds.
const BOUNDS_US: [u64; 12] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 10_000_000,
];
/// Requests that no route answers.
const NO_ROUTE: &str = "none";

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);
impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);
impl Gauge {
    pub fn add(&self, count: i64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct RouteStats {
    /// 1xx … 5xx.
    by_class: [AtomicU64; 5],
    /// One more than the bounds: the rest.
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    total_us: AtomicU64,
}

type Probe = Box<dyn Fn() -> f64 + Send + Sync>;

/// All numbers of a server.
#[derive(Default)]
pub struct Metrics {
    routes: RwLock<FxHashMap<String, Arc<RouteStats>>>,
    /// Requests being answered now.
    pub in_flight: Gauge,
    pub connections: Gauge,
    /// Holds taken, and holds refused because a seat was gone.
    pub holds: Counter,
    pub holds_refused: Counter,
    pub holds_expired: Counter,
    pub payments_confirmed: Counter,
    pub payments_declined: Counter,
    pub cancellations: Counter,
    pub limited: Counter,
    pub panics: Counter,
    pub live_events: Counter,
    pub messages_sent: Counter,
    pub messages_failed: Counter,
    /// Attempts by channel and outcome; both are words of ours, so the map is small.
    channels: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    /// Movies asked for, and looked for, at The Movie Database by outcome, a word of ours.
    movie_imports: Mutex<BTreeMap<&'static str, u64>>,
    movie_searches: Mutex<BTreeMap<&'static str, u64>>,
    /// Messages of the payment gateway: dealt with, told again, refused.
    pub news_taken: Counter,
    pub news_repeated: Counter,
    pub news_refused: Counter,
    /// Differences to the gateway's books that the last comparison found.
    pub books_differ: Gauge,
    /// Sign-ins at the OpenID provider, and those that failed: because it did not answer, because it did not know this
    /// server (any more), because what it said could not be trusted.
    pub provider_sign_ins: Counter,
    pub provider_unreachable: Counter,
    pub provider_refusals: Counter,
    pub provider_untrusted: Counter,
    /// Codes of generators that were wrong or used before.
    pub second_factor_refused: Counter,
    /// Passkeys that did not prove what they said.
    pub passkeys_refused: Counter,
    probes: Mutex<Vec<(&'static str, &'static str, Probe)>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}

impl Metrics {
    /// Adds a number that is asked for when the metrics are read, e.g. the length of the writer's queue.
    pub fn probe(
        &self,
        name: &'static str,
        help: &'static str,
        value: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        self.probes.lock().push((name, help, Box::new(value)));
    }

    /// Notes an answered request.
    pub fn answered(&self, route: Option<&str>, status: u16, took: Duration) {
        let stats = self.route(route.unwrap_or(NO_ROUTE));
        let class = usize::from((status / 100).clamp(1, 5)) - 1;
        stats.by_class[class].fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        stats.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        stats.total_us.fetch_add(us, Ordering::Relaxed);
        if status == 429 {
            self.limited.add(1);
        }
    }

    fn route(&self, route: &str) -> Arc<RouteStats> {
        if let Some(stats) = self.routes.read().get(route) {
            return Arc::clone(stats);
        }
        // Routes are patterns, so this map is as small as the route table.
        Arc::clone(self.routes.write().entry(route.to_owned()).or_default())
    }

    /// Counts an attempt to send a message.
    pub fn channel(&self, channel: &'static str, outcome: &'static str) {
        *self.channels.lock().entry((channel, outcome)).or_default() += 1;
    }

    /// Counts a movie that staff wanted from The Movie Database.
    pub fn movie_import(&self, outcome: &'static str) {
        *self.movie_imports.lock().entry(outcome).or_default() += 1;
    }

    /// Counts a title that staff looked for at The Movie Database.
    pub fn movie_search(&self, outcome: &'static str) {
        *self.movie_searches.lock().entry(outcome).or_default() += 1;
    }

    fn render_movie_source(&self, out: &mut String) {
        for (name, help, by_outcome) in [
            (
                "matinee_movie_imports_total",
                "Movies that staff wanted from The Movie Database by outcome",
                &self.movie_imports,
            ),
            (
                "matinee_movie_searches_total",
                "Titles that staff looked for at The Movie Database by outcome",
                &self.movie_searches,
            ),
        ] {
            heading(out, name, help, "counter");
            for (outcome, count) in &*by_outcome.lock() {
                let _ = writeln!(out, "{name}{{outcome=\"{outcome}\"}} {count}");
            }
        }
    }

    fn render_channels(&self, out: &mut String) {
        let name = "matinee_channel_attempts_total";
        heading(
            out,
            name,
            "Attempts to send a message by channel and outcome",
            "counter",
        );
        for ((channel, outcome), count) in &*self.channels.lock() {
            let _ = writeln!(
                out,
                "{name}{{channel=\"{channel}\",outcome=\"{outcome}\"}} {count}"
            );
        }
    }

    /// Everything in Prometheus' text form.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(8 * 1024);
        self.render_routes(&mut out);
        self.render_channels(&mut out);
        self.render_movie_source(&mut out);
        let counters = [
            ("matinee_holds_total", "Holds taken", &self.holds),
            (
                "matinee_holds_refused_total",
                "Holds refused because a seat was gone",
                &self.holds_refused,
            ),
            (
                "matinee_holds_expired_total",
                "Holds that ran out",
                &self.holds_expired,
            ),
            (
                "matinee_payments_confirmed_total",
                "Payments that became tickets",
                &self.payments_confirmed,
            ),
            (
                "matinee_payments_declined_total",
                "Payments declined",
                &self.payments_declined,
            ),
            (
                "matinee_cancellations_total",
                "Bookings cancelled, wholly or in part",
                &self.cancellations,
            ),
            (
                "matinee_limited_total",
                "Requests answered 429",
                &self.limited,
            ),
            (
                "matinee_panics_total",
                "Requests that ended in a panic",
                &self.panics,
            ),
            (
                "matinee_live_events_total",
                "Live seat events delivered",
                &self.live_events,
            ),
            (
                "matinee_messages_sent_total",
                "Messages delivered",
                &self.messages_sent,
            ),
            (
                "matinee_messages_failed_total",
                "Messages given up",
                &self.messages_failed,
            ),
            (
                "matinee_gateway_news_total",
                "Messages of the payment gateway dealt with",
                &self.news_taken,
            ),
            (
                "matinee_gateway_news_repeated_total",
                "Messages of the payment gateway told again",
                &self.news_repeated,
            ),
            (
                "matinee_gateway_news_refused_total",
                "Messages refused: not signed by the gateway, too old, of another account, mode or amount",
                &self.news_refused,
            ),
            (
                "matinee_provider_sign_ins_total",
                "Sign-ins at the OpenID provider",
                &self.provider_sign_ins,
            ),
            (
                "matinee_provider_unreachable_total",
                "Sign-ins that failed because the OpenID provider did not answer",
                &self.provider_unreachable,
            ),
            (
                "matinee_provider_refusals_total",
                "Sign-ins that failed because the OpenID provider refused this server's client id or secret",
                &self.provider_refusals,
            ),
            (
                "matinee_provider_untrusted_total",
                "Sign-ins that failed because the OpenID provider's answer could not be trusted",
                &self.provider_untrusted,
            ),
            (
                "matinee_second_factor_refused_total",
                "Sign-ins refused because the second factor's code was wrong or used before",
                &self.second_factor_refused,
            ),
            (
                "matinee_passkeys_refused_total",
                "Sign-ins refused because a passkey did not prove what it said",
                &self.passkeys_refused,
            ),
        ];
        for (name, help, counter) in counters {
            number(&mut out, name, help, "counter", counter.get() as f64);
        }
        let gauges = [
            (
                "matinee_http_in_flight",
                "Requests being answered",
                &self.in_flight,
            ),
            (
                "matinee_http_connections",
                "Open connections",
                &self.connections,
            ),
            (
                "matinee_gateway_differences",
                "Differences between our books and the gateway's at the last comparison",
                &self.books_differ,
            ),
        ];
        for (name, help, gauge) in gauges {
            number(&mut out, name, help, "gauge", gauge.get() as f64);
        }
        for (name, help, probe) in &*self.probes.lock() {
            let kind = if name.ends_with("_total") {
                "counter"
            } else {
                "gauge"
            };
            number(&mut out, name, help, kind, probe());
        }
        out
    }

    fn render_routes(&self, out: &mut String) {
        let routes = self.routes.read();
        let mut names: Vec<_> = routes.keys().collect();
        names.sort_unstable();
        heading(
            out,
            "matinee_http_requests_total",
            "Answered requests by route and status class",
            "counter",
        );
        for name in &names {
            for (index, count) in routes[*name].by_class.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let class = index + 1;
                    // Writing to a String cannot fail.
                    let _ = writeln!(
                        out,
                        "matinee_http_requests_total{{route=\"{name}\",class=\"{class}xx\"}} {count}"
                    );
                }
            }
        }
        let name_of = "matinee_http_request_seconds";
        heading(
            out,
            name_of,
            "Time to the head of the answer by route",
            "histogram",
        );
        for name in &names {
            let stats = &routes[*name];
            let mut sum = 0;
            for (index, bucket) in stats.buckets.iter().enumerate() {
                sum += bucket.load(Ordering::Relaxed);
                let bound = BOUNDS_US
                    .get(index)
                    .map_or_else(|| "+Inf".to_owned(), |us| (*us as f64 / 1e6).to_string());
                let _ = writeln!(
                    out,
                    "{name_of}_bucket{{route=\"{name}\",le=\"{bound}\"}} {sum}"
                );
            }
            let total = stats.total_us.load(Ordering::Relaxed) as f64 / 1e6;
            let _ = writeln!(out, "{name_of}_sum{{route=\"{name}\"}} {total}");
            let _ = writeln!(out, "{name_of}_count{{route=\"{name}\"}} {sum}");
        }
    }
}

fn heading(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn number(out: &mut String, name: &str, help: &str, kind: &str, value: f64) {
    heading(out, name, help, kind);
    let _ = writeln!(out, "{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_can_be_read() {
        let metrics = Metrics::default();
        metrics.answered(Some("/api/v1/book"), 201, Duration::from_millis(3));
        metrics.answered(Some("/api/v1/book"), 429, Duration::from_micros(100));
        metrics.holds.add(1);
        metrics.probe("matinee_queue", "Waiting", || 7.0);
        let text = metrics.render();
        for line in [
            "matinee_http_requests_total{route=\"/api/v1/book\",class=\"2xx\"} 1",
            "matinee_http_request_seconds_bucket{route=\"/api/v1/book\",le=\"0.00025\"} 1",
            "matinee_http_request_seconds_bucket{route=\"/api/v1/book\",le=\"0.005\"} 2",
            "matinee_http_request_seconds_count{route=\"/api/v1/book\"} 2",
            "matinee_holds_total 1",
            "matinee_limited_total 1",
            "matinee_queue 7",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is missing in\n{text}"
            );
        }
    }
}
