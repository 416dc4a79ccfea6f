//! What a move relies on: that its list of tables is the schema, and that it is alone.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;

use matinee_store::{
    Maintenance as _,
    feed::NoFeed,
    moving::{Kind, TABLES},
};
use matinee_store_postgres::{Arrival, PostgresOptions, PostgresStore, There};
use postgres::Postgres;
use std::sync::Arc;

fn kept_as(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "bigint",
        Kind::Small => "integer",
        Kind::Flag => "boolean",
        Kind::Text => "text",
        Kind::Json => "json",
        Kind::Bytes | Kind::Sheet => "bytea",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_moves_and_nobody_is_in_the_way() {
    let postgres = Postgres::shared();
    let url = postgres.database("to_move_to");
    // Dropped before its end, a move leaves not even tables.
    let begun = Arrival::begin(&url).await.unwrap();
    assert_eq!(begun.there().await.unwrap(), There::Empty);
    drop(begun);
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(postgres.sql("to_move_to", tables).trim(), "0");

    let store = PostgresStore::open(PostgresOptions::new(&*url, Arc::new(NoFeed)));
    let store = store.await.unwrap();
    let refused = Arrival::begin(&url).await.err().unwrap().to_string();
    assert!(refused.contains("stop the servers"), "{refused}");
    store.set_note("mine", "x").await.unwrap();
    store.close().await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'to_move_to'";
    while postgres.sql("postgres", others).trim() != "0" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let begun = Arrival::begin(&url).await.unwrap();
    assert_eq!(
        begun.there().await.unwrap(),
        There::Empty,
        "keys and notes only"
    );
    begun.complete("a move").await.unwrap();
    let again = Arrival::begin(&url).await.unwrap();
    assert_eq!(again.there().await.unwrap(), There::Came("a move".into()));
    drop(again);

    let columns = "SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name NOT IN ('migrations', 'leases')";
    let there = postgres.sql("to_move_to", columns);
    let mut there: Vec<_> = there.lines().map(ToOwned::to_owned).collect();
    let listed = TABLES.iter().flat_map(|table| {
        let columns = table.columns.iter();
        columns.map(|column| format!("{}.{} {}", table.name, column.name, kept_as(column.kind)))
    });
    let mut listed: Vec<_> = listed.collect();
    there.sort();
    listed.sort();
    assert_eq!(there, listed);
}
