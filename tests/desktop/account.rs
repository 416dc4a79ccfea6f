//! The app with no configuration at all: its own server inside, an account on it, and where the sign-in is kept.

use crate::{
    app::App,
    path::no_token_in,
    world::{World, files},
};
use std::time::{Duration, Instant};

const NOBODY_THERE: (&str, &str) = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");

async fn register(app: &App) {
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.click("//a[normalize-space(.)='Create account']").await;
    app.write("//input[@name='name']", "Ada Moviegoer").await;
    app.write("//input[@name='email']", "ada@example.org").await;
    app.write("//input[@name='password']", "correct horse battery")
        .await;
    app.click("//button[@type='submit']").await;
}

/// The link to confirm the address: the server inside the app writes its mails to files.
fn mailed_link(world: &World) -> String {
    let begun = Instant::now();
    loop {
        let mails = files(&world.data().join("server/mail"));
        let texts = mails
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok());
        // Quoted-printable: soft line breaks, and = as =3D.
        let mut texts = texts.map(|text| text.replace("=\r\n", "").replace("=3D", "="));
        let link = texts.find_map(|text| {
            let mut words = text.split_ascii_whitespace();
            words
                .find(|word| word.contains("/verify#token="))
                .map(str::to_owned)
        });
        if let Some(link) = link {
            return link;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no mail");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A link of a mail is pasted, since none that the system hands over carries a secret.
async fn confirm_address(app: &mut App, world: &World) {
    app.click("//main//a[@href='/verify']").await;
    app.write("//input[@name='link']", "https://example.org/")
        .await;
    app.click("//button[@type='submit']").await;
    app.see("//*[contains(., 'not a link from one of our mails')]")
        .await;
    app.picture("not-a-link").await;
    app.write("//input[@name='link']", &mailed_link(world))
        .await;
    app.click("//button[@type='submit']").await;
    app.see("//h2[contains(., 'Your e-mail address is confirmed')]")
        .await;
    app.picture("confirmed").await;
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn the_app_brings_its_own_server_and_the_keyring_keeps_the_sign_in() {
    let world = World::without_server();
    let mut app = App::start_with(&world, "5-account", &[]).await;
    app.see("//main//ul//li").await;
    app.picture("theaters").await;
    register(&app).await;
    app.see("//*[contains(., 'Your account is ready')]").await;
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.see("//input[@name='name']").await;
    app.picture("profile").await;
    confirm_address(&mut app, &world).await;
    app.close().await;
    no_token_in(&world);

    let mut app = App::start_with(&world, "6-again", &[]).await;
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    let name = app.see("//input[@name='name']").await;
    assert_eq!(
        name.prop("value").await.unwrap().as_deref(),
        Some("Ada Moviegoer")
    );
    app.picture("profile").await;
    app.close().await;
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn with_no_keyring_a_person_chooses_to_be_signed_in_until_the_app_closes() {
    let world = World::without_server();
    let mut app = App::start_with(&world, "7-no-keyring", &[NOBODY_THERE]).await;
    app.see("//main//ul//li").await;
    register(&app).await;
    app.see("//*[contains(., \"can't keep your sign-in\")]")
        .await;
    app.picture("refused").await;
    app.click("//button[normalize-space(.)='Stay signed in only until the app closes']")
        .await;
    app.click("//button[@type='submit']").await;
    app.see("//*[contains(., 'Your account is ready')]").await;
    app.picture("signed-in").await;
    // Nor is anybody there who shows notifications.
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.see("//*[contains(text(), 'This computer shows no notifications')]")
        .await;
    app.close().await;

    let app = App::start_with(&world, "8-no-keyring", &[NOBODY_THERE]).await;
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.see("//a[normalize-space(.)='Create account']").await;
    app.close().await;
}
