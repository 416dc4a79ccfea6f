//! The whole path of a guest, and what is left of it with the server gone.

use crate::{
    app::App,
    world::{World, files},
};
use std::{
    process::Command,
    time::{Duration, Instant},
};

const EMAIL: &str = "guest@example.org";
/// What stands on a ticket.
pub const CODE: &str = "//img[@alt='Ticket code to be scanned at the door']";

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn a_guest_buys_restarts_offline_and_cancels_later() {
    let mut world = World::new();
    let mut app = App::start(&world, "1-buy").await;
    choose_theater(&mut app).await;
    let total = buy_two_seats(&mut app).await;
    let reference = ticket_is_shown(&mut app).await;
    app.close().await;

    world.stop_server();
    let mut app = App::start(&world, "2-offline").await;
    everything_is_still_there(&mut app, &reference).await;
    app.close().await;
    no_token_in(&world);

    world.start_server();
    let mut app = App::start(&world, "3-cancel").await;
    cancel(&mut app, &total).await;
    app.close().await;
}

pub async fn choose_theater(app: &mut App) {
    app.see("//h1[contains(., 'Where do you want to watch')]")
        .await;
    app.see("//main//ul//li").await;
    app.picture("theaters").await;
    app.click("(//main//ul//li//*[self::a or self::button])[1]")
        .await;
    // Days ahead, where the whole price comes back.
    app.click("(//*[@role='radio'])[5]").await;
    app.see("(//*[@role='radio'])[5][@aria-checked='true']")
        .await;
    app.see("//a[starts-with(@href, '/shows/')]").await;
    app.picture("programme").await;
}

/// Holds two seats and presses pay. Answers with the price as it was shown.
pub async fn buy_two_seats(app: &mut App) -> String {
    app.click("(//a[starts-with(@href, '/shows/')])[1]").await;
    app.see("//button[starts-with(normalize-space(.), 'Continue ·')]")
        .await;
    app.picture("seats").await;
    app.click("//button[starts-with(normalize-space(.), 'Continue ·')]")
        .await;
    app.write("//input[@type='email']", EMAIL).await;
    app.picture("checkout").await;
    let pay = "//button[@type='submit' and starts-with(normalize-space(.), 'Pay ')]";
    let label = app.see(pay).await.text().await.unwrap();
    app.click(pay).await;
    label.trim().trim_start_matches("Pay ").to_owned()
}

async fn ticket_is_shown(app: &mut App) -> String {
    app.see(CODE).await;
    app.picture("ticket").await;
    assert_eq!(app.count(CODE).await, 2);
    save_pdf(app).await;
    let text = app.text().await;
    reference_in(&text).unwrap_or_else(|| panic!("the reference is shown:\n{text}"))
}

/// The printable ticket lands in the person's downloads.
async fn save_pdf(app: &App) {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").expect("there is a home"));
    app.click("//a[normalize-space(.)='Save PDF']").await;
    let saved = || {
        files(&home)
            .into_iter()
            .find(|file| file.extension().is_some_and(|end| end == "pdf"))
    };
    let begun = Instant::now();
    let file = loop {
        if let Some(file) = saved() {
            break file;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "the file is saved"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(std::fs::read(&file).unwrap().starts_with(b"%PDF-"));
    std::fs::remove_file(file).unwrap();
}

/// Two groups of five.
pub fn reference_in(text: &str) -> Option<String> {
    let is_group = |group: &str| {
        group.len() == 5
            && group
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let mut words = text.split_whitespace();
    words
        .find(|word| {
            word.split_once('-')
                .is_some_and(|(a, b)| is_group(a) && is_group(b))
        })
        .map(str::to_owned)
}

async fn everything_is_still_there(app: &mut App, reference: &str) {
    app.see("//*[contains(text(), 'Offline')]").await;
    app.see("//a[starts-with(@href, '/shows/')]").await;
    app.picture("programme").await;
    app.click("//nav//a[normalize-space(.)='Theaters']").await;
    app.see("//main//ul//li").await;
    app.picture("theaters").await;
    app.click("//nav//a[normalize-space(.)='Tickets']").await;
    app.picture("tickets").await;
    app.click("(//main//a[starts-with(@href, '/bookings/')])[1]")
        .await;
    app.see(CODE).await;
    let drawn = "return document.querySelector('article img').naturalWidth";
    assert!(
        app.number(drawn).await.unwrap_or_default() >= 240.0,
        "the code is drawn"
    );
    app.picture("ticket").await;
    assert!(app.text().await.contains(reference));
}

async fn cancel(app: &mut App, total: &str) {
    app.click("//nav//a[normalize-space(.)='Tickets']").await;
    app.click("(//main//a[starts-with(@href, '/bookings/')])[1]")
        .await;
    app.click("//a[normalize-space(.)='Cancel tickets']").await;
    app.see("//*[normalize-space(.)='You get back']").await;
    app.picture("before").await;
    app.click("//main//button[starts-with(normalize-space(.), 'Cancel ')]")
        .await;
    app.see("//*[normalize-space(.)='Cancelled']").await;
    app.picture("refunded").await;
    let text = app.text().await;
    let said = text.lines().find(|line| line.contains("4242"));
    assert!(
        said.is_some_and(|line| line.contains(total)),
        "{total} comes back:\n{text}"
    );
    app.click("//a[normalize-space(.)='Back to the booking']")
        .await;
    app.see("//*[contains(., 'Refund')]").await;
    app.picture("booking").await;
}

/// The keyring holds what opens the guest's booking; no file of the app does.
pub fn no_token_in(world: &World) {
    let kept = secrets();
    assert!(!kept.is_empty(), "the keyring holds something");
    for file in files(world.data()) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        for secret in &kept {
            assert!(!text.contains(secret), "a token is in {}", file.display());
        }
    }
}

/// Every token-like word of every entry of the app, read as the system's own tool reads it.
fn secrets() -> Vec<String> {
    let output = Command::new("secret-tool")
        .args(["search", "--all", "--unlock", "service", "app.matinee"])
        .output()
        .expect("secret-tool is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let secrets = text
        .lines()
        .filter_map(|line| line.strip_prefix("secret = "));
    let words = secrets.flat_map(|secret| {
        secret.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)))
    });
    // Ids are no secrets and begin with their kind.
    let is_id = |word: &str| {
        word.parse::<matinee_api::BookingId>().is_ok()
            || word.parse::<matinee_api::UserId>().is_ok()
    };
    words
        .filter(|word| word.len() >= 20 && !is_id(word))
        .map(str::to_owned)
        .collect()
}
