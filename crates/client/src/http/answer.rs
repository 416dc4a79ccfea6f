//! An answer of the server, read whole within a bound and understood as what the contract says.

use crate::{error::ClientError, http::chain};
use matinee_api::Problem;
use reqwest::{
    Response,
    header::{CONTENT_TYPE, ETAG, RETRY_AFTER},
};
use serde::{Deserialize, de::DeserializeOwned};

/// Largest answer read, decompressed. Tickets of a large booking with their PDF are the largest there are.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    retry_after: Option<u32>,
    is_problem: bool,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(mut response: Response) -> Result<Self, ClientError> {
        let status = response.status().as_u16();
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let retry_after = header(RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let etag = header(ETAG).map(ToOwned::to_owned);
        let is_problem =
            header(CONTENT_TYPE).is_some_and(|text| text.starts_with("application/problem+json"));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER_BYTES => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    return Err(ClientError::invalid_answer(
                        "The answer is too large.",
                        Some(status),
                    ));
                }
                Ok(None) => {
                    return Ok(Self {
                        status,
                        etag,
                        retry_after,
                        is_problem,
                        body,
                    });
                }
                Err(error) => return Err(ClientError::offline(chain(&error))),
            }
        }
    }

    /// The answer, or the failure it states.
    pub(crate) fn checked(self) -> Result<Self, ClientError> {
        if (200..300).contains(&self.status) || self.status == 304 {
            return Ok(self);
        }
        Err(self.failure())
    }

    /// The body as it was sent.
    pub(crate) fn text(self) -> Result<String, ClientError> {
        let status = Some(self.status);
        String::from_utf8(self.body)
            .map_err(|_| ClientError::invalid_answer("The answer is not text.", status))
    }

    fn failure(self) -> ClientError {
        if !self.is_problem {
            // A proxy's own page: the server behind it was not reached.
            return if matches!(self.status, 502..=504) {
                ClientError::offline("Something in between answered in the server's place.")
            } else {
                ClientError::invalid_answer("A failure without a problem code.", Some(self.status))
            };
        }
        match serde_json::from_slice::<Problem>(&self.body) {
            Ok(mut problem) => {
                problem.retry_after = problem.retry_after.or(self.retry_after);
                problem.into()
            }
            Err(_) => self.unknown_problem(),
        }
    }

    /// A newer server may have codes that this client does not know; the words still help.
    fn unknown_problem(self) -> ClientError {
        #[derive(Deserialize)]
        struct Loose {
            code: String,
            #[serde(default)]
            title: String,
            #[serde(default)]
            detail: String,
        }
        match serde_json::from_slice::<Loose>(&self.body) {
            Ok(loose) => ClientError {
                kind: crate::error::ErrorKind::Problem,
                code: loose.code.into(),
                title: loose.title.into(),
                retry_after: self.retry_after,
                ..ClientError::invalid_answer(loose.detail, Some(self.status))
            },
            Err(_) => {
                ClientError::invalid_answer("A failure that cannot be read.", Some(self.status))
            }
        }
    }

    /// The body as the contract's type.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ClientError::invalid_answer(error.to_string(), Some(self.status)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn answer(status: u16, is_problem: bool, body: &str) -> Answer {
        Answer {
            status,
            etag: None,
            retry_after: Some(7),
            is_problem,
            body: body.into(),
        }
    }

    fn failure(status: u16, is_problem: bool, body: &str) -> ClientError {
        answer(status, is_problem, body)
            .checked()
            .err()
            .expect("it is a failure")
    }

    #[test]
    fn a_problem_is_understood_with_the_pause_it_asks_for() {
        let body = r#"{"type":"urn:x","title":"t","status":429,"detail":"d","code":"cool_down","request_id":"r"}"#;
        let error = failure(429, true, body);
        assert_eq!(
            (error.kind, &*error.code, error.retry_after),
            (ErrorKind::Problem, "cool_down", Some(7))
        );
    }

    #[test]
    fn a_code_from_a_newer_server_is_passed_on() {
        let error = failure(
            409,
            true,
            r#"{"code":"sold_to_a_ghost","title":"Boo","detail":"d"}"#,
        );
        assert_eq!(
            (error.kind, &*error.code, error.status),
            (ErrorKind::Problem, "sold_to_a_ghost", Some(409))
        );
    }

    #[test]
    fn a_proxy_in_the_servers_place_means_offline() {
        assert_eq!(failure(502, false, "<html>").kind, ErrorKind::Offline);
        assert_eq!(failure(500, false, "<html>").kind, ErrorKind::Invalid);
        assert_eq!(failure(500, true, "<html>").kind, ErrorKind::Invalid);
    }

    #[test]
    fn a_body_of_another_shape_is_an_invalid_answer() {
        let error = answer(200, false, "[]")
            .json::<Problem>()
            .expect_err("it is no problem");
        assert_eq!(&*error.code, "invalid_answer");
    }
}
