//! Every statement on the way of a booking touches one partition of each table, when those are partitioned by theater:
//! so the data can be sharded by theater. And each walks an index, also on tables that are empty.
//!
//! A statement that silently asks every shard is right in every other test and ruins a sharded system.

use super::statements;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

#[path = "../../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;

const PARTITIONS: usize = 8;
const SCHEMA: [&str; 8] = [
    include_str!("../../../../migrations/postgres/0003_bookings.sql"),
    include_str!("../../../../migrations/postgres/0004_outbox.sql"),
    include_str!("../../../../migrations/postgres/0010_promos.sql"),
    include_str!("../../../../migrations/postgres/0012_published.sql"),
    include_str!("../../../../migrations/postgres/0013_gifts.sql"),
    include_str!("../../../../migrations/postgres/0016_bad_days.sql"),
    include_str!("../../../../migrations/postgres/0017_moved_shows.sql"),
    include_str!("../../../../migrations/postgres/0018_promo_customers.sql"),
];

/// The schema's own text, each table made of partitions.
fn partitioned() -> String {
    let mut out = String::new();
    let staff = include_str!("../../../../migrations/postgres/0011_staff.sql");
    let (_, audit) = staff.split_once("CREATE TABLE audit").unwrap();
    let text: String = (SCHEMA.concat() + "CREATE TABLE audit" + audit)
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
        // Seat maps are nobody's theater either.
        .replace(" REFERENCES seat_maps (seat_map)", "");
    for statement in text
        .split(';')
        .map(str::trim)
        // Accounts are nobody's theater.
        .filter(|statement| !statement.is_empty() && !statement.contains("ON users "))
    {
        let table = statement
            .strip_prefix("CREATE TABLE ")
            .and_then(|rest| rest.split(' ').next());
        let key = match table {
            Some("idempotency") => "scope",
            // The count of messages, which is taken away later on, is nobody's theater either.
            Some("messages_sent") | None => {
                writeln!(out, "{statement};").unwrap();
                continue;
            }
            Some(_) => "theater",
        };
        let table = table.unwrap_or_default();
        let bare = statement
            .split(" WITH (fillfactor")
            .next()
            .unwrap_or_default();
        writeln!(out, "{bare} PARTITION BY HASH ({key});").unwrap();
        for part in 0..PARTITIONS {
            let rest = format!("WITH (MODULUS {PARTITIONS}, REMAINDER {part})");
            writeln!(
                out,
                "CREATE TABLE {table}_p{part} PARTITION OF {table} FOR VALUES {rest};"
            )
            .unwrap();
        }
    }
    out
}

/// A value of a type; plans are made with it, nothing is executed.
fn some(kind: &str) -> &'static str {
    match kind {
        "bytea" => "'\\x01010101010101010101010101010101'::bytea",
        "bytea[]" => "ARRAY['\\x01010101010101010101010101010101'::bytea]",
        "integer[]" => "'{1}'::int[]",
        "bigint[]" => "'{1}'::bigint[]",
        "text[]" => "'{a}'::text[]",
        "boolean[]" => "'{t}'::bool[]",
        "bigint" => "1::bigint",
        other => panic!("a parameter of type {other}"),
    }
}

#[test]
fn each_statement_touches_one_partition() {
    let server = postgres::Postgres::shared();
    server.database("partitioned");
    server.sql("partitioned", &partitioned());
    let settings = format!(
        "{}; SET plan_cache_mode = 'force_custom_plan'",
        crate::connect::LANE
    );
    let records = ("records", statements::RECORDS);
    let all = statements::HOT
        .iter()
        .chain(crate::bookings::read::HOT)
        .chain([&records]);
    let mut looked_at = 0;
    for (name, sql) in all {
        let kinds = server.sql(
            "partitioned",
            &format!(
                "PREPARE it AS {sql}; SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = 'it'"
            ),
        );
        let values: Vec<_> = kinds.lines().map(some).collect();
        let plan = server.sql(
            "partitioned",
            &format!(
                "{settings}; PREPARE it AS {sql}; EXPLAIN (COSTS OFF) EXECUTE it({})",
                values.join(", ")
            ),
        );
        let parts = partitions(&plan);
        for (table, parts) in &parts {
            assert_eq!(
                parts.len(),
                1,
                "{name} touches {parts:?} of {table}:\n{plan}"
            );
        }
        let shards: BTreeSet<_> = parts.values().flatten().collect();
        assert!(
            shards.len() <= 1,
            "{name} touches the shards {shards:?}:\n{plan}"
        );
        assert!(!plan.contains("Seq Scan"), "{name} scans:\n{plan}");
        looked_at += parts.len();
    }
    assert!(
        looked_at >= 25,
        "the plans name too few partitions: {looked_at}"
    );
}

/// Which partitions of which table a plan names.
fn partitions(plan: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for word in plan.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if let Some((table, part)) = word.rsplit_once("_p")
            && !part.is_empty()
            && part.chars().all(|c| c.is_ascii_digit())
        {
            found
                .entry(table.to_owned())
                .or_default()
                .insert(part.to_owned());
        }
    }
    found
}
