//! Messages on their whole way: from a purchase over HTTP to a real inbox, phone, browser and broker; and what other
//! programs read of the programme.

mod computers;
mod mail;
mod outlets;
mod phones;
mod published;

use matinee_tests::{Caller, Server, ServerOptions};
use serde_json::{Value, json};
use std::path::Path;

/// Options of a server with these lines in its file of options, where secrets may stand.
fn options(folder: &Path, lines: &str) -> ServerOptions {
    let file = folder.join("options.toml");
    std::fs::write(&file, lines).unwrap();
    ServerOptions {
        arguments: vec!["--config".into(), file.display().to_string()],
        ..ServerOptions::default()
    }
}

/// A user in German with these changes to their profile.
async fn user(server: &Server, change: impl FnOnce(&mut Value)) -> Caller {
    let body =
        json!({ "email": "ada@example.com", "password": "correct horse battery", "name": "Ada" });
    let session = server
        .caller()
        .post("/auth/register", body)
        .await
        .expect(201)
        .json();
    let user = server
        .caller()
        .with_token(session["access_token"].as_str().unwrap());
    let mut profile = user.get("/users/me/profile").await.expect(200).json();
    profile["language"] = "de".into();
    change(&mut profile);
    user.put("/users/me/profile", profile).await.expect(200);
    user
}

/// Buys two seats; the booking.
async fn buy(user: &Caller) -> Value {
    let show = user.some_show().await;
    let body = json!({ "show_id": show["show_id"], "best": 2 });
    let booking = user.post("/book", body).await.expect(201).json();
    let body = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    user.post("/payment", body).await.expect(200).json()
}

/// Waits until something is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = std::time::Instant::now();
    while !so().await {
        assert!(
            begun.elapsed() < std::time::Duration::from_mins(1),
            "{what}: not within a minute"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
