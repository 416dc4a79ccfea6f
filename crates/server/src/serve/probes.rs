//! Numbers of the parts beneath, asked for when the metrics are read.

use crate::http::metrics::Metrics;
use matinee_booking::{GatewayHealth, Trouble};
use matinee_store_postgres::Redis;
use matinee_store_sqlite::WriterLoad;
use std::sync::Arc;

/// The writer's queue, and how long its commits take: seconds over count is the mean of any span of time.
pub(super) fn add_writer(metrics: &Metrics, load: &Arc<WriterLoad>) {
    let of = |value: fn(&WriterLoad) -> f64| {
        let load = Arc::clone(load);
        move || value(&load)
    };
    metrics.probe(
        "matinee_writer_queue",
        "Units of work waiting for the writer",
        of(|load| load.waiting() as f64),
    );
    metrics.probe(
        "matinee_writer_commits",
        "Commits of the writer",
        of(|load| load.commits() as f64),
    );
    metrics.probe(
        "matinee_writer_commit_seconds",
        "Time the writer's commits took together",
        of(|load| load.committing().as_secs_f64()),
    );
}

/// Whether there is a Redis, and what it is worth.
pub(super) fn add_redis(metrics: &Metrics, redis: &Redis) {
    let of = |value: fn(&Redis) -> u64| {
        let redis = redis.clone();
        move || value(&redis) as f64
    };
    metrics.probe(
        "matinee_redis_up",
        "1 while Redis answers",
        of(|redis| u64::from(redis.is_up())),
    );
    metrics.probe(
        "matinee_redis_subscribed",
        "1 while changes of other servers are heard through Redis",
        of(|redis| u64::from(redis.is_subscribed())),
    );
    metrics.probe(
        "matinee_redis_hits_total",
        "Seat maps taken from Redis",
        of(Redis::hits),
    );
    metrics.probe(
        "matinee_redis_misses_total",
        "Seat maps that Redis did not have in the right version",
        of(Redis::misses),
    );
    metrics.probe(
        "matinee_redis_failures_total",
        "Commands Redis refused or did not answer in time",
        of(Redis::failures),
    );
    metrics.probe(
        "matinee_redis_heard_total",
        "Messages of servers heard through Redis",
        of(Redis::heard),
    );
}

/// How calling the gateway goes; each trouble has an advice in the log when it begins.
pub(super) fn add_gateway(metrics: &Metrics, health: &Arc<GatewayHealth>) {
    let of = |value: fn(&GatewayHealth) -> u64| {
        let health = Arc::clone(health);
        move || value(&health) as f64
    };
    metrics.probe(
        "matinee_gateway_up",
        "1 while the payment gateway's last call met no trouble",
        of(|health| u64::from(health.now().is_none())),
    );
    metrics.probe(
        "matinee_gateway_calls_total",
        "Calls of the payment gateway",
        of(GatewayHealth::calls),
    );
    metrics.probe(
        "matinee_gateway_retries_total",
        "Calls of the payment gateway that were made again",
        of(GatewayHealth::retries),
    );
    for (name, help, trouble) in GATEWAY_TROUBLES {
        let health = Arc::clone(health);
        metrics.probe(name, help, move || health.met(trouble) as f64);
    }
}

const GATEWAY_TROUBLES: [(&str, &str, Trouble); 7] = [
    (
        "matinee_gateway_key_refused_total",
        "Calls refused because the secret key is expired, revoked or wrong",
        Trouble::Key,
    ),
    (
        "matinee_gateway_rights_missing_total",
        "Calls refused because the restricted key lacks a right",
        Trouble::Rights,
    ),
    (
        "matinee_gateway_limited_total",
        "Calls the gateway found too many",
        Trouble::Limited,
    ),
    (
        "matinee_gateway_outage_total",
        "Calls answered with an error of the gateway's own",
        Trouble::Outage,
    ),
    (
        "matinee_gateway_silence_total",
        "Calls without a connection or an answer in time",
        Trouble::Silence,
    ),
    (
        "matinee_gateway_nonsense_total",
        "Answers that did not fit what was asked",
        Trouble::Nonsense,
    ),
    (
        "matinee_gateway_bad_request_total",
        "Calls the gateway took for malformed",
        Trouble::BadRequest,
    ),
];
