//! People: adding, finding, changing and erasing them.

use crate::{
    columns::{Columns as _, damaged, from_json, micros, text, to_json},
    connect::Connection,
    pipeline::{self, Call},
};
use matinee_domain::ids::UserId;
use matinee_store::{
    StoreError,
    accounts::{PasswordBy, ProfileData, Role, UserRow},
};
use tokio_postgres::Row;

/// What makes an e-mail unique: spelling does not matter, spaces around it neither.
fn fold(email: &str) -> String {
    text(email.trim()).to_lowercase()
}

/// The text of a role.
const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Admin => "admin",
    }
}

/// Reads the text of a role.
pub(super) fn role(text: &str) -> Result<Role, StoreError> {
    match text {
        "customer" => Ok(Role::Customer),
        "admin" => Ok(Role::Admin),
        _ => Err(damaged("a role")),
    }
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT \"user\", email, email_verified, password_hash, role, profile::text, profile_version, created_at \
             FROM users WHERE ",
            $condition
        )
    };
}

fn read(row: &Row) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        user_id: UserId::from_bytes(row.bytes(0)?),
        email: row.value(1)?,
        email_verified: row.value(2)?,
        password_hash: row.value(3)?,
        role: role(row.text(4)?)?,
        profile: from_json(row.text(5)?)?,
        profile_version: row.count(6)?,
        created_at: row.time(7)?,
    })
}

async fn first(conn: &Connection, call: Call<'_>) -> Result<Option<Row>, StoreError> {
    Ok(pipeline::read(conn, &[call])
        .await?
        .into_iter()
        .flatten()
        .next())
}

/// Whether anybody is an administrator.
pub(super) async fn has_admin(conn: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE role = 'admin' LIMIT 1";
    Ok(first(conn, Call::new(sql)).await?.is_some())
}

/// Waits until nobody else makes the first administrator: a row that only they lock. What is read afterwards, in a
/// statement of its own, sees what they did.
pub(super) async fn alone_in_setting_up(conn: &Connection) -> Result<(), StoreError> {
    let sql = "INSERT INTO notes (name, value) VALUES ('setting_up', '') \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING 1";
    first(conn, Call::new(sql)).await.map(drop)
}

/// Adds a user; false when the e-mail is taken.
pub(super) async fn add(conn: &Connection, user: &UserRow) -> Result<bool, StoreError> {
    let sql = "INSERT INTO users (\"user\", email, email_folded, email_verified, password_hash, role, profile, \
           profile_version, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7::text::json, $8, $9) ON CONFLICT (email_folded) DO NOTHING RETURNING 1";
    let call = Call::new(sql)
        .with(&user.user_id.as_bytes()[..])
        .with(text(user.email.trim()))
        .with(fold(&user.email))
        .with(user.email_verified)
        .with(&user.password_hash)
        .with(role_text(user.role))
        .with(to_json(&user.profile)?)
        .with(user.profile_version.max(1) as i64)
        .with(micros(user.created_at));
    Ok(first(conn, call).await?.is_some())
}

pub(super) async fn by_id(conn: &Connection, user: UserId) -> Result<Option<UserRow>, StoreError> {
    let call = Call::new(select!("\"user\" = $1")).with(&user.as_bytes()[..]);
    first(conn, call).await?.as_ref().map(read).transpose()
}

pub(super) async fn by_email(
    conn: &Connection,
    email: &str,
) -> Result<Option<UserRow>, StoreError> {
    let call = Call::new(select!("email_folded = $1")).with(fold(email));
    first(conn, call).await?.as_ref().map(read).transpose()
}

/// Replaces the profile while it has this version; its next version.
pub(super) async fn save_profile(
    conn: &Connection,
    user: UserId,
    profile: &ProfileData,
    expected_version: u64,
) -> Result<Option<u64>, StoreError> {
    let sql = "UPDATE users SET profile = $3::text::json, profile_version = profile_version + 1 \
         WHERE \"user\" = $1 AND profile_version = $2 RETURNING profile_version";
    let call = Call::new(sql)
        .with(&user.as_bytes()[..])
        .with(i64::try_from(expected_version).unwrap_or(-1))
        .with(to_json(profile)?);
    first(conn, call).await?.map(|row| row.count(0)).transpose()
}

/// Replaces the password; whatever else opened the account ends with the old one.
pub(super) async fn set_password(
    conn: &Connection,
    user_id: UserId,
    password_hash: &str,
    by: PasswordBy,
) -> Result<(), StoreError> {
    let id = &user_id.as_bytes()[..];
    // A passkey that is added at the same moment is waited for: it locks the row as well.
    let lock = "SELECT 1 FROM users WHERE \"user\" = $1 FOR UPDATE";
    first(conn, Call::new(lock).with(id)).await?;
    let Some(user) = by_id(conn, user_id).await? else {
        return Ok(());
    };
    let operator = by == PasswordBy::Operator;
    let mut calls = vec![
        Call::new("UPDATE users SET password_hash = $2 WHERE \"user\" = $1")
            .with(id)
            .with(password_hash),
        Call::new("DELETE FROM sessions WHERE \"user\" = $1").with(id),
        Call::new("DELETE FROM one_time_secrets WHERE subject = $1 AND purpose = 'password_reset'")
            .with(user_id.to_string()),
    ];
    if operator || !user.email_verified {
        calls.push(Call::new("DELETE FROM subscriptions WHERE \"user\" = $1").with(id));
    }
    let works = "SELECT 1 FROM staff WHERE \"user\" = $1 LIMIT 1";
    let works_somewhere = first(conn, Call::new(works).with(id)).await?.is_some();
    let customer = user.role == Role::Customer && !works_somewhere;
    if operator || customer {
        calls.push(Call::new("DELETE FROM passkeys WHERE \"user\" = $1").with(id));
    }
    if operator || (!user.email_verified && customer) {
        calls.push(Call::new("DELETE FROM second_factors WHERE \"user\" = $1").with(id));
        calls.push(Call::new("DELETE FROM recovery_codes WHERE \"user\" = $1").with(id));
    }
    if operator {
        calls.push(Call::new("DELETE FROM identities WHERE \"user\" = $1").with(id));
    }
    pipeline::read(conn, &calls).await?;
    if !user.email_verified {
        let profile = ProfileData {
            phone: String::new(),
            notify_sms: false,
            ..user.profile
        };
        save_profile(conn, user_id, &profile, user.profile_version).await?;
    }
    match by {
        PasswordBy::Mail => verify_email(conn, user_id).await,
        PasswordBy::Operator => set_role(conn, user_id, Role::Admin).await,
    }
}

/// Whether the password is still kept as this. A new one that is being set is waited for, and waits until this transaction
/// is over: what it ends, it finds.
pub(super) async fn has_password(
    conn: &Connection,
    user: UserId,
    password_hash: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE \"user\" = $1 AND password_hash = $2 FOR SHARE";
    let call = Call::new(sql)
        .with(&user.as_bytes()[..])
        .with(password_hash);
    Ok(first(conn, call).await?.is_some())
}

/// Marks the e-mail as verified; guest bookings made with it become the user's.
pub(super) async fn verify_email(conn: &Connection, user: UserId) -> Result<(), StoreError> {
    let id = &user.as_bytes()[..];
    let sql = "UPDATE users SET email_verified = true WHERE \"user\" = $1 RETURNING email";
    let Some(row) = first(conn, Call::new(sql).with(id)).await? else {
        return Ok(());
    };
    let sql = "UPDATE bookings SET \"user\" = $1, guest_email = NULL, version = version + 1 \
         WHERE lower(guest_email) = lower($2) AND guest_email IS NOT NULL AND \"user\" IS NULL";
    let email: String = row.value(0)?;
    pipeline::read(conn, &[Call::new(sql).with(id).with(email)]).await?;
    Ok(())
}

pub(super) async fn set_role(
    conn: &Connection,
    user: UserId,
    role: Role,
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET role = $2 WHERE \"user\" = $1";
    let call = Call::new(sql)
        .with(&user.as_bytes()[..])
        .with(role_text(role));
    pipeline::read(conn, &[call]).await?;
    Ok(())
}

/// Takes a person out of messages, and out of what providers said about them; those not yet sent are given up. What goes
/// to programs says nothing about a person.
macro_rules! forget_messages {
    ($which:literal) => {
        concat!(
            "UPDATE messages AS m SET recipient = '', payload = '{}', \
               last_error = CASE status WHEN 'pending' THEN 'the account was erased' ELSE NULL END, \
               status = CASE status WHEN 'pending' THEN 'failed' ELSE status END WHERE channel NOT IN ('webhook', 'kafka', 'nats', 'sqs') AND ",
            $which
        )
    };
}

/// Erases a person. What was sold stays, as nobody's; what was still to be mailed to them is given up.
pub(super) async fn erase(conn: &Connection, user: UserId) -> Result<(), StoreError> {
    let id = &user.as_bytes()[..];
    let sql = "SELECT email FROM users WHERE \"user\" = $1 FOR UPDATE";
    let Some(row) = first(conn, Call::new(sql).with(id)).await? else {
        return Ok(());
    };
    let email: String = row.value(0)?;
    let calls = [
        Call::new(forget_messages!(
            "EXISTS (SELECT 1 FROM bookings AS b WHERE b.\"user\" = $1 AND b.theater = m.theater \
               AND b.booking = m.booking)"
        ))
        .with(id),
        // Messages about the account itself lie under empty ids.
        Call::new(forget_messages!("theater = ''::bytea AND booking = ''::bytea AND lower(recipient) = lower($1)"))
            .with(email),
        // By what a use counts for somebody it could be told whose the booking was.
        Call::new(
            "DELETE FROM promo_uses AS u USING bookings AS b WHERE b.\"user\" = $1 AND b.theater = u.theater \
               AND b.booking = u.booking",
        )
        .with(id),
        Call::new(
            "UPDATE bookings SET \"user\" = NULL, guest_email = NULL, version = version + 1 WHERE \"user\" = $1",
        )
        .with(id),
        Call::new("DELETE FROM one_time_secrets WHERE subject = $1").with(user.to_string()),
        // Sessions and what they left behind go with the row.
        Call::new("DELETE FROM users WHERE \"user\" = $1").with(id),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
}
