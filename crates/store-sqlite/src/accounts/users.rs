//! People: adding, finding, changing and erasing them.

use crate::{
    catalog::rows::{damaged, from_json, time, to_json},
    columns::micros,
};
use matinee_domain::ids::UserId;
use matinee_store::accounts::{PasswordBy, ProfileData, Role, UserRow};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

/// What makes an e-mail unique: spelling does not matter, spaces around it neither.
fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The text of a role.
const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Admin => "admin",
    }
}

/// A column with the text of a role.
pub(super) fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    match row.get_ref(column)?.as_str()? {
        "customer" => Ok(Role::Customer),
        "admin" => Ok(Role::Admin),
        _ => Err(damaged(column, Type::Text, "not a role")),
    }
}

const COLUMNS: &str =
    "user, email, email_verified, password_hash, role, profile, profile_version, created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        user_id: UserId::from_bytes(row.get(0)?),
        email: row.get(1)?,
        email_verified: row.get(2)?,
        password_hash: row.get(3)?,
        role: role(row, 4)?,
        profile: from_json(row, 5)?,
        profile_version: row.get::<_, i64>(6)?.unsigned_abs(),
        created_at: time(row, 7)?,
    })
}

/// Adds a user; false when the e-mail is taken.
pub(super) fn add(conn: &Connection, user: &UserRow) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached(
            "INSERT INTO users (user, email, email_folded, email_verified, password_hash, role, profile,
               profile_version, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (email_folded) DO NOTHING",
        )?
        .execute(params![
            user.user_id.as_bytes(),
            user.email.trim(),
            fold(&user.email),
            user.email_verified,
            user.password_hash,
            role_text(user.role),
            to_json(&user.profile)?,
            user.profile_version.max(1) as i64,
            micros(user.created_at)
        ])?;
    Ok(added > 0)
}

/// Whether anybody is an administrator.
pub(super) fn has_admin(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM users WHERE role = 'admin' LIMIT 1")?
        .exists([])
}

pub(super) fn by_id(conn: &Connection, user_id: UserId) -> rusqlite::Result<Option<UserRow>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE user = ?1"))?
        .query_row([user_id.as_bytes()], read)
        .optional()
}

pub(super) fn by_email(conn: &Connection, email: &str) -> rusqlite::Result<Option<UserRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM users WHERE email_folded = ?1"
    ))?
    .query_row([fold(email)], read)
    .optional()
}

/// Replaces the profile while it has this version; its next version.
pub(super) fn save_profile(
    conn: &Connection,
    user_id: UserId,
    profile: &ProfileData,
    expected_version: u64,
) -> rusqlite::Result<Option<u64>> {
    conn.prepare_cached(
        "UPDATE users SET profile = ?3, profile_version = profile_version + 1
         WHERE user = ?1 AND profile_version = ?2 RETURNING profile_version",
    )?
    .query_row(
        params![
            user_id.as_bytes(),
            expected_version as i64,
            to_json(profile)?
        ],
        |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()),
    )
    .optional()
}

/// Replaces the password; whatever else opened the account ends with the old one.
pub(super) fn set_password(
    conn: &Connection,
    user_id: UserId,
    password_hash: &str,
    by: PasswordBy,
) -> rusqlite::Result<()> {
    let Some(user) = by_id(conn, user_id)? else {
        return Ok(());
    };
    let id = user_id.as_bytes();
    let operator = by == PasswordBy::Operator;
    let forget = |table: &str| {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE user = ?1"))?
            .execute([id])
    };
    conn.prepare_cached("UPDATE users SET password_hash = ?2 WHERE user = ?1")?
        .execute(params![id, password_hash])?;
    forget("sessions")?;
    conn.prepare_cached(
        "DELETE FROM one_time_secrets WHERE subject = ?1 AND purpose = 'password_reset'",
    )?
    .execute([user_id.to_string()])?;
    if operator || !user.email_verified {
        forget("subscriptions")?;
    }
    let works_somewhere = conn
        .prepare_cached("SELECT 1 FROM staff WHERE user = ?1")?
        .exists([id])?;
    let customer = user.role == Role::Customer && !works_somewhere;
    if operator || customer {
        forget("passkeys")?;
    }
    if operator || (!user.email_verified && customer) {
        forget("second_factors")?;
        forget("recovery_codes")?;
    }
    if !user.email_verified {
        let profile = ProfileData {
            phone: String::new(),
            notify_sms: false,
            ..user.profile
        };
        save_profile(conn, user_id, &profile, user.profile_version)?;
    }
    match by {
        PasswordBy::Mail => verify_email(conn, user_id),
        PasswordBy::Operator => {
            forget("identities")?;
            set_role(conn, user_id, Role::Admin)
        }
    }
}

/// Marks the e-mail as verified; guest bookings made with it become the user's.
pub(super) fn verify_email(conn: &Connection, user_id: UserId) -> rusqlite::Result<()> {
    let email: Option<String> = conn
        .prepare_cached("UPDATE users SET email_verified = 1 WHERE user = ?1 RETURNING email")?
        .query_row([user_id.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(email) = email {
        conn.prepare_cached(
            "UPDATE bookings INDEXED BY bookings_of_guest
             SET user = ?1, guest_email = NULL, version = version + 1
             WHERE guest_email = ?2 COLLATE NOCASE AND user IS NULL",
        )?
        .execute(params![user_id.as_bytes(), email])?;
    }
    Ok(())
}

pub(super) fn set_role(conn: &Connection, user_id: UserId, role: Role) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE users SET role = ?2 WHERE user = ?1")?
        .execute(params![user_id.as_bytes(), role_text(role)])?;
    Ok(())
}

/// Erases a person. What was sold stays, as nobody's; what was still to be mailed to them is given up.
pub(super) fn erase(conn: &Connection, user_id: UserId) -> rusqlite::Result<()> {
    let id = user_id.as_bytes();
    let email: Option<String> = conn
        .prepare_cached("SELECT email FROM users WHERE user = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(email) = email else {
        return Ok(());
    };
    forget_messages(
        conn,
        "(theater, booking) IN (SELECT theater, booking FROM bookings WHERE user = ?1)",
        params![id],
    )?;
    // Messages about the account itself lie under empty ids.
    forget_messages(
        conn,
        "theater = x'' AND booking = x'' AND recipient = ?1 COLLATE NOCASE",
        params![email],
    )?;
    // By what a use counts for somebody it could be told whose the booking was.
    conn.prepare_cached(
        "DELETE FROM promo_uses WHERE (theater, booking) IN (SELECT theater, booking FROM bookings WHERE user = ?1)",
    )?
    .execute([id])?;
    conn.prepare_cached(
        "UPDATE bookings SET user = NULL, guest_email = NULL, version = version + 1 WHERE user = ?1",
    )?
    .execute([id])?;
    conn.prepare_cached("DELETE FROM one_time_secrets WHERE subject = ?1")?
        .execute([user_id.to_string()])?;
    // Sessions and what they left behind go with the row.
    conn.prepare_cached("DELETE FROM users WHERE user = ?1")?
        .execute([id])?;
    Ok(())
}

/// Takes the person out of messages, and out of what providers said about them; those not yet sent are given up. What goes
/// to programs says nothing about a person.
fn forget_messages(
    conn: &Connection,
    which: &str,
    key: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<()> {
    conn.prepare_cached(&format!(
        "UPDATE messages SET recipient = '', payload = '{{}}',
           last_error = CASE status WHEN 'pending' THEN 'the account was erased' ELSE NULL END,
           status = CASE status WHEN 'pending' THEN 'failed' ELSE status END
         WHERE channel NOT IN ('webhook', 'kafka', 'nats', 'sqs') AND {which}"
    ))?
    .execute(key)?;
    Ok(())
}
