//! Request bodies: read whole within a bound, parsed as JSON, with the place of a mistake named.
//!
//! Validation of values is the handlers' work; here a body is only readable or not.

use super::{ApiError, Context};
use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use matinee_api::{FieldError, MAX_BODY_BYTES, ProblemCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_path_to_error::Segment;
use std::sync::Arc;

/// A body past the limit is read on to here, so that its sender hears the answer instead of a reset.
const DRAINED_BYTES: usize = 32 * MAX_BODY_BYTES;

/// A JSON body, with the bytes as they came (for idempotency digests and signatures).
#[derive(Debug)]
pub struct Json<T> {
    pub value: T,
    pub bytes: Bytes,
}

/// A JSON body that may be absent altogether.
#[derive(Debug)]
pub struct EmptyOr<T> {
    pub value: T,
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        let bytes = body_of(request).await?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for EmptyOr<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let typed = require_json(request.headers());
        let bytes = body_of(request).await?;
        if bytes.is_empty() {
            let value = T::default();
            return Ok(Self { value, bytes });
        }
        typed?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

/// A JSON body as it came, unread: its signature comes first.
#[derive(Debug)]
pub struct RawJson(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        body_of(request).await.map(Self)
    }
}

/// A JSON answer.
pub fn answer<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let kind = HeaderValue::from_static("application/json");
            (status, [(header::CONTENT_TYPE, kind)], bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// True for `application/json`, whatever its parameters.
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let essence = kind
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// 415 unless the content type is JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_json(headers) {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::UnsupportedMediaType,
        "Send the body as JSON with Content-Type: application/json.",
    ))
}

/// Reads a request's body. Should it not come in time, the outer layer knows whom everybody waited for.
async fn body_of(request: Request) -> Result<Bytes, ApiError> {
    let context = request.extensions().get::<Arc<Context>>().cloned();
    let reading = |now| {
        if let Some(context) = &context {
            context.set_reading(now);
        }
    };
    reading(true);
    let bytes = read_body(request.into_body()).await;
    reading(false);
    bytes
}

/// Reads a body of at most [`MAX_BODY_BYTES`]; a longer one is read to its end and refused.
pub async fn read_body(mut body: Body) -> Result<Bytes, ApiError> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            ApiError::new(
                ProblemCode::Malformed,
                "The request body broke off before its end.",
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total += data.len();
        if total > MAX_BODY_BYTES {
            (first, whole) = (Bytes::new(), BytesMut::new());
            if total > DRAINED_BYTES {
                break;
            }
        } else if first.is_empty() {
            // Nearly every body is one frame: it is kept as it came, not copied.
            first = data;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&data);
        }
    }
    if total > MAX_BODY_BYTES {
        return Err(ApiError::new(
            ProblemCode::BodyTooLarge,
            "A request body may have at most 1 MiB. Nothing was changed.",
        ));
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// Parses JSON; the slower parse that knows the place of a mistake runs only when there is one.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| malformed::<T>(bytes, &error))
}

fn malformed<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        return ApiError::new(
            ProblemCode::Malformed,
            format!("The body is not JSON: {error}."),
        );
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let (pointer, detail) = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => (String::new(), error.to_string()),
        Err(error) => (pointer(error.path()), error.inner().to_string()),
    };
    ApiError::new(
        ProblemCode::Malformed,
        "The body is JSON but not of the expected form.",
    )
    .with(|problem| problem.errors.push(FieldError { pointer, detail }))
}

/// A path as a JSON pointer (RFC 6901).
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_key(&mut text, &index.to_string()),
            Segment::Map { key } => push_key(&mut text, key),
            Segment::Enum { variant } => push_key(&mut text, variant),
            Segment::Unknown => break,
        }
    }
    text
}

fn push_key(text: &mut String, key: &str) {
    text.push('/');
    text.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize)]
    struct Wanted {
        #[serde(default)]
        seats: Vec<u8>,
    }

    fn request(kind: Option<&str>, body: impl Into<Body>) -> Request {
        let mut request = Request::new(body.into());
        if let Some(kind) = kind {
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        request
    }

    async fn code_of(kind: Option<&str>, body: impl Into<Body>) -> ProblemCode {
        Json::<Wanted>::from_request(request(kind, body), &())
            .await
            .unwrap_err()
            .code()
    }

    #[tokio::test]
    async fn a_body_needs_the_json_type() {
        assert_eq!(code_of(None, "{}").await, ProblemCode::UnsupportedMediaType);
        assert_eq!(
            code_of(Some("text/plain"), "{}").await,
            ProblemCode::UnsupportedMediaType
        );
        let kind = Some("Application/JSON; charset=utf-8");
        let json = Json::<Wanted>::from_request(request(kind, r#"{"seats":[1],"more":2}"#), &())
            .await
            .unwrap();
        assert_eq!((json.value.seats, json.bytes.len()), (vec![1], 22));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        let kind = Some("application/json");
        let body = vec![b' '; MAX_BODY_BYTES + 1];
        assert_eq!(code_of(kind, body).await, ProblemCode::BodyTooLarge);
        assert_eq!(
            code_of(kind, vec![b' '; MAX_BODY_BYTES]).await,
            ProblemCode::Malformed
        );
    }

    #[tokio::test]
    async fn the_place_of_a_mistake_is_named() {
        let wrong = request(Some("application/json"), r#"{"seats":[1,"x"]}"#);
        let error = Json::<Wanted>::from_request(wrong, &()).await.unwrap_err();
        assert_eq!(error.code(), ProblemCode::Malformed);
        assert_eq!(error.0.errors[0].pointer, "/seats/1");
        assert_eq!(
            code_of(Some("application/json"), "{").await,
            ProblemCode::Malformed
        );
    }

    #[tokio::test]
    async fn an_optional_body_may_be_absent() {
        assert!(
            EmptyOr::<Wanted>::from_request(request(None, ""), &())
                .await
                .is_ok()
        );
        let error = EmptyOr::<Wanted>::from_request(request(None, "{}"), &())
            .await
            .unwrap_err();
        assert_eq!(error.code(), ProblemCode::UnsupportedMediaType);
    }
}
