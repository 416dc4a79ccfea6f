//! Signing in with a provider: a real one, reached through the system's browser, which hands the sign-in over to the app.

use crate::{app::App, outside, outside::Outside, path::no_token_in, world::World};
use matinee_tests::openid::{CLIENT_ID, Provider};
use serde_json::json;

const SECRET: &str = "the client's secret at the provider";
const WITH: &str = "//button[normalize-space(.)='Sign in with Example ID']";
const WAITS: &str = "//p[@role='status'][contains(., 'in your browser')]";

async fn to_sign_in(app: &App) {
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.click("//main//a[normalize-space(.)='Sign in']").await;
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn a_sign_in_at_a_provider_comes_back_from_the_browser() {
    let (mut world, browser) = (World::without_server(), Outside::new());
    let redirect = format!("{}/signin/callback", world.url());
    let provider = Provider::start(SECRET, &redirect).await.unwrap();
    world.start_server_with(vec![
        format!("MATINEE_OIDC_ISSUER={}", provider.issuer()),
        format!("MATINEE_OIDC_CLIENT_ID={CLIENT_ID}"),
        format!("MATINEE_OIDC_CLIENT_SECRET={SECRET}"),
        "MATINEE_OIDC_NAME=Example ID".into(),
    ]);
    let ada = json!({ "email": "ada@example.org", "email_verified": true, "name": "Ada Lovelace" });
    provider.account("ada", ada).await.unwrap();
    let (path, url) = (browser.path(), world.url());
    let variables = [("PATH", path.as_str()), ("MATINEE_SERVER", url.as_str())];
    let mut app = App::start_with(&world, "11-provider", &variables).await;

    // Thought better of there: the browser says so, and the app lets it be begun again.
    to_sign_in(&app).await;
    app.click(WITH).await;
    app.see(WAITS).await;
    app.picture("away").await;
    let first = browser.opened(1).await;
    assert!(first.starts_with(&provider.issuer()), "{first}");
    let words = "see:The sign-in was broken off.";
    outside::person(&first, &[words], "11-provider-broken-off");
    to_sign_in(&app).await;
    app.click(WITH).await;
    let second = browser.opened(2).await;
    let there = format!("{second}&login_hint=ada");
    let done = "see:You are signed in";
    let seen = outside::person(&there, &[done], "11-provider-done");
    assert!(seen.url.starts_with("http://127.0.0.1:"), "{}", seen.url);

    app.click("//nav//a[normalize-space(.)='Profile']").await;
    let expected = [
        ("//input[@name='name']", "Ada Lovelace"),
        ("//main//input[@readonly]", "ada@example.org"),
    ];
    for (field, value) in expected {
        let field = app.see(field).await;
        let shown = field.prop("value").await.unwrap();
        assert_eq!(shown.as_deref(), Some(value));
    }
    app.picture("signed-in").await;
    app.close().await;
    no_token_in(&world);
}
