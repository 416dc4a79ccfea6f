//! A real OpenID provider for tests (npm's oidc-provider, run by Node on a private port), and a person who walks through
//! it as a browser would. It ends with the test, also when that is killed.

use crate::{TestError, leash::Leash};
use reqwest::{Client, Response, redirect::Policy};
use serde_json::Value;
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Who the server is at the provider.
pub const CLIENT_ID: &str = "matinee";
const READY: Duration = Duration::from_mins(1);
/// Redirects before a walk is given up.
const STEPS: usize = 10;

/// The provider's package, put there by `cargo xtask test`.
fn modules() -> PathBuf {
    std::env::var_os("MATINEE_OPENID_MODULES").map_or_else(
        || {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            root.join("../target/tools/openid/node_modules")
        },
        PathBuf::from,
    )
}

/// Whoever comes first says whose cryptography this process has; every client of HTTP wants one, without TLS too.
fn crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A port nobody has.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A running provider.
pub struct Provider {
    port: u16,
    folder: tempfile::TempDir,
    running: Option<Leash>,
    http: Client,
}

impl Provider {
    /// Starts one that knows a server which it sends people back to.
    pub async fn start(secret: &str, redirect: &str) -> Result<Self, TestError> {
        crypto();
        let mut provider = Self {
            port: free_port()?,
            folder: tempfile::tempdir()?,
            running: None,
            http: Client::builder().no_proxy().build()?,
        };
        provider.run(secret, redirect).await?;
        Ok(provider)
    }

    /// Starts it (again), on the same port; what it knew is forgotten.
    pub async fn run(&mut self, secret: &str, redirect: &str) -> Result<(), TestError> {
        self.kill()?;
        let modules = modules();
        if !modules.join("oidc-provider").is_dir() {
            let modules = modules.display();
            return Err(format!("{modules} holds no oidc-provider: run `cargo xtask test`").into());
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("openid/provider.mjs");
        let log = self.folder.path().join("provider.log");
        let mut node = Command::new("node");
        node.arg(script)
            .args([&self.port.to_string(), secret, redirect])
            .env("MATINEE_OPENID_MODULES", modules);
        self.running = Some(Leash::spawn(&mut node, &log)?);
        let begun = Instant::now();
        let about = format!("{}/.well-known/openid-configuration", self.issuer());
        while self.http.get(&about).send().await.is_err() {
            if begun.elapsed() > READY {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("the provider is not ready: {log}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Ends it at once: nobody answers at its port any more.
    pub fn kill(&mut self) -> Result<(), TestError> {
        if let Some(mut running) = self.running.take() {
            running.kill()?;
        }
        Ok(())
    }

    /// What a server is told of it.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes an account, or changes what it says about a person.
    pub async fn account(&self, name: &str, claims: Value) -> Result<(), TestError> {
        let url = format!("{}/test/accounts/{name}", self.issuer());
        let request = self.http.put(url).body(claims.to_string());
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Lets it be wrong: `error` answers 503 to everything; empty is right again.
    pub async fn wrong(&self, how: &str) -> Result<(), TestError> {
        let url = format!("{}/test/wrong", self.issuer());
        let request = self.http.put(url).body(how.to_owned());
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

/// Walks from the authorization address, as this account, to where the provider sends the person back: the code and the
/// state; or the error it sends them back with.
pub async fn walk(
    authorization_url: &str,
    account: Option<&str>,
) -> Result<Result<(String, String), String>, TestError> {
    crypto();
    let jar = Client::builder()
        .no_proxy()
        .cookie_store(true)
        .redirect(Policy::none())
        .build()?;
    let mut url = reqwest::Url::parse(authorization_url)?;
    let provider = url.port();
    if let Some(account) = account {
        url.query_pairs_mut().append_pair("login_hint", account);
    }
    for _ in 0..STEPS {
        let answer = jar.get(url.clone()).send().await?;
        let next = next(&url, answer).await?;
        if next.port() != provider {
            return Ok(came_back(&next));
        }
        url = next;
    }
    Err("the provider never sent the person back".into())
}

async fn next(at: &reqwest::Url, answer: Response) -> Result<reqwest::Url, TestError> {
    let location = answer.headers().get("location");
    let location = location
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned);
    match location {
        Some(location) => Ok(at.join(&location)?),
        None => Err(format!(
            "{at} answered {}: {}",
            answer.status(),
            answer.text().await?
        )
        .into()),
    }
}

fn came_back(url: &reqwest::Url) -> Result<(String, String), String> {
    let of = |wanted: &str| {
        let found = url.query_pairs().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    match (of("code"), of("state")) {
        (Some(code), Some(state)) => Ok((code, state)),
        _ => Err(of("error").unwrap_or_else(|| url.to_string())),
    }
}
