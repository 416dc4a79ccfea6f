//! Staff on PostgreSQL: who works where and what they changed. Seats they block go through the lanes, like any seat.

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, micros, text},
    connect::Connection,
    lanes::Unit,
    pipeline::{self, Call},
};
use async_trait::async_trait;
use matinee_domain::{
    ids::{TheaterId, UserId},
    staff::StaffRole,
};
use matinee_store::{
    StaffStore, StoreError,
    staff::{AuditEntry, BlockOutcome, BlockSeats, EntryId, SetStaff, StaffOutcome, StaffRow},
};
use tokio_postgres::Row;

fn role(row: &Row, column: usize) -> Result<StaffRole, StoreError> {
    row.text(column)?.parse().map_err(damaged)
}

async fn rows(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

async fn role_of(
    conn: &Connection,
    theater: TheaterId,
    user: UserId,
) -> Result<Option<StaffRole>, StoreError> {
    let sql = "SELECT role FROM staff WHERE theater = $1 AND \"user\" = $2";
    let call = Call::new(sql)
        .with(theater.as_bytes().to_vec())
        .with(user.as_bytes().to_vec());
    let found = rows(conn, call).await?;
    found.first().map(|row| role(row, 0)).transpose()
}

/// Writes what was changed, in the transaction of the change.
pub(crate) async fn write_audit(conn: &Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (theater, entry, at, actor, action, object, old_state, new_state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7::text::json, $8::text::json)";
    let call = Call::new(sql)
        .with(&entry.theater_id.as_bytes()[..])
        .with(&entry.entry[..])
        .with(micros(entry.at))
        .with(entry.actor.map(|user| user.as_bytes().to_vec()))
        .with(text(&entry.action))
        .with(text(&entry.object))
        .with(entry.before.as_deref())
        .with(entry.after.as_deref());
    rows(conn, call).await?;
    Ok(())
}

async fn set(conn: &Connection, set: &SetStaff) -> Result<StaffOutcome, StoreError> {
    let theater = &set.audit.theater_id.as_bytes()[..];
    let user = &set.user_id.as_bytes()[..];
    // Two who take owners away at once come one after the other.
    let lock = "SELECT 1 FROM theaters WHERE theater = $1 FOR UPDATE";
    let there = !rows(conn, Call::new(lock).with(theater)).await?.is_empty();
    let account = "SELECT 1 FROM users WHERE \"user\" = $1 FOR KEY SHARE";
    let there = there && !rows(conn, Call::new(account).with(user)).await?.is_empty();
    let before = role_of(conn, set.audit.theater_id, set.user_id).await?;
    if !there || (before.is_none() && set.role.is_none()) {
        return Ok(StaffOutcome::Missing);
    }
    if before == set.role {
        return Ok(StaffOutcome::Unchanged);
    }
    if before == Some(StaffRole::Owner) {
        let owners = "SELECT 1 FROM staff WHERE theater = $1 AND role = 'owner' LIMIT 2";
        if rows(conn, Call::new(owners).with(theater)).await?.len() < 2 {
            return Ok(StaffOutcome::LastOwner);
        }
    }
    let call = match set.role {
        Some(role) => Call::new(
            "INSERT INTO staff (theater, \"user\", role, since) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (theater, \"user\") DO UPDATE SET role = excluded.role, since = excluded.since",
        )
        .with(theater)
        .with(user)
        .with(role.as_str())
        .with(micros(set.audit.at)),
        None => Call::new("DELETE FROM staff WHERE theater = $1 AND \"user\" = $2")
            .with(theater)
            .with(user),
    };
    rows(conn, call).await?;
    let state = |role: Option<StaffRole>| role.map(|role| format!("{{\"role\":\"{role}\"}}"));
    let entry = AuditEntry {
        before: state(before),
        after: state(set.role),
        ..set.audit.clone()
    };
    write_audit(conn, &entry).await?;
    Ok(StaffOutcome::Done)
}

/// An entry with who it was: name and e-mail, while the account is there.
fn entry(row: &Row) -> Result<(AuditEntry, Option<(String, String)>), StoreError> {
    let email: Option<String> = row.value(8)?;
    let name: Option<String> = row.value(9)?;
    let entry = AuditEntry {
        theater_id: TheaterId::from_bytes(row.bytes(0)?),
        entry: row.bytes(1)?,
        at: row.time(2)?,
        actor: row.optional_bytes(3)?.map(UserId::from_bytes),
        action: row.value(4)?,
        object: row.value(5)?,
        before: row.value(6)?,
        after: row.value(7)?,
    };
    Ok((entry, email.map(|email| (name.unwrap_or_default(), email))))
}

#[async_trait]
impl StaffStore for PostgresStore {
    async fn staff_of(&self, theater_id: TheaterId) -> Result<Vec<StaffRow>, StoreError> {
        let sql = "SELECT u.\"user\", u.email, u.profile ->> 'name', s.role, s.since \
             FROM staff AS s JOIN users AS u ON u.\"user\" = s.\"user\" WHERE s.theater = $1 \
             ORDER BY s.role <> 'owner', u.profile ->> 'name' COLLATE \"C\", u.\"user\"";
        let call = Call::new(sql).with(theater_id.as_bytes().to_vec());
        let read = |row: &Row| {
            Ok(StaffRow {
                user_id: UserId::from_bytes(row.bytes(0)?),
                email: row.value(1)?,
                name: row.value(2)?,
                role: role(row, 3)?,
                since: row.time(4)?,
            })
        };
        let found = rows(&self.connection().await?, call).await?;
        found.iter().map(read).collect()
    }

    async fn staff_role(
        &self,
        theater_id: TheaterId,
        user_id: UserId,
    ) -> Result<Option<StaffRole>, StoreError> {
        role_of(&self.connection().await?, theater_id, user_id).await
    }

    async fn theaters_of(
        &self,
        user_id: UserId,
    ) -> Result<Vec<(TheaterId, StaffRole)>, StoreError> {
        let sql = "SELECT theater, role FROM staff WHERE \"user\" = $1 ORDER BY theater";
        let call = Call::new(sql).with(user_id.as_bytes().to_vec());
        let found = rows(&self.connection().await?, call).await?;
        let read = |row: &Row| Ok((TheaterId::from_bytes(row.bytes(0)?), role(row, 1)?));
        found.iter().map(read).collect()
    }

    async fn set_staff(&self, change: SetStaff) -> Result<StaffOutcome, StoreError> {
        let change = &change;
        self.write(|conn| async move { set(&conn, change).await })
            .await
    }

    async fn audit_of(
        &self,
        theater_id: TheaterId,
        before: Option<EntryId>,
        limit: u16,
    ) -> Result<Vec<(AuditEntry, Option<(String, String)>)>, StoreError> {
        let sql = "SELECT a.theater, a.entry, a.at, a.actor, a.action, a.object, a.old_state::text, a.new_state::text, \
               u.email, u.profile ->> 'name' \
             FROM audit AS a LEFT JOIN users AS u ON u.\"user\" = a.actor \
             WHERE a.theater = $1 AND a.entry < $2 ORDER BY a.entry DESC LIMIT $3";
        // Above every id: one byte more than any has.
        let before = before.map_or_else(|| vec![0xFF; 23], |entry| entry.to_vec());
        let call = Call::new(sql)
            .with(theater_id.as_bytes().to_vec())
            .with(before)
            .with(i64::from(limit));
        let found = rows(&self.connection().await?, call).await?;
        found.iter().map(entry).collect()
    }

    async fn block_seats(&self, block: BlockSeats) -> Result<BlockOutcome, StoreError> {
        let show = block.show_id;
        self.lanes()?
            .run(show, |reply| Unit::Block(Box::new(block), reply))
            .await
    }
}
