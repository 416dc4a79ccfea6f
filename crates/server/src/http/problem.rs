//! Problems as answers. The request id is filled in by the outer layer that knows it.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use matinee_api::{FieldError, Problem, ProblemCode};
use matinee_booking::GatewayError;
use matinee_store::StoreError;
use std::sync::Arc;

/// A problem on its way to the caller.
#[derive(Debug)]
pub struct ApiError(pub Box<Problem>);

impl ApiError {
    /// A problem with this code; `detail` says what happened, what is safe and what to do.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)))
    }
    /// Nothing here, or somebody else's: the two must look alike.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemCode::NotFound, format!("There is no such {what}."))
    }
    /// Well-formed but not valid: which member and why.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(ProblemCode::Invalid, detail.clone()).with(|p| {
            p.errors.push(FieldError {
                pointer: pointer.into(),
                detail,
            });
        })
    }
    /// The same about another member of the request.
    pub fn at(self, pointer: &str) -> Self {
        self.with(|problem| {
            for error in &mut problem.errors {
                pointer.clone_into(&mut error.pointer);
            }
        })
    }
    /// Changes the problem in place.
    pub fn with(mut self, change: impl FnOnce(&mut Problem)) -> Self {
        change(&mut self.0);
        self
    }
    /// Adds a Retry-After.
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with(|p| p.retry_after = Some(seconds))
    }
    /// The code.
    pub fn code(&self) -> ProblemCode {
        self.0.code
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Self::new(
                ProblemCode::Overloaded,
                "Too many people are booking at once. Nothing was changed; try again in a moment.",
            )
            .retry_after(1),
            error => {
                tracing::error!(%error, "the store failed");
                Self::new(
                    ProblemCode::Unavailable,
                    "The database cannot be reached. Nothing was changed; try again in a moment.",
                )
                .retry_after(5)
            }
        }
    }
}

impl From<GatewayError> for ApiError {
    fn from(error: GatewayError) -> Self {
        tracing::warn!(%error, "the gateway failed");
        Self::new(
            ProblemCode::GatewayUnavailable,
            "The payment gateway does not answer. If money moved, the booking is completed or refunded by itself.",
        )
        .retry_after(5)
    }
}

impl IntoResponse for ApiError {
    /// The head of the answer; the outer layer, which knows the request id, writes the body (see [`write_body`]).
    fn into_response(self) -> Response {
        let problem = self.0;
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = problem.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Arc::new(*problem));
        response
    }
}

/// Writes the body of a problem that a handler answered with, and makes a problem of any other failure that carries
/// none (what the router itself refuses): below `/api` every answer is JSON or a problem.
pub fn write_body(response: &mut Response, request_id: &str) {
    let problem = match response.extensions_mut().remove::<Arc<Problem>>() {
        Some(problem) => Arc::unwrap_or_clone(problem),
        None if is_problem(response) => return,
        None => Problem::new(code_of(response.status()), detail_of(response.status())),
    };
    let problem = Problem {
        request_id: request_id.to_owned(),
        ..problem
    };
    // A problem is plain data: it always serializes.
    let bytes = serde_json::to_vec(&problem).unwrap_or_default();
    if let Ok(status) = StatusCode::from_u16(problem.status) {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = Body::from(bytes);
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/problem+json")
}

fn code_of(status: StatusCode) -> ProblemCode {
    match status {
        StatusCode::NOT_FOUND => ProblemCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ProblemCode::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ProblemCode::UnsupportedMediaType,
        status if status.is_client_error() => ProblemCode::Malformed,
        _ => ProblemCode::Internal,
    }
}

fn detail_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is no such call.",
        StatusCode::METHOD_NOT_ALLOWED => "The Allow header names what may be done here.",
        status if status.is_client_error() => "The request could not be read. Nothing was changed.",
        _ => {
            "Something went wrong on our side. Try again; what was begun is finished or undone by itself."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn written(mut response: Response) -> (u16, serde_json::Value) {
        write_body(&mut response, "id");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_carries_the_request_id() {
        let error = ApiError::invalid("/name", "Say your name.").retry_after(3);
        let response = error.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        let (status, problem) = written(response).await;
        assert_eq!(
            (status, &problem["code"], &problem["request_id"]),
            (422, &"invalid".into(), &"id".into())
        );
        assert_eq!(problem["errors"][0]["pointer"], "/name");
    }

    #[tokio::test]
    async fn what_the_router_refuses_is_a_problem_too() {
        for (status, code) in [
            (404, "not_found"),
            (405, "method_not_allowed"),
            (431, "malformed"),
            (500, "internal"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let (_, problem) = written((status, "words").into_response()).await;
            assert_eq!(problem["code"], code);
        }
    }
}
