//! Problems as answers. The request id is filled in by the outer layer that knows it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use matinee_api::{FieldError, Problem, ProblemCode};
use matinee_booking::GatewayError;
use matinee_store::StoreError;

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
    fn into_response(self) -> Response {
        let problem = self.0;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&*problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The outer layer fills in the request id; it finds the problem here instead of parsing the bytes.
        response
            .extensions_mut()
            .insert(std::sync::Arc::new(problem));
        response
    }
}
