//! Staff on SQLite: who works where, what they changed, and seats they block.

use crate::{
    SqliteStore,
    bookings::idempotency,
    catalog::rows::{damaged, time},
    columns::micros,
    failure::OrStoreError as _,
    writer::Tx,
};
use async_trait::async_trait;
use matinee_domain::{
    ids::{TheaterId, UserId},
    seat_map::SeatNo,
    staff::StaffRole,
};
use matinee_store::{
    StaffStore, StoreError,
    feed::SeatState,
    staff::{AuditEntry, BlockOutcome, BlockSeats, EntryId, SetStaff, StaffOutcome, StaffRow},
};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<StaffRole> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse()
        .map_err(|error| damaged(column, Type::Text, error))
}

fn role_of(
    conn: &Connection,
    theater: TheaterId,
    user: UserId,
) -> rusqlite::Result<Option<StaffRole>> {
    conn.prepare_cached("SELECT role FROM staff WHERE theater = ?1 AND user = ?2")?
        .query_row(params![theater.as_bytes(), user.as_bytes()], |row| {
            role(row, 0)
        })
        .optional()
}

/// Writes what was changed, with the change.
pub(crate) fn write_audit(conn: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO audit (theater, entry, at, actor, action, object, old_state, new_state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        entry.theater_id.as_bytes(),
        entry.entry,
        micros(entry.at),
        entry.actor.map(|user| *user.as_bytes()),
        entry.action,
        entry.object,
        entry.before,
        entry.after
    ])?;
    Ok(())
}

fn exists(conn: &Connection, sql: &str, key: &[u8; 16]) -> rusqlite::Result<bool> {
    conn.prepare_cached(sql)?.exists([key])
}

fn set(conn: &Connection, set: &SetStaff) -> rusqlite::Result<StaffOutcome> {
    let theater = set.audit.theater_id;
    let there = exists(
        conn,
        "SELECT 1 FROM theaters WHERE theater = ?1",
        theater.as_bytes(),
    )? && exists(
        conn,
        "SELECT 1 FROM users WHERE user = ?1",
        set.user_id.as_bytes(),
    )?;
    let before = role_of(conn, theater, set.user_id)?;
    if !there || (before.is_none() && set.role.is_none()) {
        return Ok(StaffOutcome::Missing);
    }
    if before == set.role {
        return Ok(StaffOutcome::Unchanged);
    }
    if before == Some(StaffRole::Owner) {
        let owners: i64 = conn
            .prepare_cached("SELECT count(*) FROM staff WHERE theater = ?1 AND role = 'owner'")?
            .query_row([theater.as_bytes()], |row| row.get(0))?;
        if owners < 2 {
            return Ok(StaffOutcome::LastOwner);
        }
    }
    let (theater_key, user_key) = (theater.as_bytes(), set.user_id.as_bytes());
    match set.role {
        Some(role) => conn
            .prepare_cached(
                "INSERT INTO staff (theater, user, role, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (theater, user) DO UPDATE SET role = excluded.role, since = excluded.since",
            )?
            .execute(params![theater_key, user_key, role.as_str(), micros(set.audit.at)])?,
        None => conn
            .prepare_cached("DELETE FROM staff WHERE theater = ?1 AND user = ?2")?
            .execute(params![theater_key, user_key])?,
    };
    let state = |role: Option<StaffRole>| role.map(|role| format!("{{\"role\":\"{role}\"}}"));
    let entry = AuditEntry {
        before: state(before),
        after: state(set.role),
        ..set.audit.clone()
    };
    write_audit(conn, &entry)?;
    Ok(StaffOutcome::Done)
}

/// An entry with who it was: name and e-mail, while the account is there.
fn entry(row: &Row<'_>) -> rusqlite::Result<(AuditEntry, Option<(String, String)>)> {
    let actor: Option<[u8; 16]> = row.get(3)?;
    let email: Option<String> = row.get(8)?;
    let name: Option<String> = row.get(9)?;
    let entry = AuditEntry {
        theater_id: TheaterId::from_bytes(row.get(0)?),
        entry: row.get(1)?,
        at: time(row, 2)?,
        actor: actor.map(UserId::from_bytes),
        action: row.get(4)?,
        object: row.get(5)?,
        before: row.get(6)?,
        after: row.get(7)?,
    };
    Ok((entry, email.map(|email| (name.unwrap_or_default(), email))))
}

/// The seats among these that are in the way of blocking, and those still to be blocked.
fn sorted_out(tx: &Tx<'_>, block: &BlockSeats) -> Result<(Vec<SeatNo>, Vec<SeatNo>), StoreError> {
    let theater = block.show_id.theater();
    let mut find =
        tx.prepare("SELECT state FROM seats WHERE theater = ?1 AND show = ?2 AND seat = ?3")?;
    let (mut taken, mut to_change) = (Vec::new(), Vec::new());
    for seat in &block.seats {
        let key = params![theater.as_bytes(), block.show_id.own(), seat.0];
        let state: Option<i64> = find.query_row(key, |row| row.get(0)).optional().db()?;
        match (state, block.blocked) {
            (Some(state), _) if state != SeatState::Blocked.code() => taken.push(*seat),
            (None, true) | (Some(_), false) => to_change.push(*seat),
            _ => {}
        }
    }
    Ok((taken, to_change))
}

fn block(tx: &mut Tx<'_>, block: &BlockSeats) -> Result<BlockOutcome, StoreError> {
    if let Some(found) = idempotency::earlier(tx, block.idempotency.as_ref())? {
        return Ok(BlockOutcome::Repeated(found));
    }
    let show = block.show_id;
    match tx.seating(show)? {
        None => return Ok(BlockOutcome::NoShow),
        Some(seating) if seating != block.seating => return Ok(BlockOutcome::ShowMoved),
        Some(_) => {}
    }
    let (taken, to_change) = sorted_out(tx, block)?;
    if !taken.is_empty() {
        return Ok(BlockOutcome::Taken(taken));
    }
    let theater = show.theater();
    let (from, to, sql) = if block.blocked {
        let insert = "INSERT INTO seats (theater, show, seat, state) VALUES (?1, ?2, ?3, 3)";
        (SeatState::Available, SeatState::Blocked, insert)
    } else {
        let delete =
            "DELETE FROM seats WHERE theater = ?1 AND show = ?2 AND seat = ?3 AND state = 3";
        (SeatState::Blocked, SeatState::Available, delete)
    };
    for seat in &to_change {
        tx.prepare(sql)?
            .execute(params![theater.as_bytes(), show.own(), seat.0])
            .db()?;
        tx.seat_changed(show, *seat, from, to)?;
    }
    if !to_change.is_empty() {
        write_audit(tx.conn(), &block.audit).db()?;
    }
    if let Some(record) = &block.idempotency {
        idempotency::insert(tx, record)?;
    }
    let changed = to_change.len() as u16;
    Ok(BlockOutcome::Done { changed })
}

#[async_trait]
impl StaffStore for SqliteStore {
    async fn staff_of(&self, theater_id: TheaterId) -> Result<Vec<StaffRow>, StoreError> {
        const SQL: &str = "SELECT u.user, u.email, u.profile ->> 'name', s.role, s.since
             FROM staff AS s JOIN users AS u ON u.user = s.user WHERE s.theater = ?1
             ORDER BY s.role <> 'owner', u.profile ->> 'name', u.user";
        self.read_here(|conn| {
            let mut statement = conn.prepare_cached(SQL).db()?;
            let rows = statement.query_map([theater_id.as_bytes()], |row| {
                Ok(StaffRow {
                    user_id: UserId::from_bytes(row.get(0)?),
                    email: row.get(1)?,
                    name: row.get(2)?,
                    role: role(row, 3)?,
                    since: time(row, 4)?,
                })
            });
            rows.db()?.collect::<rusqlite::Result<_>>().db()
        })
        .await
    }

    async fn staff_role(
        &self,
        theater_id: TheaterId,
        user_id: UserId,
    ) -> Result<Option<StaffRole>, StoreError> {
        self.read_here(|conn| role_of(conn, theater_id, user_id).db())
            .await
    }

    async fn theaters_of(
        &self,
        user_id: UserId,
    ) -> Result<Vec<(TheaterId, StaffRole)>, StoreError> {
        const SQL: &str = "SELECT theater, role FROM staff WHERE user = ?1 ORDER BY theater";
        self.read_here(|conn| {
            let mut statement = conn.prepare_cached(SQL).db()?;
            let rows = statement.query_map([user_id.as_bytes()], |row| {
                Ok((TheaterId::from_bytes(row.get(0)?), role(row, 1)?))
            });
            rows.db()?.collect::<rusqlite::Result<_>>().db()
        })
        .await
    }

    async fn set_staff(&self, change: SetStaff) -> Result<StaffOutcome, StoreError> {
        self.write(move |tx| set(tx.conn(), &change).db()).await
    }

    async fn audit_of(
        &self,
        theater_id: TheaterId,
        before: Option<EntryId>,
        limit: u16,
    ) -> Result<Vec<(AuditEntry, Option<(String, String)>)>, StoreError> {
        const SQL: &str = "SELECT a.theater, a.entry, a.at, a.actor, a.action, a.object, a.old_state, a.new_state,
               u.email, u.profile ->> 'name'
             FROM audit AS a LEFT JOIN users AS u ON u.user = a.actor
             WHERE a.theater = ?1 AND a.entry < ?2 ORDER BY a.entry DESC LIMIT ?3";
        // Above every id: one byte more than any has.
        let before = before.map_or_else(|| vec![0xFF; 23], |entry| entry.to_vec());
        self.read_here(|conn| {
            let mut statement = conn.prepare_cached(SQL).db()?;
            let rows = statement.query_map(params![theater_id.as_bytes(), before, limit], entry);
            rows.db()?.collect::<rusqlite::Result<_>>().db()
        })
        .await
    }

    async fn block_seats(&self, seats: BlockSeats) -> Result<BlockOutcome, StoreError> {
        self.write(move |tx| block(tx, &seats)).await
    }
}
