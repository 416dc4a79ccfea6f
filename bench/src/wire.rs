//! One keep-alive HTTP/1.1 connection with hand-framed requests.
//!
//! The clients share the machine with the server, so what a client costs is taken from the figure. A general HTTP
//! client costs several times what this does, because it handles what our own server never sends: chunked bodies
//! and connections that close are errors here.

use crate::failure::Failure;
use std::{
    io::{self, Write},
    net::SocketAddr,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Longer answers are refused; the largest seat map of the demo is a third of this.
const ANSWER_MAX: usize = 4 << 20;

/// Room for the answers most callers get: a load of ten thousand connections shares the machine's memory too.
const BUFFER: usize = 4 << 10;
/// A longer head is no head.
const HEAD_MAX: usize = 64 << 10;

pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

/// An answer, until the next call.
pub struct Answer<'a> {
    pub status: u16,
    /// It says when to try again.
    pub retry_after: bool,
    /// Of head and body.
    pub bytes: usize,
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The body of an answer with this status; anything else makes the measurement void.
    pub fn expect(self, what: &'static str, status: u16) -> Result<&'a [u8], Failure> {
        if self.status == status {
            return Ok(self.body);
        }
        Err(Failure::Answer {
            what,
            status: self.status,
            body: String::from_utf8_lossy(&self.body[..self.body.len().min(600)]).into_owned(),
        })
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            address,
            out: Vec::with_capacity(1024),
            buffer: vec![0; BUFFER],
        })
    }

    /// So many connections to one server.
    pub async fn open_many(address: SocketAddr, many: usize) -> Result<Vec<Self>, Failure> {
        let mut out = Vec::with_capacity(many);
        for _ in 0..many {
            out.push(Self::open(address).await?);
        }
        Ok(out)
    }

    pub async fn get(&mut self, path: &str, headers: &str) -> Result<Answer<'_>, Failure> {
        self.out.clear();
        write!(
            self.out,
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            self.address
        )?;
        self.call().await
    }

    /// Posts JSON. Headers end in a line break each.
    pub async fn post(
        &mut self,
        path: &str,
        headers: std::fmt::Arguments<'_>,
        body: &str,
    ) -> Result<Answer<'_>, Failure> {
        self.out.clear();
        write!(
            self.out,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        )?;
        self.call().await
    }

    async fn call(&mut self) -> Result<Answer<'_>, Failure> {
        self.stream.write_all(&self.out).await?;
        let mut filled = 0;
        let head = loop {
            if filled == self.buffer.len() && filled < HEAD_MAX {
                self.buffer.resize(filled * 2, 0);
            }
            filled += self.read(filled).await?;
            if let Some(head) = Head::parse(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head.length + head.body;
        if end > ANSWER_MAX {
            return Err(bad("too long an answer"));
        }
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += self.read(filled).await?;
        }
        Ok(Answer {
            status: head.status,
            retry_after: head.retry_after,
            bytes: end,
            body: &self.buffer[head.length..end],
        })
    }

    async fn read(&mut self, filled: usize) -> Result<usize, Failure> {
        match self.stream.read(&mut self.buffer[filled..]).await? {
            0 => Err(bad("the connection was closed, or a head is too long")),
            n => Ok(n),
        }
    }
}

struct Head {
    status: u16,
    retry_after: bool,
    /// Bytes of the head, and of the body after it.
    length: usize,
    body: usize,
}

impl Head {
    /// `None` while the head is not complete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| bad("a head is not text"))?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|rest| rest.get(..3))
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| bad("no status line"))?;
        let (mut body, mut retry_after) = (0, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                body = value.trim().parse().map_err(|_| bad("a length"))?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(bad("a chunked answer"));
            }
            retry_after |= name.eq_ignore_ascii_case("retry-after");
        }
        // These have none, whatever length they speak of.
        if matches!(status, 204 | 304) {
            body = 0;
        }
        Ok(Some(Self {
            status,
            retry_after,
            length: end + 4,
            body,
        }))
    }
}

fn bad(what: &str) -> Failure {
    io::Error::other(format!("an answer cannot be read: {what}")).into()
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let head = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nx: y\r\n\r\n";
        assert!(Head::parse(&head[..head.len() - 1]).unwrap().is_none());
        let read = Head::parse(head).unwrap().unwrap();
        assert_eq!((read.status, read.length, read.body), (201, head.len(), 12));
        let empty = Head::parse(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap()
            .unwrap();
        assert_eq!((empty.status, empty.body), (204, 0));
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
