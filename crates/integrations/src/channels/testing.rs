//! What the tests of channels share: a message, and a server that plays a provider whose real one is far away.

use super::{Letter, Parcel, Recipient};
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

pub fn letter() -> Letter {
    Letter {
        kind: "confirmation".into(),
        language: "en".into(),
        subject: "Your tickets: Amélie".into(),
        text: "Row G".into(),
        html: "<p>Row G</p>".into(),
        short: "Amélie, 20:00, G7".into(),
        link: Some("https://tickets.example.com/bookings/b1".into()),
        data: serde_json::json!({ "booking": { "reference": "R1" } }),
        ..Letter::default()
    }
}

pub fn parcel(to: Recipient) -> Parcel {
    Parcel {
        id: [1; 16],
        name: "n1".into(),
        to,
        letter: Arc::new(letter()),
        now: "2030-05-03T12:00:00Z".parse().unwrap(),
    }
}

/// A request as it came over the wire.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// `POST /path`
    pub line: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
    pub fn field(&self, name: &str) -> String {
        let mut pairs = form_urlencoded::parse(self.body.as_bytes());
        let found = pairs.find(|(key, _)| key == name);
        found.map_or(String::new(), |(_, value)| value.into_owned())
    }
}

/// Plays a provider: answers in turn with what it was told, and remembers what it heard.
pub struct Played {
    pub port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Played {
    /// Answers with these (status, more headers, body), then with the last again.
    pub async fn with(answers: &[(u16, &str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let mut answers: VecDeque<_> = answers
            .iter()
            .map(|(status, head, body)| {
                let length = body.len();
                format!("HTTP/1.1 {status} x\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
            })
            .collect();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let request = read(&mut stream).await;
                notes.lock().push(request);
                let answer = if answers.len() > 1 {
                    answers.pop_front()
                } else {
                    answers.front().cloned()
                };
                let _ = stream
                    .write_all(answer.unwrap_or_default().as_bytes())
                    .await;
            }
        });
        Self { port, heard, task }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut BufReader<tokio::net::TcpStream>) -> Heard {
    let mut heard = Heard::default();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    heard.line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    loop {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        heard
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = heard.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    heard.body = String::from_utf8_lossy(&body).into_owned();
    heard
}
