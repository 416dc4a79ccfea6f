//! The app under a WebDriver: started, looked at, clicked and closed.

use crate::world::{World, free_port};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest a person would wait for anything in these tests; debug builds on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running app.
pub struct App {
    driver: Child,
    client: Client,
    /// First part of the pictures' names.
    name: &'static str,
    pictures: usize,
}

/// The app, built before the tests.
pub fn program() -> PathBuf {
    std::env::var_os("MATINEE_APP_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/debug/matinee-app"),
        PathBuf::from,
    )
}

/// Where the pictures are left.
pub fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/desktop");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

impl App {
    /// Starts the app on the world's data folder and server address.
    pub async fn start(world: &World, name: &'static str) -> Self {
        Self::start_with(world, name, &[("MATINEE_SERVER", &world.url())]).await
    }

    /// Starts the app with these variables.
    pub async fn start_with(world: &World, name: &'static str, variables: &[(&str, &str)]) -> Self {
        let port = free_port();
        let log = std::fs::File::create(pictures().join(format!("{name}.log"))).unwrap();
        // The app is the driver's child and finds the same environment.
        let driver = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env_remove("MATINEE_SERVER")
            .env("MATINEE_DATA", world.data())
            .envs(variables.iter().copied())
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("LANG", "C.UTF-8")
            // A group of its own, so that a test that fails leaves nothing behind.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("WebKitWebDriver is installed");
        let client = connect(port).await;
        Self {
            driver,
            client,
            name,
            pictures: 0,
        }
    }

    /// Waits for what this XPath finds and can be seen.
    pub async fn see(&self, what: &str) -> Element {
        let begun = Instant::now();
        loop {
            if let Some(element) = self.visible(what).await {
                return element;
            }
            if begun.elapsed() >= PATIENCE {
                self.keep_picture("failed").await;
                panic!("not to be seen: {what}\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What this XPath finds that can be seen now.
    pub async fn visible(&self, what: &str) -> Option<Element> {
        for element in self.client.find_all(Locator::XPath(what)).await.ok()? {
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }

    pub async fn count(&self, what: &str) -> usize {
        self.client
            .find_all(Locator::XPath(what))
            .await
            .map_or(0, |found| found.len())
    }

    /// Clicks what this XPath finds. A page still moving gets another try.
    pub async fn click(&self, what: &str) {
        let begun = Instant::now();
        loop {
            let element = self.see(what).await;
            self.scroll_to(&element).await;
            match element.click().await {
                Ok(()) => return,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "cannot click {what}: {error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// WebKitGTK's driver scrolls to an element itself in some layouts only.
    async fn scroll_to(&self, element: &Element) {
        let element = serde_json::to_value(element).unwrap();
        let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        // An element that is gone by now is found again by the caller.
        let _ = self.client.execute(script, vec![element]).await;
    }

    /// Writes into a field until it says so: a page that is still arriving takes the focus to its title.
    pub async fn write(&self, what: &str, text: &str) {
        let begun = Instant::now();
        loop {
            let field = self.see(what).await;
            let _ = field.clear().await;
            let _ = field.send_keys(text).await;
            let written = field.prop("value").await.ok().flatten();
            if written.as_deref() == Some(text) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} says {written:?}");
        }
    }

    /// The words on the page.
    pub async fn text(&self) -> String {
        let text = self
            .client
            .execute("return document.body.innerText", vec![])
            .await;
        text.ok()
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Runs a script in the page, as an attacker's would.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.client.execute_async(script, vec![]).await.unwrap()
    }

    /// Leaves a picture of the window.
    pub async fn picture(&mut self, of: &str) {
        self.pictures += 1;
        // What is moving comes to rest.
        tokio::time::sleep(Duration::from_millis(400)).await;
        self.keep_picture(of).await;
    }

    async fn keep_picture(&self, of: &str) {
        let file = pictures().join(format!("{}-{}-{of}.png", self.name, self.pictures));
        std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Closes the window and waits for the app to end.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
        let group = self.driver.id().to_string();
        let begun = Instant::now();
        while Command::new("pgrep")
            .args(["--pgroup", &group, "--full", "matinee-app"])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
        {
            assert!(begun.elapsed() < PATIENCE, "the app does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A number the page works out.
    pub async fn number(&self, script: &str) -> Option<f64> {
        self.client.execute(script, vec![]).await.ok()?.as_f64()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The app is a child of the driver: it goes with the group.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

async fn connect(port: u16) -> Client {
    let wanted = json!({
        "webkitgtk:browserOptions": { "binary": program(), "args": [] },
    });
    let serde_json::Value::Object(wanted) = wanted else {
        unreachable!("it is written as an object")
    };
    let begun = Instant::now();
    loop {
        let address = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let connecting = builder.capabilities(wanted.clone()).connect(&address);
        // The driver of an app that ended while it started waits for ever.
        let connected = tokio::time::timeout(PATIENCE, connecting);
        match connected.await.expect("the app starts") {
            Ok(client) => return client,
            // The driver takes a moment to listen.
            Err(error) => assert!(begun.elapsed() < PATIENCE, "no session: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
