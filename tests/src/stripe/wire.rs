//! Just enough HTTP for the front: one request a connection, bodies with a length.

use serde_json::Value;
use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    /// Members of the query or of the body.
    pub form: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn read(from: &TcpStream) -> Option<Self> {
        from.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let mut from = BufReader::new(from);
        let mut first = String::new();
        from.read_line(&mut first).ok()?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = headers(&mut from)?;
        let mut body = vec![0; length(&headers)];
        from.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).ok()?;
        let text = if method == "GET" { query } else { &body };
        Some(Self {
            method,
            path: path.to_owned(),
            form: decoded(text),
            headers,
        })
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers.iter();
        headers.find(|(own, _)| own == name).map(|(_, v)| v.clone())
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What an answer is made of.
impl Answer {
    pub fn of(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }
    pub fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }
    /// A page of a browser's.
    pub fn html(text: &str) -> Self {
        let mut page = Self::text(200, text);
        let kind = "text/html; charset=utf-8".to_owned();
        page.headers.push(("Content-Type".to_owned(), kind));
        page
    }
    /// The browser goes there.
    pub fn elsewhere(url: &str) -> Self {
        let mut way = Self::text(303, "");
        way.headers.push(("Location".to_owned(), url.to_owned()));
        way
    }
    pub fn error(status: u16, kind: &str, code: &str) -> Self {
        Self::of(status, &super::front::error_body(kind, code))
    }
    pub fn write(&self, to: &mut TcpStream) {
        let mut head = format!(
            "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n",
            self.status,
            self.body.len()
        );
        let typed = |(name, _): &(String, String)| name == "Content-Type";
        if !self.headers.iter().any(typed) {
            head.push_str("Content-Type: application/json\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        // A caller who has gone away hears nothing.
        let _ = to.write_all(head.as_bytes());
        let _ = to.write_all(&self.body);
        let _ = to.flush();
    }
}

/// Asks localstripe.
pub(super) fn ask(port: u16, method: &str, path: &str, form: Vec<(String, String)>) -> Answer {
    let asked = || -> Option<Answer> {
        let text = encoded(&form);
        let (query, body) = match method {
            "GET" if !text.is_empty() => (format!("?{text}"), String::new()),
            _ => (String::new(), text),
        };
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        let head = format!(
            "{method} {path}{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_front\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let mut from = BufReader::new(stream);
        let mut first = String::new();
        from.read_line(&mut first).ok()?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let headers = headers(&mut from)?;
        let mut body = vec![0; length(&headers)];
        from.read_exact(&mut body).ok()?;
        Some(Answer {
            status,
            headers: Vec::new(),
            body,
        })
    };
    asked().unwrap_or_else(|| Answer::error(502, "api_error", "localstripe_is_gone"))
}

fn headers(from: &mut impl std::io::BufRead) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            return Some(headers);
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn length(headers: &[(String, String)]) -> usize {
    let length = headers.iter().find(|(name, _)| name == "content-length");
    length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}

fn decoded(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(n, v)| (plain(n), plain(v))).collect()
}

fn plain(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = std::str::from_utf8(&digits).unwrap_or("00");
                out.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded(form: &[(String, String)]) -> String {
    let escape = |text: &str| {
        let mut out = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    };
    let pairs: Vec<String> = form
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}
