//! What the tests of staff calls share: a server on which a password is enough for staff, and a theater of one's own.

use crate::shared::{PASSWORD, account, text, unique};
use matinee_tests::{Answer, Caller, Server, ServerOptions, server};
use serde_json::{Value, json};
use std::sync::LazyLock;
use tokio::sync::OnceCell;

static SERVER: LazyLock<&'static Server> = LazyLock::new(|| {
    let options = ServerOptions {
        arguments: vec!["--staff-second-factor".into(), "off".into()],
        ..ServerOptions::default()
    };
    Server::start(&options).unwrap().shared().unwrap()
});

/// The server of these tests, with the demo.
pub fn house() -> &'static Server {
    *SERVER
}

/// The server's administrator.
pub async fn admin() -> Caller {
    static TOKEN: OnceCell<String> = OnceCell::const_new();
    let make = || async {
        let made = std::process::Command::new(server::program())
            .args(["admin", "create", "--email", "boss@example.com"])
            .env("MATINEE_DATABASE", server::database(house().folder()))
            .env("MATINEE_ADMIN_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let login = json!({ "email": "boss@example.com", "password": PASSWORD });
        let session = house()
            .caller()
            .post("/auth/login", login)
            .await
            .expect(200)
            .json();
        text(&session, "access_token").to_owned()
    };
    let token = TOKEN.get_or_init(make).await;
    house().caller().with_token(token)
}

/// Gives somebody a role on the command line: whether that was done, and what was said.
pub fn grant(server: &Server, email: &str, theater: &str, role: &str) -> (bool, String) {
    let (status, words) = server::run(
        server.folder(),
        &[
            "admin",
            "grant",
            "--email",
            email,
            "--theater",
            theater,
            "--role",
            role,
        ],
    )
    .unwrap();
    (status.success(), words)
}

/// A new account with this role: its e-mail, its id and a caller.
pub async fn person(theater: &str, role: &str) -> (String, String, Caller) {
    let (email, session, caller) = account(&house().caller()).await;
    let (done, words) = grant(house(), &email, theater, role);
    assert!(done, "{words}");
    (email, text(&session, "user_id").to_owned(), caller)
}

/// What a theater is, as its owner writes it.
pub fn facts() -> Value {
    json!({
        "name": format!("Kino {}", unique()),
        "location": { "address": "Torstr. 1", "city": "Berlin", "country": "DE", "latitude": 52.53, "longitude": 13.4 },
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "tax": { "label": "MwSt. 7 %", "basis_points": 700 },
        "cancellation_policy": [{ "minutes_before": 60, "refund_basis_points": 10000 }],
    })
}

/// What it charges.
pub fn prices() -> Value {
    json!({
        "ticket_types": [
            { "code": "standard", "label": "Adult" },
            { "code": "child", "label": "Child", "change": { "basis_points": -5000 } },
        ],
        "price_lists": [{
            "external_id": "regular", "name": "Regular",
            "prices": [{ "category": "standard", "amount_minor": 1000 }, { "category": "premium", "amount_minor": 1300 }],
            "rules": [{ "label": "Matinee", "until": "17:00", "change": { "amount": -200 } }],
        }],
    })
}

/// A theater of one's own, with its owner.
pub struct Own {
    pub theater_id: String,
    pub screen_id: String,
    pub movie_id: String,
    pub owner: Caller,
    pub email: String,
}

impl Own {
    pub fn path(&self, rest: &str) -> String {
        format!("/manage/theaters/{}{rest}", self.theater_id)
    }

    /// A show's body: in the evening so many days ahead.
    pub fn show(&self, days: i64) -> Value {
        let day = chrono::Utc::now().date_naive() + chrono::TimeDelta::days(days);
        self.show_at(&format!("{day}T20:00"))
    }

    pub fn show_at(&self, start: &str) -> Value {
        json!({ "movie_id": self.movie_id, "screen_id": self.screen_id, "start": start, "language": "de" })
    }

    /// Makes a show, on sale.
    pub async fn on_sale(&self, days: i64) -> String {
        let mut body = self.show(days);
        body["publish"] = json!(true);
        let made = self
            .owner
            .post(&self.path("/shows"), body)
            .await
            .expect(201);
        text(&made.json(), "show_id").to_owned()
    }

    /// The list of changes, newest first: what was done, and by whom.
    pub async fn audit(&self) -> Vec<Value> {
        let page = self
            .owner
            .get(&self.path("/audit?limit=100"))
            .await
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    }
}

/// Changes what was read, with the version that was read.
pub async fn put(caller: &Caller, path: &str, body: Value) -> Answer {
    let seen = caller.get(path).await.expect(200);
    let caller = caller.with_header("if-match", seen.header("etag"));
    caller.put(path, body).await
}

/// A theater with prices, a screen of five rows of eight, and a movie of 100 minutes.
pub async fn own() -> Own {
    let made = admin()
        .await
        .post("/manage/theaters", facts())
        .await
        .expect(201)
        .json();
    let theater_id = text(&made, "theater_id").to_owned();
    let (email, _, owner) = person(&theater_id, "owner").await;
    let path = format!("/manage/theaters/{theater_id}");
    let version = owner.get(&path).await.expect(200).header("etag").to_owned();
    owner
        .with_header("if-match", &version)
        .put(&format!("{path}/prices"), prices())
        .await
        .expect(200);
    let hall = json!({ "rows": 5, "seats_per_row": 8, "aisles_after": [4], "wheelchair_places": 1, "premium_rows": 1 });
    let screen = json!({ "name": "Saal 1", "cleaning_minutes": 20, "seats": { "hall": hall } });
    let screen = owner
        .post(&format!("{path}/screens"), screen)
        .await
        .expect(201)
        .json();
    let movie = json!({ "name": "Metropolis", "duration_minutes": 100, "release_year": 1927, "languages": ["de"] });
    let movie = owner
        .post(&format!("{path}/movies"), movie)
        .await
        .expect(201)
        .json();
    Own {
        screen_id: text(&screen, "screen_id").to_owned(),
        movie_id: text(&movie, "movie_id").to_owned(),
        theater_id,
        owner,
        email,
    }
}
