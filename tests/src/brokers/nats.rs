//! NATS with JetStream, and a stream that keeps events.

use super::{
    Got,
    certificates::{self, Shown},
    nats_accounts::{Accounts, Standing},
};
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
    password: &'static str,
    tls: Option<(Shown, PathBuf)>,
    /// Who is let in, when that is not a name and a password.
    accounts: Option<Accounts>,
}

impl Nats {
    pub async fn start(folder: &Path) -> Result<Self, TestError> {
        let mut server = Self {
            leash: None,
            port: free_port()?,
            folder: folder.to_owned(),
            password: PASSWORD,
            tls: None,
            accounts: None,
        };
        server.restart().await?;
        Ok(server)
    }

    /// One that lets users of an account in, by what an operator signed.
    pub async fn start_with_accounts(folder: &Path) -> Result<Self, TestError> {
        let mut server = Self {
            leash: None,
            port: free_port()?,
            folder: folder.to_owned(),
            password: PASSWORD,
            tls: None,
            accounts: Some(Accounts::make()),
        };
        server.restart().await?;
        Ok(server)
    }

    /// Credentials of the account's user.
    pub fn creds(&self, standing: Standing) -> Result<String, TestError> {
        self.accounts
            .as_ref()
            .ok_or("it has no accounts")?
            .creds(standing)
    }

    /// Ends it, and starts it with an account that revoked its user, or not any more.
    pub async fn revoke(&mut self, revoked: bool) -> Result<(), TestError> {
        self.kill()?;
        self.accounts.as_mut().ok_or("it has no accounts")?.revoked = revoked;
        self.restart().await
    }

    /// Starts it again after `kill`.
    pub async fn restart(&mut self) -> Result<(), TestError> {
        let log = self.folder.join("nats.log");
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js"]);
        command.arg("-sd").arg(self.folder.join("nats"));
        if let Some(accounts) = &self.accounts {
            let config = self.folder.join("nats.conf");
            accounts.configure(&config)?;
            command.arg("-c").arg(config);
        } else {
            command.args(["--user", USER, "--pass", self.password]);
        }
        let closed = self.accounts.as_ref().is_some_and(|it| it.revoked);
        if let Some((shown, _)) = &self.tls {
            command.arg("--tls");
            command.arg("--tlscert").arg(&shown.certificate);
            command.arg("--tlskey").arg(&shown.key);
        }
        self.leash = Some(Leash::spawn(&mut command, &log)?);
        if self.tls.is_some() || closed {
            // Whether it lets anybody in is asked by whoever believes it, and is let in.
            let address = ("127.0.0.1", self.port);
            return ready("nats-server", &log, async || {
                tokio::net::TcpStream::connect(address).await.is_ok()
            })
            .await;
        }
        ready("nats-server", &log, async || self.context().await.is_ok()).await
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> Result<(), TestError> {
        if let Some(mut leash) = self.leash.take() {
            leash.kill()?;
        }
        Ok(())
    }

    /// Ends it, and starts it with this password and certificate, which `authority` signed or not.
    pub async fn restart_as(
        &mut self,
        password: &'static str,
        shown: &Shown,
        authority: &Path,
    ) -> Result<(), TestError> {
        self.kill()?;
        self.password = password;
        self.tls = Some((shown.clone(), authority.to_owned()));
        self.restart().await
    }

    /// Its address, as an option of the server, and what belongs to it.
    pub fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "tls" } else { "nats" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub fn credentials() -> String {
        format!("{USER}:{PASSWORD}")
    }

    async fn context(&self) -> Result<jetstream::Context, TestError> {
        let address = format!("127.0.0.1:{}", self.port);
        let password = self.password.into();
        let options = match &self.accounts {
            Some(accounts) => ConnectOptions::with_credentials(&accounts.creds(Standing::Good)?)?,
            None => ConnectOptions::with_user_and_password(USER.into(), password),
        };
        let mut options = options.connection_timeout(Duration::from_secs(5));
        if let Some((_, authority)) = &self.tls {
            options = options
                .require_tls(true)
                .tls_client_config(certificates::believing(authority)?);
        }
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
