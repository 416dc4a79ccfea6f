//! Numbers of the parts beneath, asked for when the metrics are read.

use crate::http::metrics::Metrics;
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
