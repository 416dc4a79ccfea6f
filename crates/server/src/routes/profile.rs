//! `/users/{user_id}/profile` and the end of an account. Somebody else's is answered as if it were not there.

use super::access;
use crate::{
    app::{App, AppState},
    auth::{Caller, cookie},
    http::{ApiError, EncodedBody, Id, IfMatch, Json, UserRef, answer, etag},
    messages::people,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use matinee_api::{NotificationChoices, Profile};
use matinee_store::accounts::{ProfileData, UserRow};

const ADDRESS_MAX: usize = 500;
const PHONE_MAX: usize = 40;
const LANGUAGE_MAX: usize = 35;
/// How often a PUT without a condition meets another change before it gives up.
const TRIES: usize = 5;

/// `GET /users/{user_id}/profile`
pub async fn profile(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let row = own_account(&app, &caller, user).await?;
    Ok(body_of(&row).respond(&headers))
}

/// `PUT /users/{user_id}/profile`: the whole profile anew; with If-Match only over the version the caller saw.
pub async fn save_profile(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
    headers: HeaderMap,
    body: Json<Profile>,
) -> Result<Response, ApiError> {
    let condition = IfMatch::read(&headers);
    let mut row = own_account(&app, &caller, user).await?;
    let data = checked(body.value)?;
    if let Some(theater_id) = data.favourite_theater
        && row.profile.favourite_theater != Some(theater_id)
        && app.store.theater(theater_id).await?.is_none()
    {
        return Err(ApiError::invalid(
            "/favourite_theater",
            "There is no such theater.",
        ));
    }
    for _ in 0..TRIES {
        condition.check(row.profile_version)?;
        let saved = app
            .store
            .save_profile(row.user_id, data.clone(), row.profile_version)
            .await?;
        if let Some(version) = saved {
            row.profile = data;
            row.profile_version = version;
            return Ok(body_of(&row).send(&headers));
        }
        row = own_account(&app, &caller, user).await?;
    }
    Err(etag::changed_meanwhile())
}

/// `DELETE /users/{user_id}`: erases the person; bookings stay, without one.
pub async fn delete_account(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
) -> Result<Response, ApiError> {
    let user_id = access::user(&caller, user)?;
    app.store.delete_user(user_id, app.clock.now()).await?;
    app.sessions.forget_all();
    app.computers.news_of(user_id);
    if caller.via_cookie {
        caller
            .request
            .send_cookie(cookie::clear(caller.request.secure));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn own_account(app: &App, caller: &Caller, named: UserRef) -> Result<UserRow, ApiError> {
    let user_id = access::user(caller, named)?;
    app.store
        .user(user_id)
        .await?
        .ok_or_else(|| ApiError::not_found("user"))
}

fn body_of(row: &UserRow) -> EncodedBody {
    // A verified e-mail changes the answer without a version, so the tag is of the bytes too.
    answer::versioned(row.profile_version, &shown(row))
}

/// A profile as its owner sees it.
pub(super) fn shown(row: &UserRow) -> Profile {
    let data = row.profile.clone();
    Profile {
        user_id: Some(row.user_id),
        email: Some(row.email.clone()),
        name: data.name,
        address: data.address,
        phone: data.phone,
        language: data.language,
        favourite_theater: data.favourite_theater,
        notifications: NotificationChoices {
            email: data.notify_email,
            reminder: data.notify_reminder,
            sms: data.notify_sms,
            push: data.notify_push,
        },
        version: row.profile_version,
        email_verified: Some(row.email_verified),
        created_at: Some(row.created_at),
    }
}

fn checked(profile: Profile) -> Result<ProfileData, ApiError> {
    let name = text("/name", &profile.name, 1, super::auth::NAME_MAX)?;
    let address = lines("/address", &profile.address, ADDRESS_MAX)?;
    let phone = text("/phone", &profile.phone, 0, PHONE_MAX)?;
    if !phone
        .chars()
        .all(|c| c.is_ascii_digit() || "+-()./ ".contains(c))
    {
        return Err(ApiError::invalid(
            "/phone",
            "A phone number has digits, spaces and + - ( ) . / only.",
        ));
    }
    if profile.notifications.sms && people::phone(&phone).is_none() {
        return Err(ApiError::invalid(
            "/phone",
            "For messages by SMS the number has to begin with + and the country's code, e.g. +353 1 234567.",
        ));
    }
    let language = language(&profile.language)?;
    Ok(ProfileData {
        name,
        address,
        phone,
        language,
        favourite_theater: profile.favourite_theater,
        notify_email: profile.notifications.email,
        notify_reminder: profile.notifications.reminder,
        notify_sms: profile.notifications.sms,
        notify_push: profile.notifications.push,
    })
}

/// The language somebody chose, or none, or 422.
pub fn language(tag: &str) -> Result<String, ApiError> {
    let tag = text("/language", tag, 0, LANGUAGE_MAX)?;
    if is_language(&tag) {
        return Ok(tag);
    }
    Err(ApiError::invalid(
        "/language",
        "A language is a BCP 47 tag, e.g. en or pt-BR.",
    ))
}

/// The form of a BCP 47 tag, or nothing.
fn is_language(tag: &str) -> bool {
    let plain = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    tag.is_empty()
        || ((2..=8).contains(&first.len())
            && first.bytes().all(|b| b.is_ascii_alphabetic())
            && parts.all(plain))
}

/// One trimmed line of so many characters, or 422.
pub fn text(pointer: &str, value: &str, min: usize, max: usize) -> Result<String, ApiError> {
    let value = value.trim();
    if value.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            pointer,
            "Control characters are not allowed here.",
        ));
    }
    length(pointer, value, min, max)
}

/// Like [`text`], but line breaks are allowed.
fn lines(pointer: &str, value: &str, max: usize) -> Result<String, ApiError> {
    let value = value.trim();
    if value
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(ApiError::invalid(
            pointer,
            "Control characters are not allowed here.",
        ));
    }
    length(pointer, value, 0, max)
}

fn length(pointer: &str, value: &str, min: usize, max: usize) -> Result<String, ApiError> {
    let length = value.chars().count();
    if length < min {
        return Err(ApiError::invalid(pointer, "This may not be empty."));
    }
    if length > max {
        return Err(ApiError::invalid(
            pointer,
            format!("At most {max} characters are allowed here."),
        ));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests;
