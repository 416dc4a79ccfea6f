//! NATS with JetStream, and a stream that keeps events.

use super::Got;
use crate::{
    TestError,
    leash::Leash,
    message_peers::{free_port, ready},
};
use async_nats::{
    ConnectOptions,
    jetstream::{self, consumer::pull, stream},
};
use futures_util::StreamExt as _;
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const USER: &str = "matinee";
const PASSWORD: &str = "secret";
const STREAM: &str = "EVENTS";

/// A server that lets `matinee` in.
pub struct Nats {
    leash: Option<Leash>,
    port: u16,
    folder: PathBuf,
}

impl Nats {
    pub async fn start(folder: &Path) -> Result<Self, TestError> {
        let mut server = Self {
            leash: None,
            port: free_port()?,
            folder: folder.to_owned(),
        };
        server.restart().await?;
        Ok(server)
    }

    /// Starts it again after `kill`.
    pub async fn restart(&mut self) -> Result<(), TestError> {
        let log = self.folder.join("nats.log");
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js"]);
        command.args(["--user", USER, "--pass", PASSWORD, "-sd"]);
        command.arg(self.folder.join("nats"));
        self.leash = Some(Leash::spawn(&mut command, &log)?);
        ready("nats-server", &log, async || self.context().await.is_ok()).await
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> Result<(), TestError> {
        if let Some(mut leash) = self.leash.take() {
            leash.kill()?;
        }
        Ok(())
    }

    /// Its address, as an option of the server, and what belongs to it.
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn credentials() -> String {
        format!("{USER}:{PASSWORD}")
    }

    async fn context(&self) -> Result<jetstream::Context, TestError> {
        let address = format!("127.0.0.1:{}", self.port);
        let options = ConnectOptions::with_user_and_password(USER.into(), PASSWORD.into());
        let options = options.connection_timeout(Duration::from_secs(5));
        Ok(jetstream::new(options.connect(address).await?))
    }

    /// A stream of what is published below a subject.
    pub async fn create_stream(&self, subject: &str) -> Result<(), TestError> {
        let config = stream::Config {
            name: STREAM.into(),
            subjects: vec![format!("{subject}.>")],
            ..stream::Config::default()
        };
        self.context().await?.create_stream(config).await?;
        Ok(())
    }

    /// Every event of the stream, in its order.
    pub async fn events(&self) -> Result<Vec<Got>, TestError> {
        let mut stream = self.context().await?.get_stream(STREAM).await?;
        let count = stream.info().await?.state.messages as usize;
        let config = pull::Config {
            ack_policy: jetstream::consumer::AckPolicy::None,
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await?;
        let mut got = Vec::new();
        while got.len() < count {
            let batch = consumer.fetch().max_messages(count - got.len());
            let mut batch = batch.messages().await?;
            let before = got.len();
            while let Some(message) = batch.next().await {
                let message = message?;
                let event = Got::new(message.subject.as_str(), &message.payload);
                let headers = message.headers.as_ref().ok_or("no headers")?;
                let id = headers
                    .get("Nats-Msg-Id")
                    .map(async_nats::HeaderValue::as_str);
                assert_eq!(id, Some(event.text("id")));
                got.push(event);
            }
            if got.len() == before {
                return Err(format!("{before} of {count} events came").into());
            }
        }
        Ok(got)
    }
}
