//! Answers whose bytes are made once and sent often: identity now, compressed forms when first asked for.
//!
//! Each form has its own strong ETag. Cloning costs an `Arc`.

use super::etag;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use std::{
    io::Write,
    sync::{Arc, OnceLock},
};

/// Smaller bodies are never compressed: a packet is a packet.
const WORTH_BYTES: usize = 860;

/// How an answer may be encoded on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Zstd,
    Brotli,
    Gzip,
}

impl Coding {
    /// In the order we like them when the caller likes them alike: by speed at a similar size.
    pub(super) const PREFERRED: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    pub(super) const fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What the caller accepts best (RFC 9110, 12.5.3). Without the header, or with nothing we know: identity.
    pub fn negotiate(headers: &HeaderMap) -> Self {
        let mut quality: [Option<u16>; 3] = [None; 3];
        let mut any = None;
        let mut identity = None;
        let mut seen = false;
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.as_bytes().split(|byte| *byte == b',') {
                seen = true;
                let mut parts = item.split(|byte| *byte == b';');
                let token = parts.next().unwrap_or_default().trim_ascii();
                let q = parts.find_map(quality_of).unwrap_or(1000);
                match Self::PREFERRED
                    .iter()
                    .position(|c| token.eq_ignore_ascii_case(c.token().as_bytes()))
                {
                    Some(index) => quality[index] = Some(q),
                    None if token == b"*" => any = Some(q),
                    None if token.eq_ignore_ascii_case(b"identity") => identity = Some(q),
                    None => {}
                }
            }
        }
        if !seen {
            return Self::Identity;
        }
        let mut best = (Self::Identity, identity.unwrap_or(0));
        for (index, coding) in Self::PREFERRED.into_iter().enumerate().rev() {
            let q = quality[index].or(any).unwrap_or(0);
            if q > 0 && q >= best.1 {
                best = (coding, q);
            }
        }
        best.0
    }
}

/// `q=0.8` in thousandths.
fn quality_of(parameter: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(parameter).ok()?.trim();
    let value = text
        .strip_prefix("q=")
        .or_else(|| text.strip_prefix("Q="))?;
    let value: f32 = value.parse().ok()?;
    Some((value.clamp(0.0, 1.0) * 1000.0) as u16)
}

/// How long the bytes will be of use, which decides how hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Replaced soon, e.g. a seat map that changes with every booking.
    Fresh,
    /// Sent many times, e.g. a catalog page or a file.
    Lasting,
}

#[derive(Debug, Clone)]
struct Form {
    bytes: Bytes,
    etag: HeaderValue,
}

#[derive(Debug)]
struct Inner {
    content_type: HeaderValue,
    cache_control: HeaderValue,
    effort: Effort,
    /// The ETag's text without quotes.
    tag: String,
    identity: Form,
    /// In the order of [`Coding::PREFERRED`]; `None` inside when it did not get smaller.
    forms: [OnceLock<Option<Form>>; 3],
}

/// Bytes to answer with.
#[derive(Debug, Clone)]
pub struct EncodedBody(Arc<Inner>);

impl EncodedBody {
    /// JSON bytes with an ETag made of `tag` (visible ASCII without quotes), revalidated on every use.
    pub fn json(bytes: impl Into<Bytes>, tag: &str, effort: Effort) -> Self {
        Self::new(
            bytes.into(),
            tag,
            effort,
            HeaderValue::from_static("application/json"),
            HeaderValue::from_static("no-cache"),
        )
    }

    /// JSON bytes with an ETag made of the bytes.
    pub fn json_by_content(bytes: impl Into<Bytes>, effort: Effort) -> Self {
        let bytes = bytes.into();
        let tag = etag::digest(&bytes);
        Self::json(bytes, &tag, effort)
    }

    /// JSON about a booking or a person: no cache on the way and no browser keeps it, an app may with its tag.
    pub fn private_json(bytes: impl Into<Bytes>, tag: &str) -> Self {
        Self::new(
            bytes.into(),
            tag,
            Effort::Fresh,
            HeaderValue::from_static("application/json"),
            HeaderValue::from_static("no-store"),
        )
    }

    /// Any bytes.
    pub fn new(
        bytes: Bytes,
        tag: &str,
        effort: Effort,
        content_type: HeaderValue,
        cache_control: HeaderValue,
    ) -> Self {
        let identity = Form {
            bytes,
            etag: etag::quoted(tag),
        };
        Self(Arc::new(Inner {
            content_type,
            cache_control,
            effort,
            tag: tag.to_owned(),
            identity,
            forms: Default::default(),
        }))
    }

    /// The bytes as they were given.
    pub fn identity(&self) -> &Bytes {
        &self.0.identity.bytes
    }

    /// The answer to a GET with these headers: 200 in the best encoding, or 304.
    pub fn respond(&self, headers: &HeaderMap) -> Response {
        if let Some(mut response) = etag::not_modified(headers, &self.0.tag) {
            self.0.common_headers(response.headers_mut());
            return response;
        }
        self.send(headers)
    }

    /// The answer itself in the best encoding, whatever the caller has.
    pub fn send(&self, headers: &HeaderMap) -> Response {
        let inner = &*self.0;
        let (coding, form) = inner.form(Coding::negotiate(headers));
        let mut response = Response::new(Body::from(form.bytes.clone()));
        let out = response.headers_mut();
        inner.common_headers(out);
        out.insert(header::ETAG, form.etag.clone());
        out.insert(header::CONTENT_TYPE, inner.content_type.clone());
        if coding != Coding::Identity {
            out.insert(
                header::CONTENT_ENCODING,
                HeaderValue::from_static(coding.token()),
            );
        }
        response
    }
}

impl Inner {
    fn common_headers(&self, out: &mut HeaderMap) {
        out.insert(header::CACHE_CONTROL, self.cache_control.clone());
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }

    fn form(&self, coding: Coding) -> (Coding, &Form) {
        let identity = (Coding::Identity, &self.identity);
        if self.identity.bytes.len() < WORTH_BYTES {
            return identity;
        }
        let Some(index) = Coding::PREFERRED.iter().position(|known| *known == coding) else {
            return identity;
        };
        let form = self.forms[index].get_or_init(|| {
            let bytes = compress(&self.identity.bytes, coding, self.effort)?;
            let etag = etag::quoted(&format!("{}~{}", self.tag, coding.token()));
            (bytes.len() < self.identity.bytes.len()).then(|| Form {
                bytes: bytes.into(),
                etag,
            })
        });
        form.as_ref().map_or(identity, |form| (coding, form))
    }
}

/// Compresses, or `None` when the encoder refuses (then identity is sent).
fn compress(bytes: &[u8], coding: Coding, effort: Effort) -> Option<Vec<u8>> {
    let lasting = effort == Effort::Lasting;
    match coding {
        Coding::Identity => None,
        Coding::Zstd => zstd::bulk::compress(bytes, if lasting { 9 } else { 1 }).ok(),
        Coding::Brotli => {
            let mut out = Vec::with_capacity(bytes.len() / 4);
            let quality = if lasting { 6 } else { 2 };
            let mut writer = brotli::CompressorWriter::new(&mut out, 4096, quality, 20);
            writer.write_all(bytes).ok()?;
            drop(writer);
            Some(out)
        }
        Coding::Gzip => {
            let level = flate2::Compression::new(if lasting { 6 } else { 1 });
            let mut writer =
                flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 4), level);
            writer.write_all(bytes).ok()?;
            writer.finish().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use http_body_util::BodyExt;
    use std::io::Read;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_callers_wish_decides() {
        let best = |value| Coding::negotiate(&headers(header::ACCEPT_ENCODING, value));
        assert_eq!(Coding::negotiate(&HeaderMap::new()), Coding::Identity);
        assert_eq!(best("gzip, deflate, br, zstd"), Coding::Zstd);
        assert_eq!(best("gzip;q=1, br;q=0.5"), Coding::Gzip);
        assert_eq!(best("br;q=0"), Coding::Identity);
        assert_eq!(best("*"), Coding::Zstd);
        assert_eq!(best("*;q=0.5, zstd;q=0"), Coding::Brotli);
        assert_eq!(best("identity, gzip;q=0.2"), Coding::Identity);
        assert_eq!(best("deflate"), Coding::Identity);
        assert_eq!(best(""), Coding::Identity);
    }

    #[tokio::test]
    async fn every_form_says_the_same_under_its_own_tag() {
        let text = "seats ".repeat(1000);
        let body = EncodedBody::json(text.clone(), "s7", Effort::Fresh);
        let mut tags = Vec::new();
        for wish in ["identity", "zstd", "br", "gzip"] {
            let response = body.respond(&headers(header::ACCEPT_ENCODING, wish));
            let etag = response.headers()[header::ETAG]
                .to_str()
                .unwrap()
                .to_owned();
            assert!(
                body.respond(&headers(header::IF_NONE_MATCH, &etag))
                    .status()
                    == StatusCode::NOT_MODIFIED
            );
            tags.push(etag);
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let mut plain = Vec::new();
            match wish {
                "zstd" => plain = zstd::bulk::decompress(&bytes, 10_000).unwrap(),
                "br" => drop(
                    brotli::Decompressor::new(&bytes[..], 4096)
                        .read_to_end(&mut plain)
                        .unwrap(),
                ),
                "gzip" => drop(
                    flate2::read::GzDecoder::new(&bytes[..])
                        .read_to_end(&mut plain)
                        .unwrap(),
                ),
                _ => plain = bytes.to_vec(),
            }
            assert_eq!(plain, text.as_bytes(), "{wish}");
        }
        tags.dedup();
        assert_eq!(tags.len(), 4);
        assert_eq!(
            body.respond(&headers(header::IF_NONE_MATCH, "\"s77\""))
                .status(),
            StatusCode::OK
        );
    }

    #[test]
    fn small_bodies_stay_as_they_are() {
        let body = EncodedBody::json("{}", "1", Effort::Lasting);
        let response = body.respond(&headers(header::ACCEPT_ENCODING, "gzip"));
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(response.headers()[header::VARY], "accept-encoding");
    }
}
