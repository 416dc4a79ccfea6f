//! Ids in paths and values in queries. An id nobody could have been given is simply not there (404).

use super::{ApiError, body::pointer};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use matinee_api::{FieldError, ProblemCode};
use matinee_domain::ids::{InvalidId, UserId};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use std::str::FromStr;

/// Largest `limit` of a list.
pub const LIMIT_MAX: u16 = 100;

/// The id in the path, e.g. `Id(show_id): Id<ShowId>`. Our paths carry one each.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr<Err = InvalidId>> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::not_found("page"))?;
        let text = params.iter().next().map_or("", |(_, value)| value);
        text.parse()
            .map(Self)
            .map_err(|error: InvalidId| ApiError::not_found(error.kind))
    }
}

/// The two ids in a path, e.g. `Pair(user, session): Pair<UserRef, SessionName>`.
#[derive(Debug, Clone, Copy)]
pub struct Pair<A, B>(pub A, pub B);

impl<S, A, B> FromRequestParts<S> for Pair<A, B>
where
    S: Send + Sync,
    A: FromStr<Err = InvalidId>,
    B: FromStr<Err = InvalidId>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::not_found("page"))?;
        let mut texts = params.iter().map(|(_, value)| value);
        let not_there = |error: InvalidId| ApiError::not_found(error.kind);
        let first = texts.next().unwrap_or_default().parse();
        let second = texts.next().unwrap_or_default().parse();
        Ok(Self(first.map_err(not_there)?, second.map_err(not_there)?))
    }
}

/// The user named in a path: by id, or as `me`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRef {
    Me,
    Id(UserId),
}

impl FromStr for UserRef {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == "me" {
            Ok(Self::Me)
        } else {
            text.parse().map(Self::Id)
        }
    }
}

/// The query string. What cannot be read is 400 `malformed`, naming the parameter.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// Reads the text behind the question mark.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(reader)
            .map(Self)
            .map_err(|error| {
                ApiError::new(ProblemCode::Malformed, "The query could not be read.").with(
                    |problem| {
                        problem.errors.push(FieldError {
                            pointer: pointer(error.path()),
                            detail: error.inner().to_string(),
                        });
                    },
                )
            })
    }
}

/// `limit` of a list, 1–100. Put it into a query type as `#[serde(default)] limit: Limit`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limit(Option<String>);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Some(text)))
    }
}

impl Limit {
    /// The limit, or `default` when none was given; anything but 1–100 is 422.
    pub fn or(&self, default: u16) -> Result<u16, ApiError> {
        let Some(text) = &self.0 else {
            return Ok(default);
        };
        match text.parse() {
            Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
            _ => Err(ApiError::invalid(
                "/limit",
                "limit is a whole number from 1 to 100.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[serde(default)]
        limit: Limit,
        count: Option<u8>,
    }

    async fn query(text: &str) -> Result<Wanted, ApiError> {
        let (mut parts, ()) = Request::get(format!("/x?{text}"))
            .body(())
            .unwrap()
            .into_parts();
        Query::from_request_parts(&mut parts, &())
            .await
            .map(|Query(wanted)| wanted)
    }

    #[tokio::test]
    async fn limits_stay_in_range() {
        assert_eq!(query("").await.unwrap().limit.or(20).unwrap(), 20);
        assert_eq!(query("limit=100").await.unwrap().limit.or(20).unwrap(), 100);
        for wrong in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit="] {
            let error = query(wrong).await.unwrap().limit.or(20).unwrap_err();
            assert_eq!(error.code(), ProblemCode::Invalid, "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_unreadable_parameter_is_named() {
        let error = query("count=many").await.unwrap_err();
        assert_eq!(error.code(), ProblemCode::Malformed);
        assert_eq!(error.0.errors[0].pointer, "/count");
        assert_eq!(query("count=3").await.unwrap().count, Some(3));
    }

    #[test]
    fn me_is_a_user() {
        assert_eq!("me".parse(), Ok(UserRef::Me));
        assert!("nobody".parse::<UserRef>().is_err());
    }
}
