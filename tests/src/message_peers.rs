//! Where messages go in tests: a mail server with an inbox (maildev), a push service (web-push-testing), Amazon's SNS
//! (moto); brokers are in `brokers`. `cargo xtask test` installs them below `target/tools/messages`; each test starts its own.

use crate::{TestError, leash::Leash};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Longest one of them may take to be ready.
const READY: Duration = Duration::from_mins(1);

/// Where they are installed.
pub(crate) fn tools() -> PathBuf {
    std::env::var_os("MATINEE_MESSAGE_TOOLS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/messages"),
        PathBuf::from,
    )
}

/// A script of a package, for the Node on the PATH.
fn node(script: &str) -> Result<Command, TestError> {
    let script = tools().join("node_modules").join(script);
    if !script.is_file() {
        let what = script.display();
        return Err(format!("{what} is missing: `cargo xtask test` installs it").into());
    }
    let mut command = Command::new("node");
    command.arg(script);
    Ok(command)
}

pub(crate) fn free_port() -> Result<u16, TestError> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub(crate) async fn ready(
    what: &str,
    log: &Path,
    probe: impl AsyncFn() -> bool,
) -> Result<(), TestError> {
    let begun = Instant::now();
    while !probe().await {
        if begun.elapsed() > READY {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            return Err(format!("{what} is not ready: {log}").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn answers(url: &str) -> bool {
    client().get(url).send().await.is_ok()
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made")
}

/// A mail server that keeps what it gets. It lets in `matinee` with the password it was given.
pub struct Inbox {
    _leash: Leash,
    smtp: u16,
    web: u16,
}

impl Inbox {
    pub async fn start(
        folder: &Path,
        smtp: Option<u16>,
        password: &str,
    ) -> Result<Self, TestError> {
        let smtp = smtp.map_or_else(free_port, Ok)?;
        let web = free_port()?;
        let log = folder.join("maildev.log");
        let mut command = node("maildev/bin/maildev")?;
        command.args(["--ip", "127.0.0.1", "--web-ip", "127.0.0.1", "--silent"]);
        command.args(["--smtp", &smtp.to_string(), "--web", &web.to_string()]);
        command.args(["--incoming-user", "matinee", "--incoming-pass", password]);
        command
            .arg("--mail-directory")
            .arg(folder.join(format!("inbox-{web}")));
        let leash = Leash::spawn(&mut command, &log)?;
        let url = format!("http://127.0.0.1:{web}/healthz");
        ready("maildev", &log, async || answers(&url).await).await?;
        Ok(Self {
            _leash: leash,
            smtp,
            web,
        })
    }

    pub fn port(&self) -> u16 {
        self.smtp
    }

    /// Its address, with a password.
    pub fn url(&self, password: &str) -> String {
        format!("smtp://matinee:{password}@127.0.0.1:{}", self.smtp)
    }

    /// The mails it has, as maildev describes them.
    pub async fn mails(&self) -> Vec<Value> {
        let url = format!("http://127.0.0.1:{}/email", self.web);
        let answer = client().get(url).send().await.expect("maildev answers");
        answer.json().await.expect("maildev answers JSON")
    }

    /// A mail as it came.
    pub async fn source(&self, mail: &Value) -> String {
        let id = mail["id"].as_str().unwrap_or_default();
        let url = format!("http://127.0.0.1:{}/email/{id}/source", self.web);
        let answer = client().get(url).send().await.expect("maildev answers");
        answer.text().await.expect("a mail is text")
    }

    /// Waits for so many mails.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let mails = self.mails().await;
            if mails.len() >= count {
                return mails;
            }
            assert!(
                begun.elapsed() < READY,
                "{} of {count} mails came",
                mails.len()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A push service with browsers.
pub struct PushPost {
    _leash: Leash,
    port: u16,
}

/// A browser that subscribed.
pub struct Browser {
    /// As `PushSubscription` says it.
    pub subscription: Value,
    name: String,
}

impl PushPost {
    pub async fn start(folder: &Path) -> Result<Self, TestError> {
        let port = free_port()?;
        let log = folder.join("push.log");
        let mut command = node("web-push-testing/src/bin/server.js")?;
        command.arg(port.to_string());
        let leash = Leash::spawn(&mut command, &log)?;
        let url = format!("http://127.0.0.1:{port}/status");
        ready("the push service", &log, async || answers_post(&url).await).await?;
        Ok(Self {
            _leash: leash,
            port,
        })
    }

    async fn ask(&self, path: &str, body: Value) -> Value {
        let url = format!("http://127.0.0.1:{}/{path}", self.port);
        let sent = client().post(url).json(&body).send().await;
        let text = sent
            .expect("the push service answers")
            .text()
            .await
            .unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A new browser that subscribes with this key of ours.
    pub async fn subscribe(&self, key: &str) -> Browser {
        let asked = json!({ "applicationServerKey": key, "userVisibleOnly": "true" });
        let data = self.ask("subscribe", asked).await["data"].clone();
        Browser {
            name: data["clientHash"].as_str().expect("a name").to_owned(),
            subscription: json!({ "endpoint": data["endpoint"], "keys": data["keys"] }),
        }
    }

    /// What a browser got, decrypted.
    pub async fn got(&self, browser: &Browser) -> Vec<Value> {
        let answer = self
            .ask("get-notifications", json!({ "clientHash": browser.name }))
            .await;
        let messages = answer["data"]["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let read = |text: Value| {
            serde_json::from_str(text.as_str().unwrap_or_default()).unwrap_or(Value::Null)
        };
        messages.into_iter().map(read).collect()
    }

    /// The browser unsubscribes.
    pub async fn leave(&self, browser: &Browser) {
        self.ask(&format!("expire-subscription/{}", browser.name), json!({}))
            .await;
    }
}

async fn answers_post(url: &str) -> bool {
    client().post(url).send().await.is_ok()
}

/// Amazon's offers, as moto plays them.
pub struct Moto {
    _leash: Leash,
    port: u16,
}

impl Moto {
    /// With `strict`, only keys it gave out itself are let in: none of ours.
    pub async fn start(folder: &Path, port: Option<u16>, strict: bool) -> Result<Self, TestError> {
        let port = port.map_or_else(free_port, Ok)?;
        let log = folder.join("moto.log");
        let mut command = Command::new("python3");
        command.args([
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ]);
        command.env("PYTHONPATH", tools().join("python"));
        if strict {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", "0");
        }
        let leash = Leash::spawn(&mut command, &log)?;
        let url = format!("http://127.0.0.1:{port}/moto-api/data.json");
        ready("moto (python3 -m moto.server)", &log, async || {
            answers(&url).await
        })
        .await?;
        Ok(Self {
            _leash: leash,
            port,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// All it knows.
    async fn data(&self) -> Value {
        let url = format!("http://127.0.0.1:{}/moto-api/data.json", self.port);
        let answer = client().get(url).send().await.expect("moto answers");
        answer.json().await.expect("moto answers JSON")
    }
}

/// Amazon's SNS.
pub struct Sns(Moto);

impl Sns {
    pub async fn start(folder: &Path, strict: bool) -> Result<Self, TestError> {
        Moto::start(folder, None, strict).await.map(Self)
    }

    /// The channel that sends here.
    pub fn channel(&self) -> String {
        format!(
            "sns://AKIDEXAMPLE:secret@127.0.0.1:{}/?region=eu-central-1&sender=Matinee&plain=1",
            self.0.port
        )
    }

    /// The SMS it took.
    pub async fn messages(&self) -> Vec<Value> {
        let data = self.0.data().await;
        data["sns"]["SMS"].as_array().cloned().unwrap_or_default()
    }
}
