//! A person's messages as notifications of the desktop: switched on, shown by a real service, and what a click on one opens.

use crate::{app::App, world::World};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const TURN_ON: &str = "//button[normalize-space(.)='Turn notifications on']";
const TURN_OFF: &str = "//button[normalize-space(.)='Turn notifications off']";
const NAME: &str = "org.freedesktop.Notifications";
const PATIENCE: Duration = Duration::from_secs(20);

/// The desktop's service: dunst, which writes down what it shows.
struct Dunst {
    program: Child,
    told: tempfile::TempDir,
}

impl Dunst {
    fn start() -> Self {
        end_others();
        let told = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(told.path().join("told")).unwrap();
        let program = Command::new("dunst")
            .args(["-print", "-conf", "/dev/null"])
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null())
            .spawn()
            .expect("dunst is installed");
        let service = Self { program, told };
        let begun = Instant::now();
        while owner() != Some(service.program.id()) {
            assert!(begun.elapsed() < PATIENCE, "dunst has the name");
            std::thread::sleep(Duration::from_millis(50));
        }
        service
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.told.path().join("told")).unwrap()
    }

    /// What was shown, once these words are in it.
    async fn shows(&self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if text.contains(words) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "{words} is not shown:\n{text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks on the newest.
    fn click() {
        let done = Command::new("dunstctl").args(["action", "0"]).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Dunst {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The process that shows notifications on this session's bus.
fn owner() -> Option<u32> {
    let asked = Command::new("dbus-send")
        .args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/",
        ])
        .arg("org.freedesktop.DBus.GetConnectionUnixProcessID")
        .arg(format!("string:{NAME}"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    text.split("uint32 ").nth(1)?.trim().parse().ok()
}

/// One that the bus started by itself, because somebody asked for it.
fn end_others() {
    let Some(other) = owner() else { return };
    // On a person's own desktop it would be theirs.
    let home = std::env::var("HOME").unwrap_or_default();
    assert!(
        home.contains("matinee-desktop"),
        "run this by `cargo xtask test --only desktop`"
    );
    let other = other.to_string();
    let _ = Command::new("kill").args(["-KILL", &other]).status();
    let begun = Instant::now();
    while owner().is_some_and(|now| now.to_string() == other) {
        assert!(begun.elapsed() < PATIENCE, "it ends");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The whole display, notifications included.
fn picture(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/desktop");
    let file = folder.join(format!("{name}.png"));
    let taken = Command::new("import")
        .args(["-window", "root"])
        .arg(file)
        .status();
    assert!(taken.unwrap().success());
}

async fn register(app: &App) {
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.click("//a[normalize-space(.)='Create account']").await;
    app.write("//input[@name='name']", "Ada Moviegoer").await;
    app.write("//input[@name='email']", "ada@example.org").await;
    app.write("//input[@name='password']", "correct horse battery")
        .await;
    app.click("//button[@type='submit']").await;
    app.see("//*[contains(., 'Your account is ready')]").await;
}

async fn profile(app: &App) {
    app.click("//nav//a[normalize-space(.)='Profile']").await;
    app.see("//h2[contains(., 'Notifications on this computer')]")
        .await;
}

async fn choose_theater(app: &App) {
    app.see("//h1[contains(., 'Where do you want to watch')]")
        .await;
    app.click("(//main//ul//li//*[self::a or self::button])[1]")
        .await;
    app.see("(//*[@role='radio'])[5]").await;
}

async fn buy(app: &App) {
    app.click("//nav//a[normalize-space(.)='Discover']").await;
    app.click("(//*[@role='radio'])[5]").await;
    app.see("(//*[@role='radio'])[5][@aria-checked='true']")
        .await;
    app.click("(//a[starts-with(@href, '/shows/')])[1]").await;
    app.click("//button[starts-with(normalize-space(.), 'Continue ·')]")
        .await;
    app.click("//button[@type='submit' and starts-with(normalize-space(.), 'Pay ')]")
        .await;
    app.see("//img[@alt='Ticket code to be scanned at the door']")
        .await;
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn messages_become_notifications_that_lead_to_the_booking() {
    let service = Dunst::start();
    let world = World::new();
    let mut app = App::start(&world, "15-messages").await;
    choose_theater(&app).await;
    register(&app).await;
    profile(&app).await;
    app.click(TURN_ON).await;
    app.see(TURN_OFF).await;
    app.picture("on").await;
    assert_eq!(service.text(), "");

    buy(&app).await;
    service.shows("Your tickets: ").await;
    // It is written down before it is drawn.
    tokio::time::sleep(Duration::from_millis(500)).await;
    picture("15-messages-shown");
    app.click("//nav//a[normalize-space(.)='Settings']").await;
    app.see("//h1[normalize-space(.)='Settings']").await;
    Dunst::click();
    app.see("//img[@alt='Ticket code to be scanned at the door']")
        .await;
    let times = service.text().matches("summary: ").count();
    assert_eq!(times, 1, "told once:\n{}", service.text());

    // Off again: what happens from now on is not shown.
    profile(&app).await;
    app.click(TURN_OFF).await;
    app.see(TURN_ON).await;
    let before = service.text();
    buy(&app).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(service.text(), before);
    app.close().await;
}
