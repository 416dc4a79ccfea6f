//! Plain HTTP on the port that speaks TLS: somebody typed the address without `https`. They are sent to it, and a device
//! that trusts nobody yet can fetch the authority's certificate. Nothing else is answered: no call, no page, no cookie.

use super::{CA_PATH, Lan};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header, uri::Authority},
};

/// How TLS begins: a record of the handshake.
pub const HANDSHAKE: u8 = 0x16;

impl Lan {
    /// Answers one request in plain text.
    pub fn answer_plain<B>(&self, request: &Request<B>) -> Response<Body> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if reads && request.uri().path() == CA_PATH && self.own.is_some() {
            return self.certificate();
        }
        if !reads {
            return words(StatusCode::BAD_REQUEST);
        }
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.as_bytes().try_into().ok());
        let target = format!("{}{}", self.site_of(host.as_ref()), path(request.uri()));
        match HeaderValue::try_from(target) {
            Ok(location) => {
                // Temporary: tomorrow the address may be another machine's.
                let mut response = words(StatusCode::TEMPORARY_REDIRECT);
                response.headers_mut().insert(header::LOCATION, location);
                response
            }
            Err(_) => words(StatusCode::BAD_REQUEST),
        }
    }

    /// The authority's certificate, for devices to install.
    pub fn certificate(&self) -> Response<Body> {
        let Some((certificate, _, _)) = self.authority() else {
            return words(StatusCode::NOT_FOUND);
        };
        let mut response = Response::new(Body::from(certificate.to_vec()));
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/x-x509-ca-cert");
        headers.insert(header::CONTENT_TYPE, kind);
        let name = HeaderValue::from_static("attachment; filename=\"matinee-ca.crt\"");
        headers.insert(header::CONTENT_DISPOSITION, name);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    /// The site by the name it was called, if that is one of ours: nobody is sent elsewhere.
    fn site_of(&self, host: Option<&Authority>) -> String {
        let called = host.map(Authority::host).unwrap_or_default();
        let prefix = format!("https://{}:", called.to_ascii_lowercase());
        let urls = self.urls();
        let found = urls.iter().find(|url| url.starts_with(&prefix));
        found.or(urls.first()).cloned().unwrap_or_default()
    }
}

fn path(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

fn words(status: StatusCode) -> Response<Body> {
    let text = "This address speaks HTTPS only. Nothing was changed; open it with https:// at its beginning.\n";
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
