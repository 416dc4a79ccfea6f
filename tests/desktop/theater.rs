//! Running a theater on this computer from the app: started, set up in the browser, opened to the network, shown in the app,
//! there again with it, and stopped.

use crate::{
    app::App,
    outside::Outside,
    world::{World, files},
};
use serde_json::json;
use std::{path::PathBuf, time::Duration};

const SET_UP: &str = "//button[normalize-space(.)='Set it up in the browser']";
const STAFF: &str = "//button[normalize-space(.)='Open it in the browser']";
const NETWORK: &str = "//label[contains(., 'Open to your network')]";
const RUNS: &str = "//p[@role='status'][contains(., 'It runs as long as')]/code";
const CODE: &str = "//img[contains(@alt, 'https://')]";

async fn settings(app: &App) {
    app.click("//nav//a[normalize-space(.)='Settings']").await;
    app.see("//h2[normalize-space(.)='Run a theater on this computer']")
        .await;
}

/// A device that trusts this authority and no other, or nobody.
fn device(authority: Option<reqwest::Certificate>) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .tls_certs_only(authority)
        .build()
        .unwrap()
}

async fn get(url: &str) -> Result<reqwest::Response, reqwest::Error> {
    device(None).get(url).send().await
}

/// As the page in the browser does it.
async fn set_up(link: &str) {
    let (site, code) = link
        .split_once("/setup#code=")
        .expect("it is a set-up link");
    let page = get(&format!("{site}/setup")).await.unwrap();
    assert!(page.status().is_success());
    let page = page.text().await.unwrap();
    let script = page
        .split('"')
        .find(|part| part.contains("/_app/immutable/entry/"))
        .expect("the page has a script");
    let script = format!("{site}/{}", script.trim_start_matches(['.', '/']));
    assert!(
        get(&script).await.unwrap().status().is_success(),
        "{script}"
    );
    let body = json!({ "code": code, "email": "owner@example.org", "password": "correct horse battery",
        "name": "Owner", "session": "cookie" });
    let request = device(None)
        .post(format!("{site}/api/v1/setup"))
        .header("origin", site)
        .json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
}

/// From another device: with the authority's certificate, fetched as its page says.
async fn reached_over_tls(site: &str) {
    let plain = site.replacen("https://", "http://", 1);
    let certificate = get(&format!("{plain}/setup/ca.crt")).await.unwrap();
    let certificate = certificate.bytes().await.unwrap();
    let authority = reqwest::Certificate::from_der(&certificate).unwrap();
    assert!(get(site).await.is_err(), "nobody trusts it unasked");
    let trusting = device(Some(authority));
    let answer = trusting.get(format!("{site}/api/v1/theaters")).send().await;
    assert!(answer.unwrap().status().is_success());
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn somebody_runs_a_theater_on_this_computer() {
    let (world, browser) = (World::without_server(), Outside::new());
    let path = browser.path();
    let variables = [("PATH", path.as_str())];
    let mut app = App::start_with(&world, "9-theater", &variables).await;
    settings(&app).await;
    app.picture("offered").await;
    app.click("//button[normalize-space(.)='Start a theater']")
        .await;
    app.see(SET_UP).await;
    let url = app.see(RUNS).await.text().await.unwrap();
    app.picture("not-set-up").await;

    app.click(SET_UP).await;
    let link = browser.opened(1).await;
    assert!(link.starts_with(&url), "{link}");
    set_up(&link).await;
    app.see(STAFF).await;
    app.picture("set-up").await;
    app.click(STAFF).await;
    assert_eq!(browser.opened(2).await, format!("{url}/manage"));

    app.click(NETWORK).await;
    app.see(CODE).await;
    app.picture("open").await;
    let site = app.see("//h2/code[starts-with(., 'https://')]").await;
    reached_over_tls(&site.text().await.unwrap()).await;
    app.click(NETWORK).await;
    // Pressed while it starts anew, a button does nothing.
    app.click("//button[normalize-space(.)='Show this theater in the app'][@aria-busy='false']")
        .await;
    app.see("//*[contains(., 'This app shows your theater')]")
        .await;
    app.click("//nav//a[normalize-space(.)='Theaters']").await;
    // A new theater server has no theater yet, unlike the demo.
    assert_eq!(app.count("//main//ul//li").await, 0);
    app.picture("shown").await;
    app.close().await;
    assert!(get(&url).await.is_err(), "it ends with the app");
    let data = files(&world.data().join("theater"));
    assert!(data.contains(&PathBuf::from(world.data()).join("theater/theater.db")));

    let mut app = App::start_with(&world, "10-theater-again", &variables).await;
    settings(&app).await;
    assert_eq!(app.see(RUNS).await.text().await.unwrap(), url);
    app.see(STAFF).await;
    app.picture("there-again").await;
    app.click("//label[normalize-space(.)='Dark']").await;
    app.see(STAFF).await;
    app.picture("dark").await;
    app.click("//button[normalize-space(.)='Stop it']").await;
    app.see("//button[normalize-space(.)='Start it again']")
        .await;
    app.picture("stopped").await;
    assert!(get(&url).await.is_err(), "it was stopped");
    app.close().await;
}
