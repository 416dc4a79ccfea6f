//! Many statements in one round trip.
//!
//! The client sends a statement when its future is first polled and PostgreSQL answers in order, so polling all
//! futures once, in order, puts all statements on the wire before the first answer is waited for. Once a list was
//! begun it runs on the server to its end, also when nobody waits for it any more: a list that begins a transaction
//! also ends it.

use crate::{connect::Connection, failure::OrStoreError};
use matinee_store::StoreError;
use std::{future::poll_fn, pin::Pin, task::Poll};
use tokio_postgres::{Error, Row, Statement, types::ToSql};

/// A parameter, kept until the statement is sent.
pub(crate) type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A statement with its parameters.
pub(crate) struct Call<'a> {
    pub(crate) sql: &'static str,
    params: Vec<Param<'a>>,
}

impl<'a> Call<'a> {
    /// A statement without parameters.
    pub(crate) fn new(sql: &'static str) -> Self {
        let params = Vec::new();
        Self { sql, params }
    }

    /// Adds the next parameter.
    pub(crate) fn with(mut self, param: impl ToSql + Sync + Send + 'a) -> Self {
        self.params.push(Box::new(param));
        self
    }
}

/// Runs all in one round trip (and one for each statement that this connection has not prepared yet). The results are
/// in order; inside a transaction those after a failed one fail too.
pub(crate) async fn run(
    conn: &Connection,
    calls: &[Call<'_>],
) -> Result<Vec<Result<Vec<Row>, Error>>, StoreError> {
    let mut statements = Vec::with_capacity(calls.len());
    for call in calls {
        statements.push(conn.prepared(call.sql).await.db()?);
    }
    let mut flights: Vec<_> = calls
        .iter()
        .zip(&statements)
        .map(|(call, statement)| Flight::Open(Box::pin(query(conn, statement, &call.params))))
        .collect();
    poll_fn(|context| {
        let mut all = true;
        for flight in &mut flights {
            if let Flight::Open(future) = flight {
                match future.as_mut().poll(context) {
                    Poll::Ready(result) => *flight = Flight::Landed(result),
                    Poll::Pending => all = false,
                }
            }
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    Ok(flights.into_iter().filter_map(Flight::result).collect())
}

/// The same for reads: the rows of each, or the first error.
pub(crate) async fn read(
    conn: &Connection,
    calls: &[Call<'_>],
) -> Result<Vec<Vec<Row>>, StoreError> {
    run(conn, calls)
        .await?
        .into_iter()
        .map(OrStoreError::db)
        .collect()
}

async fn query(
    conn: &Connection,
    statement: &Statement,
    params: &[Param<'_>],
) -> Result<Vec<Row>, Error> {
    let params: Vec<&(dyn ToSql + Sync)> = params
        .iter()
        .map(|param| &**param as &(dyn ToSql + Sync))
        .collect();
    conn.client().query(statement, &params).await
}

enum Flight<'f> {
    Open(Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'f>>),
    Landed(Result<Vec<Row>, Error>),
}

impl Flight<'_> {
    /// The result; there is one once the list has run.
    fn result(self) -> Option<Result<Vec<Row>, Error>> {
        match self {
            Self::Open(_) => None,
            Self::Landed(result) => Some(result),
        }
    }
}
