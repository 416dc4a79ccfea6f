//! What the tables of theaters and movies share: each row has a name, a text to search in and the object itself, and
//! lists of them are ordered as the server orders them.

use super::{
    Cache, CacheError, from_body,
    search::{folded, typed_words},
    to_body,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Display;

/// What is listed by name and found by words.
pub(crate) trait Listed: Serialize + DeserializeOwned + Send + 'static {
    const TABLE: &'static str;
    /// The column of its id.
    const KEY: &'static str;
    type Id: Copy + Ord + Display + Send + 'static;

    fn id(&self) -> Self::Id;
    fn name(&self) -> &str;
    /// All that a search looks into.
    fn words(&self) -> Vec<&str>;
    /// Itself without what follows from other tables.
    fn kept(&self) -> Self;
}

/// As lists are ordered: by name whatever its case, then by id in the order of its bytes, which is not that of its text.
pub(crate) fn list_order<T: Listed>(one: &T) -> (String, T::Id) {
    (one.name().to_ascii_lowercase(), one.id())
}

pub(super) fn write<T: Listed>(
    transaction: &Transaction<'_>,
    all: &[T],
    generation: i64,
) -> Result<(), CacheError> {
    let mut statement = transaction.prepare_cached(&format!(
        "INSERT OR REPLACE INTO {} ({}, name, search, generation, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        T::TABLE,
        T::KEY
    ))?;
    for one in all {
        statement.execute(params![
            one.id().to_string(),
            one.name(),
            folded(one.words()),
            generation,
            to_body(&one.kept(), T::TABLE)?
        ])?;
    }
    Ok(())
}

pub(super) fn one<T: Listed>(connection: &Connection, id: T::Id) -> Result<Option<T>, CacheError> {
    let sql = format!("SELECT body FROM {} WHERE {} = ?1", T::TABLE, T::KEY);
    let body: Option<String> = connection
        .prepare_cached(&sql)?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    body.map(|body| from_body(&body, T::TABLE)).transpose()
}

impl Cache {
    pub(super) async fn listed<T: Listed>(&self, id: T::Id) -> Result<Option<T>, CacheError> {
        self.run(move |connection| one(connection, id)).await
    }

    /// Every one with all the words typed, by name.
    pub(super) async fn found<T: Listed>(
        &self,
        typed: Option<String>,
    ) -> Result<Vec<T>, CacheError> {
        let unreadable = |_| CacheError::Row(T::TABLE);
        self.run(move |connection| {
            let words = typed_words(typed.as_deref());
            let sql = format!("SELECT search, body FROM {}", T::TABLE);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let search = row.get_ref(0)?.as_str().map_err(unreadable)?;
                if words.iter().all(|word| search.contains(word)) {
                    let body = row.get_ref(1)?.as_str().map_err(unreadable)?;
                    found.push(from_body(body, T::TABLE)?);
                }
            }
            found.sort_by_cached_key(list_order::<T>);
            Ok(found)
        })
        .await
    }
}
