//! The cinema: its server, clock, gateway, programme and people.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeZone as _, Utc, Weekday};
use chrono_tz::Europe::Berlin;
use matinee_tests::{
    Answer, Caller, Server, ServerOptions, server,
    stripe::Stripe,
    wrong_clock::{as_told, tell},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// When shows begin, on each of the screens.
pub const SLOTS: [&str; 5] = ["10:30", "13:00", "15:30", "18:00", "20:30"];
pub const SCREENS: usize = 4;
const PASSWORD: &str = "correct horse battery staple";
/// Cash in a drawer at the start.
pub const FLOAT: i64 = 20_000;

/// Somebody who works there, with the shift they opened.
pub struct Person {
    email: &'static str,
    pub shift: Option<String>,
}

pub struct House {
    pub stripe: Stripe,
    pub server: Server,
    place: tempfile::TempDir,
    options: ServerOptions,
    clock: PathBuf,
    pub day: NaiveDate,
    pub theater: String,
    /// Shows by slot and screen.
    pub shows: Vec<Vec<String>>,
    pub windows: [Person; 2],
}

/// A request with a key is made again until it is answered: a server that was killed comes back.
pub async fn again(caller: &Caller, path: &str, body: &Value, key: &str) -> Answer {
    let caller = caller.with_key(key);
    let begun = Instant::now();
    loop {
        let sent = caller.send(Method::POST, path, Some(body.to_string().into_bytes()));
        match sent.await {
            Ok(answer) if answer.status < 500 && answer.code() != "idempotency_in_progress" => {
                return answer;
            }
            answered => assert!(
                begun.elapsed() < Duration::from_mins(2),
                "{path}: {answered:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The same for what is only looked at.
pub async fn look(caller: &Caller, path: &str) -> Answer {
    let begun = Instant::now();
    loop {
        match caller.send(Method::GET, path, None).await {
            Ok(answer) if answer.status < 500 => return answer,
            answered => assert!(
                begun.elapsed() < Duration::from_mins(2),
                "{path}: {answered:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is no text in {value}"))
}

pub fn minor(money: &Value) -> i64 {
    money["amount_minor"]
        .as_i64()
        .unwrap_or_else(|| panic!("no money: {money}"))
}

fn next_saturday() -> NaiveDate {
    let mut day = Utc::now().date_naive() + Days::new(2);
    while day.weekday() != Weekday::Sat {
        day = day + Days::new(1);
    }
    day
}

fn free_address() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    port.local_addr().unwrap().to_string()
}

impl House {
    /// An empty server, set up for a Saturday; `None` where the clock of a program cannot be set.
    pub async fn open() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let clock = place.path().join("clock");
        let faked = as_told(&clock)?;
        let day = next_saturday();
        set(&clock, day, "08:00");
        // The gateway lives on the same day.
        let stripe = Stripe::start_in(&faked).unwrap();
        stripe.remember();
        let mut wrapper = vec!["taskset".to_owned(), "--cpu-list".into(), "0".into()];
        wrapper.extend(faked);
        wrapper.push(format!("MATINEE_STRIPE_API={}", stripe.url()));
        wrapper.push("MATINEE_STRIPE_SECRET_KEY=sk_test_of_the_test".into());
        wrapper.push("MATINEE_STRIPE_WEBHOOK_SECRET=whsec_of_the_test".into());
        wrapper.push("MATINEE_GATEWAY=stripe".into());
        let options = ServerOptions {
            demo: false,
            listen: Some(free_address()),
            arguments: vec!["--staff-second-factor".into(), "off".into()],
            sandbox: false,
            wrapper,
            ..ServerOptions::default()
        };
        let server = Server::start_in(place.path(), &options).unwrap();
        let mut house = Self {
            stripe,
            server,
            place,
            options,
            clock,
            day,
            theater: String::new(),
            shows: Vec::new(),
            windows: ["north@example.org", "south@example.org"]
                .map(|email| Person { email, shift: None }),
        };
        house.set_up().await;
        Some(house)
    }

    /// The clock of the theater.
    pub fn it_is(&self, local: &str) {
        set(&self.clock, self.day, local);
    }

    pub fn it_is_before(&self, local: &str, minutes: i64) {
        let time: NaiveTime = format!("{local}:00").parse().unwrap();
        let earlier = time - chrono::TimeDelta::minutes(minutes);
        self.it_is(&earlier.format("%H:%M").to_string());
    }

    /// The server's clock, as far as doors know it.
    pub fn now(&self) -> DateTime<Utc> {
        let told = std::fs::read_to_string(&self.clock).unwrap();
        let seconds: i64 = told
            .trim_start_matches('+')
            .trim_end_matches('s')
            .parse()
            .unwrap();
        Utc::now() + chrono::TimeDelta::seconds(seconds)
    }

    pub fn caller(&self) -> Caller {
        self.server.caller()
    }

    /// A power cut, and back.
    pub fn lose_power(&mut self) {
        self.server.kill().unwrap();
        self.server = Server::start_in(self.place.path(), &self.options).unwrap();
    }

    /// Runs a command of the server program with the server's settings.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut words = self.options.wrapper.clone();
        words.push(server::program().to_string_lossy().into_owned());
        let done = Command::new(&words[0])
            .args(&words[1..])
            .args(arguments)
            .env("MATINEE_DATABASE", server::database(self.place.path()))
            .env("MATINEE_ADMIN_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].concat();
        (
            done.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    fn must(&self, arguments: &[&str]) {
        let (code, words) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {words}");
    }

    /// Somebody, signed in now: hours may have gone by since.
    pub async fn signed_in(&self, email: &str) -> Caller {
        let caller = self.caller();
        let body = json!({ "email": email, "password": PASSWORD });
        let session = caller.post("/auth/login", body).await.expect(200).json();
        caller.with_token(text(&session, "access_token"))
    }

    pub async fn owner(&self) -> Caller {
        self.signed_in("owner@example.org").await
    }

    pub async fn window(&self, at: usize) -> Caller {
        self.signed_in(self.windows[at].email).await
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/manage/theaters/{}{rest}", self.theater)
    }

    async fn set_up(&mut self) {
        self.must(&["admin", "create", "--email", "owner@example.org"]);
        let owner = self.owner().await;
        let facts = json!({
            "name": "Kino Samstag",
            "location": { "address": "Torstr. 1", "city": "Berlin", "country": "DE", "latitude": 52.53, "longitude": 13.4 },
            "time_zone": "Europe/Berlin",
            "currency": "EUR",
            "tax": { "label": "MwSt. 7 %", "basis_points": 700 },
            "cancellation_policy": [{ "minutes_before": 60, "refund_basis_points": 10000 }],
        });
        let made = owner.post("/manage/theaters", facts).await.expect(201);
        text(&made.json(), "theater_id").clone_into(&mut self.theater);
        let seen = owner.get(&self.path("")).await.expect(200);
        let prices = json!({
            "ticket_types": [
                { "code": "standard", "label": "Adult" },
                { "code": "child", "label": "Child", "change": { "basis_points": -5000 } },
            ],
            "price_lists": [{
                "external_id": "regular", "name": "Regular",
                "prices": [{ "category": "standard", "amount_minor": 990 }],
                "rules": [{ "label": "Matinee", "until": "17:00", "change": { "amount": -200 } }],
            }],
        });
        owner
            .with_header("if-match", seen.header("etag"))
            .put(&self.path("/prices"), prices)
            .await
            .expect(200);
        let movie = json!({ "name": "Metropolis", "duration_minutes": 100, "release_year": 1927, "languages": ["de"] });
        let movie = owner.post(&self.path("/movies"), movie).await.expect(201);
        let movie = text(&movie.json(), "movie_id").to_owned();
        let mut screens = Vec::new();
        for number in 1..=SCREENS {
            let screen = json!({
                "name": format!("Saal {number}"), "cleaning_minutes": 20,
                "seats": { "hall": { "rows": 10, "seats_per_row": 10 } },
            });
            let screen = owner.post(&self.path("/screens"), screen).await.expect(201);
            screens.push(text(&screen.json(), "screen_id").to_owned());
        }
        for slot in SLOTS {
            let mut shows = Vec::new();
            for screen in &screens {
                let show = json!({
                    "movie_id": movie, "screen_id": screen, "start": format!("{}T{slot}", self.day), "language": "de",
                    "publish": true,
                });
                let show = owner.post(&self.path("/shows"), show).await.expect(201);
                shows.push(text(&show.json(), "show_id").to_owned());
            }
            self.shows.push(shows);
        }
        for (email, role) in [
            ("north@example.org", "box_office"),
            ("south@example.org", "box_office"),
            ("door@example.org", "door"),
        ] {
            let body = json!({ "email": email, "password": PASSWORD, "name": email });
            self.caller().post("/auth/register", body).await.expect(201);
            let theater = self.theater.clone();
            self.must(&[
                "admin",
                "grant",
                "--email",
                email,
                "--theater",
                &theater,
                "--role",
                role,
            ]);
        }
    }

    pub async fn open_shifts(&mut self) {
        for at in 0..self.windows.len() {
            let body = json!({ "window": format!("Window {}", at + 1), "float_minor": FLOAT });
            let person = self.window(at).await;
            let shift = again(
                &person,
                &self.path("/shifts"),
                &body,
                &format!("shift-{at}"),
            )
            .await;
            let shift = text(&shift.expect(201).json(), "shift_id").to_owned();
            self.windows[at].shift = Some(shift);
        }
    }
}

fn set(clock: &std::path::Path, day: NaiveDate, local: &str) {
    let time: NaiveTime = format!("{local}:00").parse().unwrap();
    let wanted = Berlin
        .from_local_datetime(&day.and_time(time))
        .earliest()
        .unwrap()
        .with_timezone(&Utc);
    let off = (wanted - Utc::now()).num_seconds();
    tell(clock, &format!("+{off}s")).unwrap();
}
