//! A FIFO queue of moto's SQS. moto keeps it in memory: what was there is taken out before it is ended.

use super::{Got, certificates::Shown, front::Front};
use crate::{
    TestError,
    message_peers::{Moto, client},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

const KEY: &str = "AWS4-HMAC-SHA256 Credential=test/20300101/eu-central-1/sqs/aws4_request, SignedHeaders=host, Signature=0";

/// A queue.
pub struct Sqs {
    moto: Option<Moto>,
    port: u16,
    folder: PathBuf,
    /// TLS before it, for everybody but the tests.
    front: Option<Front>,
    /// What was taken out so far.
    got: Mutex<Vec<Got>>,
}

impl Sqs {
    /// A queue called `matinee.fifo`. With `strict`, no key of ours is let in, and there is no queue.
    pub async fn start(folder: &Path, strict: bool) -> Result<Self, TestError> {
        let moto = Moto::start(folder, None, strict).await?;
        let queue = Self {
            port: moto.port(),
            moto: Some(moto),
            folder: folder.to_owned(),
            front: None,
            got: Mutex::default(),
        };
        if !strict {
            queue.create().await?;
        }
        Ok(queue)
    }

    async fn ask(&self, action: &str, body: Value) -> Result<Value, TestError> {
        let url = format!("http://127.0.0.1:{}/", self.port);
        let asked = client()
            .post(url)
            .header("authorization", KEY)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            .body(body.to_string());
        let answer = asked.send().await?.error_for_status()?;
        let text = answer.text().await?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn create(&self) -> Result<(), TestError> {
        let attributes = json!({ "FifoQueue": "true" });
        let wish = json!({ "QueueName": "matinee.fifo", "Attributes": attributes });
        self.ask("CreateQueue", wish).await.map(drop)
    }

    /// Ends it, and what it has.
    pub fn kill(&mut self) {
        self.moto = None;
    }

    /// Starts it again after `kill`, with an empty queue.
    pub async fn restart(&mut self) -> Result<(), TestError> {
        self.moto = Some(Moto::start(&self.folder, Some(self.port), false).await?);
        self.create().await
    }

    /// From now on it is reached by TLS too, and shows this.
    pub async fn show(&mut self, shown: &Shown) -> Result<(), TestError> {
        if let Some(front) = &self.front {
            return front.show(shown);
        }
        self.front = Some(Front::start(self.port, shown).await?);
        Ok(())
    }

    /// The queue, as an option of the server.
    pub fn url(&self) -> String {
        let front = self.front.as_ref().map(|front| ("https", front.port()));
        let (scheme, port) = front.unwrap_or(("http", self.port));
        format!("{scheme}://127.0.0.1:{port}/123456789012/matinee.fifo?region=eu-central-1")
    }

    /// Takes out what is there; all that came so far.
    pub async fn events(&self) -> Result<Vec<Got>, TestError> {
        let mut got = self.got.lock().await;
        let url = self.url();
        let queue = url.split('?').next().unwrap_or_default();
        loop {
            let wish = json!({
                "QueueUrl": queue,
                "MaxNumberOfMessages": 10,
                "AttributeNames": ["All"],
            });
            let answer = self.ask("ReceiveMessage", wish).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(got.clone());
            }
            for message in messages {
                let attributes = &message["Attributes"];
                let group = attributes["MessageGroupId"].as_str().unwrap_or_default();
                let body = message["Body"].as_str().unwrap_or_default();
                let event = Got::new(group, body.as_bytes());
                let id = attributes["MessageDeduplicationId"].as_str();
                assert_eq!(id, Some(event.text("id")));
                got.push(event);
                let handle = &message["ReceiptHandle"];
                let wish = json!({ "QueueUrl": queue, "ReceiptHandle": handle });
                self.ask("DeleteMessage", wish).await?;
            }
        }
    }
}
