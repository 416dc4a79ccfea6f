//! The side of a move from another engine that is moved to: one transaction takes the schema's steps, every row, the
//! comparison and the checks, so that nothing of it is there for anybody until all of it is right.
//!
//! A move that is killed leaves nothing. The database has to be empty, and nobody else may be connected to it: a server
//! that runs on an empty database has keys in memory that the moved ones would replace.

use super::verify;
use crate::{
    columns::Columns as _,
    connect::{self, Connection, Purpose},
    failure::OrStoreError as _,
    migrations,
};
use bytes::{BufMut as _, BytesMut};
use chrono::{DateTime, Utc};
use matinee_store::{
    StoreError,
    moving::{CAME_NOTE, Content, Kind, LEFT_NOTE, Row, TABLES, Table, Value},
    verify::VerifyReport,
};
use std::{error::Error, pin::pin, time::Duration};
use tokio::sync::mpsc::Receiver;
use tokio_postgres::{
    binary_copy::BinaryCopyInWriter,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

/// Rows of one statement: what it keeps in memory until its end (references to be checked) stays small.
const ROWS_OF_A_COPY: u64 = 50_000;
/// How often it is looked whether others are still connected, and how long between.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Rows read back at a time.
const ROWS_READ: u32 = 2_000;

/// What is in the database that shall be moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum There {
    /// Nothing that anybody would miss.
    Empty,
    /// What a move brought, this one.
    Came(String),
    /// Data of its own.
    Data,
}

/// A transaction on a database that nobody else uses. Dropped, it leaves nothing.
pub struct Arrival {
    conn: Connection,
}

impl Arrival {
    /// Connects, takes the database for itself, and the steps of the schema that are missing.
    pub async fn begin(url: &str) -> Result<Self, StoreError> {
        let address = connect::parse(url)?;
        let pool = connect::pool(&address, 1, Purpose::Anything)?;
        let conn = Connection::of(&pool).await?;
        alone(&conn).await?;
        conn.begin("BEGIN").await?;
        // A large table takes its time. A program that is gone is noticed all the same.
        let patience = "SET LOCAL statement_timeout = 0; SET LOCAL plan_cache_mode = 'auto'";
        conn.client().batch_execute(patience).await.db()?;
        migrations::take(&conn).await?;
        // Servers that start now wait, and give up.
        let lock = format!(
            "LOCK TABLE migrations, leases, {} IN ACCESS EXCLUSIVE MODE",
            names()
        );
        conn.client().batch_execute(&lock).await.db()?;
        // Nobody came in between, who would go on with what was there.
        alone(&conn).await?;
        Ok(Self { conn })
    }

    /// What is there.
    pub async fn there(&self) -> Result<There, StoreError> {
        if let Some(by) = self.note(CAME_NOTE).await? {
            return Ok(There::Came(by));
        }
        // A server that only started once leaves these; they tell nothing of anybody.
        let own = ["sync_head", "notes", "secret_keys"];
        let tables = TABLES.iter().filter(|table| !own.contains(&table.name));
        let any: Vec<_> = tables
            .map(|table| format!("EXISTS (SELECT 1 FROM {})", table.name))
            .collect();
        let sql = format!("SELECT {}", any.join(" OR "));
        let any: bool = self
            .conn
            .client()
            .query_one(&sql, &[])
            .await
            .db()?
            .value(0)?;
        Ok(if any { There::Data } else { There::Empty })
    }

    /// Makes room: only to be called on an empty database.
    pub async fn clear(&self) -> Result<(), StoreError> {
        let sql =
            "DELETE FROM sync_head; DELETE FROM notes; DELETE FROM secret_keys; DELETE FROM leases";
        self.conn.client().batch_execute(sql).await.db()
    }

    /// Writes rows as they come, until there are no more.
    pub async fn take(
        &self,
        table: &Table,
        mut rows: Receiver<Vec<Row>>,
    ) -> Result<(), StoreError> {
        let names: Vec<_> = table
            .columns
            .iter()
            .map(|column| quoted(column.name))
            .collect();
        let sql = format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            table.name,
            names.join(", ")
        );
        let types: Vec<_> = table
            .columns
            .iter()
            .map(|column| kept_as(column.kind))
            .collect();
        let mut next = rows.recv().await;
        while next.is_some() {
            let sink = self.conn.client().copy_in(&sql).await.db()?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
            let mut written = 0;
            while let Some(part) = next.take() {
                written += part.len() as u64;
                for row in &part {
                    writer.as_mut().write_raw(row.iter().map(Kept)).await.db()?;
                }
                next = rows.recv().await;
                if written >= ROWS_OF_A_COPY {
                    break;
                }
            }
            writer.as_mut().finish().await.db()?;
        }
        Ok(())
    }

    /// Reads a table back.
    pub async fn content(&self, table: &Table) -> Result<Content, StoreError> {
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| match column.kind {
                Kind::Json => format!("{}::text", quoted(column.name)),
                _ => quoted(column.name),
            })
            .collect();
        // What a move notes about itself is of one side only.
        let only = if table.name == "notes" {
            format!(" WHERE name NOT IN ('{LEFT_NOTE}', '{CAME_NOTE}')")
        } else {
            String::new()
        };
        let sql = format!(
            "DECLARE moved NO SCROLL CURSOR FOR SELECT {} FROM {}{only}",
            columns.join(", "),
            table.name
        );
        let client = self.conn.client();
        client.batch_execute(&sql).await.db()?;
        let fetch = client
            .prepare(&format!("FETCH {ROWS_READ} FROM moved"))
            .await
            .db()?;
        let mut content = Content::default();
        loop {
            let rows = client.query(&fetch, &[]).await.db()?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                content.add(&read(row, table)?);
            }
        }
        client.batch_execute("CLOSE moved").await.db()?;
        Ok(content)
    }

    /// Checks every invariant of what is there now.
    pub async fn verify(&self, now: DateTime<Utc>) -> Result<VerifyReport, StoreError> {
        // Plans made for empty tables would take forever on full ones.
        self.conn.client().batch_execute("ANALYZE").await.db()?;
        verify::verify(&self.conn, now).await
    }

    /// Makes it all there, with the name of the move.
    pub async fn complete(self, by: &str) -> Result<(), StoreError> {
        self.set_note(CAME_NOTE, by).await?;
        self.conn.commit_unhurried().await
    }

    /// Empties a database that a move filled, down to the bare tables' absence: it can be moved to again.
    pub async fn give_up(self) -> Result<(), StoreError> {
        let sql = format!("DROP TABLE migrations, leases, {}", names());
        self.conn.client().batch_execute(&sql).await.db()?;
        self.conn.commit_unhurried().await
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM notes WHERE name = $1";
        let row = self.conn.client().query_opt(sql, &[&name]).await.db()?;
        row.map(|row| row.value(0)).transpose()
    }

    async fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO notes (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.conn
            .client()
            .execute(sql, &[&name, &value])
            .await
            .db()?;
        Ok(())
    }
}

/// Nobody else is connected; whoever is about to leave is waited for a moment.
async fn alone(conn: &Connection) -> Result<(), StoreError> {
    // Those without a user are PostgreSQL's own.
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND usesysid IS NOT NULL";
    let mut left = LOOKS;
    loop {
        // Within a transaction it would show the same for ever.
        let fresh = "SELECT pg_stat_clear_snapshot()";
        conn.client().batch_execute(fresh).await.db()?;
        let others = conn.client().query_one(sql, &[]).await.db()?.count(0)?;
        if others == 0 {
            return Ok(());
        }
        left -= 1;
        if left == 0 {
            return Err(StoreError::Unavailable(format!(
                "{others} others are connected to it: stop the servers (and other programs) on it first. Nothing was \
                 changed"
            )));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

fn names() -> String {
    let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    names.join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// PostgreSQL's type for a kind of column.
fn kept_as(kind: Kind) -> Type {
    match kind {
        Kind::Number => Type::INT8,
        Kind::Small => Type::INT4,
        Kind::Flag => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Json => Type::JSON,
        Kind::Bytes | Kind::Sheet => Type::BYTEA,
    }
}

/// A value on its way into a column.
#[derive(Debug)]
struct Kept<'v>(&'v Value);

impl ToSql for Kept<'_> {
    fn to_sql(
        &self,
        kept_as: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Number(number) if *kept_as == Type::INT4 => out.put_i32(i32::try_from(*number)?),
            Value::Number(number) if *kept_as == Type::BOOL => out.put_u8(u8::from(*number != 0)),
            Value::Number(number) => out.put_i64(*number),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.put_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn read(row: &tokio_postgres::Row, table: &Table) -> Result<Row, StoreError> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(at, column)| {
            let there = match column.kind {
                Kind::Number => row.value::<Option<i64>>(at)?.map(Value::Number),
                Kind::Small => row
                    .value::<Option<i32>>(at)?
                    .map(|number| Value::Number(number.into())),
                Kind::Flag => row
                    .value::<Option<bool>>(at)?
                    .map(|flag| Value::Number(flag.into())),
                Kind::Text | Kind::Json => row.value::<Option<String>>(at)?.map(Value::Text),
                Kind::Bytes | Kind::Sheet => row.value::<Option<Vec<u8>>>(at)?.map(Value::Bytes),
            };
            Ok(there.unwrap_or(Value::Null))
        })
        .collect()
}
