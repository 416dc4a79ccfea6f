//! Signing in at a real OpenID provider: the whole way, and everything that can go wrong on it.

use crate::shared::{mailed_secret, text};
use matinee_tests::{
    Answer, Caller, Server, ServerOptions,
    openid::{CLIENT_ID, Provider, free_port, walk},
};
use reqwest::Url;
use serde_json::{Value, json};

const SECRET: &str = "the client's secret at the provider";

/// A server and its provider.
struct House {
    provider: Provider,
    server: Server,
    redirect: String,
    metrics: u16,
}

impl House {
    async fn new() -> Self {
        let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
        let redirect = format!("http://127.0.0.1:{port}/signin/callback");
        let provider = Provider::start(SECRET, &redirect).await.unwrap();
        let folder = tempfile::tempdir().unwrap().keep();
        let config = folder.join("matinee.toml");
        let issuer = provider.issuer();
        let lines = format!(
            "oidc_issuer = \"{issuer}\"\noidc_client_id = \"{CLIENT_ID}\"\n\
             oidc_client_secret = \"{SECRET}\"\noidc_name = \"Example ID\"\n"
        );
        std::fs::write(&config, lines).unwrap();
        let options = ServerOptions {
            demo: false,
            listen: Some(format!("127.0.0.1:{port}")),
            arguments: vec![
                "--config".into(),
                config.display().to_string(),
                "--metrics".into(),
                format!("127.0.0.1:{metrics}"),
            ],
            ..ServerOptions::default()
        };
        let server = Server::start(&options).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        Self {
            provider,
            server,
            redirect,
            metrics,
        }
    }

    /// Begins in a browser: the address to go to, and the browser with its cookie.
    async fn begin(&self) -> (String, Caller) {
        let caller = self.server.caller();
        let started = caller.post("/auth/openid/start", json!({})).await;
        let started = started.expect(200);
        let cookie = started.header("set-cookie").to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        let pair = cookie.split(';').next().unwrap();
        let url = text(&started.json(), "authorization_url").to_owned();
        (url, caller.with_header("cookie", pair))
    }

    /// The whole way in a browser.
    async fn sign_in(&self, account: &str) -> Answer {
        let (url, browser) = self.begin().await;
        let (code, state) = walk(&url, Some(account)).await.unwrap().unwrap();
        finish(&browser, &code, &state).await
    }

    async fn person(&self, name: &str, email: &str, verified: bool) {
        let claims = json!({ "email": email, "email_verified": verified, "name": "Ada Lovelace" });
        self.provider.account(name, claims).await.unwrap();
    }

    async fn counted(&self, name: &str) -> u64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.metrics);
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }
}

async fn finish(browser: &Caller, code: &str, state: &str) -> Answer {
    let body = json!({ "code": code, "state": state });
    browser.post("/auth/openid/finish", body).await
}

/// Who the answer signed in.
async fn who(house: &House, answer: Answer) -> Value {
    let session = answer.expect(200).json()["session"].clone();
    let caller = house.server.caller();
    let caller = caller.with_token(text(&session, "access_token"));
    caller.get("/users/me/profile").await.expect(200).json()
}

/// With one thing of the address replaced.
fn tampered(url: &str, name: &str, value: &str) -> String {
    let mut changed = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = changed.query_pairs().into_owned().collect();
    assert!(pairs.iter().any(|(key, _)| key == name), "{name} in {url}");
    let mut query = changed.query_pairs_mut();
    query.clear();
    for (key, kept) in &pairs {
        query.append_pair(key, if key == name { value } else { kept });
    }
    drop(query);
    changed.into()
}

#[tokio::test]
async fn a_person_signs_in_and_is_the_same_the_next_time() {
    let house = House::new().await;
    let methods = house.server.caller().get("/auth/methods").await;
    assert_eq!(methods.expect(200).json()["provider"], "Example ID");
    house.person("ada", "ada@example.org", true).await;
    let (url, _) = house.begin().await;
    for part in [
        "code_challenge_method=S256",
        "nonce=",
        "state=",
        "scope=openid",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    let first = who(&house, house.sign_in("ada").await).await;
    assert_eq!(
        (&first["email"], &first["name"], &first["email_verified"]),
        (
            &json!("ada@example.org"),
            &json!("Ada Lovelace"),
            &json!(true)
        )
    );
    // Another address at the provider: still the same person.
    house.person("ada", "lovelace@example.org", true).await;
    let again = who(&house, house.sign_in("ada").await).await;
    assert_eq!(again["user_id"], first["user_id"]);
    assert_eq!(again["email"], "ada@example.org");
    assert_eq!(house.counted("matinee_provider_sign_ins_total").await, 2);
    // An account without a password has none that fits; a mailed link gives it one.
    let login = json!({ "email": "ada@example.org", "password": "!" });
    let refused = house.server.caller().post("/auth/login", login).await;
    refused.expect_problem(401, "bad_credentials");
}

#[tokio::test]
async fn an_account_is_linked_by_an_address_that_both_made_sure_of() {
    let house = House::new().await;
    let caller = house.server.caller();
    let account = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    let made = caller.post("/auth/register", account).await.expect(201);
    // Somebody registered the address and never confirmed it: it may not be theirs.
    house.person("ada", "Ada@Example.org", true).await;
    let refused = house.sign_in("ada").await;
    refused.expect_problem(409, "email_unverified");
    // The provider did not make sure either.
    house.person("eve", "ada@example.org", false).await;
    let refused = house.sign_in("eve").await;
    refused.expect_problem(409, "email_unverified");
    let token = mailed_secret(&house.server, "ada@example.org", "/verify").await;
    let body = json!({ "token": token });
    caller.post("/auth/verify", body).await.expect(204);
    let linked = who(&house, house.sign_in("ada").await).await;
    assert_eq!(linked["user_id"], made.json()["user_id"]);
    house
        .sign_in("eve")
        .await
        .expect_problem(409, "email_unverified");
}

/// The provider gives an address of somebody who left to somebody else.
#[tokio::test]
async fn a_second_person_with_the_address_does_not_get_the_account() {
    let house = House::new().await;
    house.person("john", "john@example.org", true).await;
    let first = who(&house, house.sign_in("john").await).await;
    house.person("another", "john@example.org", true).await;
    let refused = house.sign_in("another").await;
    let refused = refused.expect_problem(409, "email_taken");
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("another person"), "{detail}");
    let again = who(&house, house.sign_in("john").await).await;
    assert_eq!(again["user_id"], first["user_id"]);
}

#[tokio::test]
async fn a_sign_in_is_bound_to_its_browser_and_good_once() {
    let house = House::new().await;
    house.person("ada", "ada@example.org", true).await;
    let (url, browser) = house.begin().await;
    let (code, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
    let (other_url, _) = house.begin().await;
    let (_, other_state) = walk(&other_url, Some("ada")).await.unwrap().unwrap();
    // Another browser, and another sign-in's state.
    for (who, state) in [
        (house.server.caller(), state.as_str()),
        (browser.clone(), other_state.as_str()),
        (browser.clone(), "made up"),
    ] {
        let refused = finish(&who, &code, state).await;
        refused.expect_problem(401, "session_ended");
    }
    let (url, browser) = house.begin().await;
    let (code, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
    finish(&browser, &code, &state).await.expect(200);
    let again = finish(&browser, &code, &state).await;
    again.expect_problem(401, "session_ended");
}

#[tokio::test]
async fn what_was_changed_on_the_way_is_refused() {
    let house = House::new().await;
    house.person("ada", "ada@example.org", true).await;
    // Another nonce: the token is of another sign-in.
    let (url, browser) = house.begin().await;
    let url = tampered(&url, "nonce", "another");
    let (code, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
    let refused = finish(&browser, &code, &state).await;
    refused.expect_problem(503, "provider_unavailable");
    assert_eq!(house.counted("matinee_provider_untrusted_total").await, 1);
    // Another challenge: the code belongs to who made that one.
    let (url, browser) = house.begin().await;
    let url = tampered(&url, "code_challenge", &"A".repeat(43));
    let (code, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
    let refused = finish(&browser, &code, &state).await;
    refused.expect_problem(401, "session_ended");
    // A code of nobody's.
    let (_, browser) = house.begin().await;
    let (url, _) = house.begin().await;
    let (_, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
    let refused = finish(&browser, "made up", &state).await;
    refused.expect_problem(401, "session_ended");
    // Broken off at the provider: it sends the person back with a word and no code.
    let (url, _) = house.begin().await;
    let broken_off = walk(&url, None).await.unwrap();
    assert_eq!(broken_off.unwrap_err(), "access_denied");
}

/// A provider changes the key it signs with, and nobody tells us: it is asked for its keys again.
#[tokio::test]
async fn a_new_key_of_the_provider_is_fetched() {
    let mut house = House::new().await;
    house.person("ada", "ada@example.org", true).await;
    house.sign_in("ada").await.expect(200);
    let redirect = house.redirect.clone();
    house.provider.run(SECRET, &redirect).await.unwrap();
    house.person("ada", "ada@example.org", true).await;
    house.sign_in("ada").await.expect(200);
    assert_eq!(house.counted("matinee_provider_refusals_total").await, 0);
}

#[tokio::test]
async fn a_revoked_secret_and_an_outage_are_told_apart() {
    let mut house = House::new().await;
    house.person("ada", "ada@example.org", true).await;
    house.provider.wrong("error").await.unwrap();
    let caller = house.server.caller();
    let refused = caller.post("/auth/openid/start", json!({})).await;
    let refused = refused.expect_problem(503, "provider_unavailable");
    assert!(
        text(&refused.json(), "detail").contains("password"),
        "{:?}",
        refused.json()
    );
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(house.counted("matinee_provider_unreachable_total").await, 1);
    house.provider.wrong("").await.unwrap();
    let (url, browser) = house.begin().await;
    let (code, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
    // The secret was replaced at the provider.
    let redirect = house.redirect.clone();
    house
        .provider
        .run("another secret", &redirect)
        .await
        .unwrap();
    let refused = finish(&browser, &code, &state).await;
    refused.expect_problem(503, "provider_unavailable");
    assert_eq!(house.counted("matinee_provider_refusals_total").await, 1);
    let log = house.server.log();
    assert!(log.contains("MATINEE_OIDC_CLIENT_SECRET"), "{log}");
    assert!(!log.contains(SECRET), "the log holds the secret");
    // Nobody there: what the provider said about itself is still known, its answer to a code is not.
    let (url, browser) = house.begin().await;
    let (_, state) = walk(&url, None).await.unwrap().unwrap_or_else(|_| {
        let url = Url::parse(&url).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state");
        (String::new(), state.unwrap().1.into_owned())
    });
    house.provider.kill().unwrap();
    let refused = finish(&browser, "c0de", &state).await;
    refused.expect_problem(503, "provider_unavailable");
    assert_eq!(house.counted("matinee_provider_unreachable_total").await, 2);
    // The password does not need it.
    let account = json!({ "email": "b@example.org", "password": "correct horse", "name": "B" });
    caller.post("/auth/register", account).await.expect(201);
}

/// An app that is no browser: the code alone opens nothing, and with the app's secret it opens once.
#[tokio::test]
async fn an_app_takes_a_sign_in_over_with_its_own_secret() {
    let house = House::new().await;
    house.person("ada", "ada@example.org", true).await;
    let caller = house.server.caller();
    let handed = async || {
        // SHA-256 of "the app's secret", in base64url.
        let challenge = "XYnJzN3uIWssCG0DzFsKgypSQ9UglQCGgWLzoM-CyvI";
        let body = json!({ "handoff": { "port": 40000, "challenge": challenge } });
        let started = caller.post("/auth/openid/start", body).await.expect(200);
        assert_eq!(started.header("set-cookie"), "", "no browser is bound");
        let url = text(&started.json(), "authorization_url").to_owned();
        let (code, state) = walk(&url, Some("ada")).await.unwrap().unwrap();
        let finished = finish(&caller, &code, &state).await.expect(200).json();
        assert_eq!(finished["session"], Value::Null);
        let url = Url::parse(text(&finished, "handoff_url")).unwrap();
        assert_eq!(
            (url.host_str(), url.port()),
            (Some("127.0.0.1"), Some(40000))
        );
        let code = url.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    };
    let redeem = async |code: &str, secret: &str| {
        let body = json!({ "code": code, "secret": secret });
        caller.post("/auth/openid/handoff", body).await
    };
    let code = handed().await;
    let refused = redeem(&code, "somebody else's").await;
    refused.expect_problem(401, "session_ended");
    let refused = redeem(&code, "the app's secret").await;
    refused.expect_problem(401, "session_ended");
    let code = handed().await;
    let session = redeem(&code, "the app's secret").await.expect(200).json();
    let app = caller.with_token(text(&session, "access_token"));
    let profile = app.get("/users/me/profile").await.expect(200).json();
    assert_eq!(profile["email"], "ada@example.org");
    let again = redeem(&code, "the app's secret").await;
    again.expect_problem(401, "session_ended");
}
