//! Delivery over a whole server: who gets what, once, and what becomes of what does not go out.

use super::*;
use crate::{
    config::{MailRoute, Secret},
    testing::House,
};
use axum::{Router, http::StatusCode};
use matinee_store::outbox::{MessageQuery, MessageRow, MessageStatus};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

#[test]
fn a_message_is_tried_for_about_a_day_and_an_unsendable_one_never() {
    let now = DateTime::from_timestamp(0, 0).unwrap();
    let error = |after| {
        DeliveryError::Send(SendError::Temporary {
            why: "busy".into(),
            after,
        })
    };
    let mut waited = TimeDelta::zero();
    for attempt in 1..ATTEMPTS {
        waited += retry_at(&error(None), attempt, now).unwrap() - now;
    }
    assert!(
        waited > TimeDelta::hours(23) && waited < TimeDelta::hours(26),
        "{waited}"
    );
    assert_eq!(retry_at(&error(None), ATTEMPTS, now), None);
    let asked = |seconds| {
        retry_at(
            &error(Some(std::time::Duration::from_secs(seconds))),
            1,
            now,
        )
    };
    assert_eq!(asked(600), Some(now + TimeDelta::minutes(10)));
    assert_eq!(asked(5), Some(now + TimeDelta::seconds(30)));
    assert_eq!(asked(u64::MAX / 2), Some(now + TimeDelta::seconds(30)));
    assert_eq!(asked(99_999_999), Some(now + ASKED_MOST));
    let never = DeliveryError::Send(SendError::Unsendable("x".into()));
    assert_eq!(retry_at(&never, 1, now), None);
    assert_eq!(retry_at(&DeliveryError::Gone, 1, now), None);
}

/// One round of every medium, as the jobs do it.
async fn deliver_all(house: &House) {
    for medium in Medium::ALL {
        deliver(&house.app, medium).await.unwrap();
    }
}

/// A cinema with other settings.
async fn cinema(change: impl FnOnce(&mut crate::config::Config)) -> House {
    let settings = |config: &mut crate::config::Config| {
        config.sandbox_payments = true;
        change(config);
    };
    House::cinema_with(settings, Router::new()).await
}

/// A user with these choices: the authorization.
async fn user(house: &House, change: impl FnOnce(&mut Value)) -> String {
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    let session = house.post("/auth/register", &[], body).await;
    let bearer = format!("Bearer {}", session.text("access_token"));
    let with = [("authorization", &bearer[..])];
    let mut profile = house.get("/users/me/profile", &with).await.body;
    change(&mut profile);
    let path = "/api/v1/users/me/profile";
    let saved = house
        .call(axum::http::Method::PUT, path, &with, profile)
        .await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    bearer
}

/// Books two seats of the first show and pays; the booking's id.
async fn paid(house: &House, bearer: Option<&str>) -> String {
    let show = house.shows().await[0];
    let mut body = json!({ "show_id": show, "best": 2 });
    if bearer.is_none() {
        body["guest_email"] = "guest@example.org".into();
    }
    let headers: Vec<_> = bearer
        .map(|bearer| ("authorization", bearer))
        .into_iter()
        .collect();
    let held = house.post("/book", &headers, body).await;
    assert_eq!(held.status, StatusCode::CREATED, "{held:?}");
    let guest = format!("Bearer {}", held.text("guest_token"));
    let headers = [("authorization", bearer.unwrap_or(&guest))];
    let id = held.text("booking_id");
    let body = json!({ "booking_id": id, "payment_method": "pm_card_visa" });
    let answer = house.post("/payment", &headers, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    id
}

async fn rows(house: &House, kind: &str) -> Vec<MessageRow> {
    let query = MessageQuery {
        limit: 100,
        ..MessageQuery::default()
    };
    let rows = house.app.store.messages(query).await.unwrap();
    rows.into_iter().filter(|row| row.kind == kind).collect()
}

/// The mails in the folder whose subject begins so.
fn mails(house: &House, subject: &str) -> Vec<String> {
    let wanted = format!("Subject: {subject}");
    let files = std::fs::read_dir(house.dir.path().join("mail")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    // Long lines are folded.
    let texts = texts.map(|text| text.replace("=\r\n", ""));
    texts.filter(|text| text.contains(&wanted)).collect()
}

/// Answers every request with a status, and tells what was asked.
async fn listens(status: u16) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    listens_and_says(status, "").await
}

/// The same, with words.
async fn listens_and_says(
    status: u16,
    says: &'static str,
) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let (mut whole, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                whole.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            whole.push_str(&String::from_utf8(body).unwrap());
            let _ = tell.send(whole);
            let length = says.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{says}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, told)
}

/// A mail server that lets nobody in.
async fn refuses() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            for answer in [
                "220 hi\r\n",
                "250-hi\r\n250 AUTH PLAIN\r\n",
                "535 5.7.8 expired\r\n",
            ] {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.read_line(&mut String::new()).await;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_refused_password_uses_no_attempts_up_and_is_seen() {
    let port = refuses().await;
    let url = format!("smtp://matinee:old@127.0.0.1:{port}");
    let house = cinema(|config| config.mail = MailRoute::Smtp(Secret::new(url))).await;
    paid(&house, None).await;
    for _ in 0..20 {
        deliver_all(&house).await;
        house.later(TimeDelta::minutes(6));
    }
    let row = rows(&house, "confirmation").await.remove(0);
    assert_eq!((row.status, row.attempts), (MessageStatus::Pending, 0));
    let error = row.last_error.unwrap();
    assert!(
        error.contains("MATINEE_SMTP_URL") && error.contains("expired"),
        "{error}"
    );
    assert_eq!(house.app.channels.refusing(), [Medium::Email]);
    let metrics = house.app.metrics.render();
    let counted = "matinee_channel_attempts_total{channel=\"email\",outcome=\"refused\"} 20";
    assert!(metrics.contains(counted), "{metrics}");
    // Not for ever.
    house.later(TimeDelta::days(3));
    deliver_all(&house).await;
    let row = rows(&house, "confirmation").await.remove(0);
    assert_eq!(row.status, MessageStatus::Failed);
    // The password is mended: whoever runs the server sends it again.
    let folder = house.dir.path().join("mail");
    let house = house
        .restarted_with(|config| config.mail = MailRoute::Folder(folder))
        .await;
    let now = house.app.clock.now();
    assert!(
        house
            .app
            .store
            .resend_message(row.booking_id, row.notification_id, now)
            .await
            .unwrap()
    );
    deliver_all(&house).await;
    assert_eq!(mails(&house, "Your tickets").len(), 1);
    assert_eq!(house.app.channels.refusing(), []);
    house.close().await;
}

#[tokio::test]
async fn a_message_reaches_everybody_who_wants_it_once() {
    let (port, mut hooked) = listens(204).await;
    let (sms_port, mut texted) = listens(201).await;
    let house = cinema(|config| {
        config.private_targets = true;
        let sms = format!("twilio://AC1:token@127.0.0.1:{sms_port}/?from=%2B4930&plain=1");
        config.channels = vec![Secret::new(sms)];
    })
    .await;
    let refunds = matinee_store::subscribers::WebhookRow {
        kinds: vec!["refund".into()],
        ..hook(2, port)
    };
    house.app.store.save_webhook(hook(1, port)).await.unwrap();
    house.app.store.save_webhook(refunds).await.unwrap();
    let bearer = user(&house, |profile| {
        profile["phone"] = "+353 1 234567".into();
        profile["notifications"]["sms"] = true.into();
        profile["language"] = "de".into();
    })
    .await;
    let id = paid(&house, Some(&bearer)).await;
    for _ in 0..3 {
        deliver_all(&house).await;
    }
    let told = hooked.recv().await.unwrap();
    assert!(
        told.starts_with("POST /1 ") && told.contains("webhook-signature: v1,"),
        "{told}"
    );
    assert!(
        told.contains("\"type\":\"booking.confirmed\"") && told.contains(&id),
        "{told}"
    );
    assert!(!told.contains("ada@example.org"), "{told}");
    assert!(
        hooked.try_recv().is_err(),
        "one webhook wants refunds only, the other is told once"
    );
    let text = texted.recv().await.unwrap();
    assert!(
        text.contains("To=%2B3531234567") && text.contains("Pl%C3%A4tze"),
        "{text}"
    );
    assert!(texted.try_recv().is_err());
    assert_eq!(mails(&house, "Ihre Tickets").len(), 1);
    // The user sees what they get; an integrator's is not theirs.
    let with = [("authorization", &bearer[..])];
    let booking = house.get(&format!("/bookings/{id}"), &with).await.body;
    let mut channels: Vec<_> = booking["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["channel"].as_str().unwrap())
        .collect();
    channels.sort_unstable();
    assert_eq!(channels, ["email", "sms"]);
    house.close().await;
}

/// A webhook with this first byte that hears everything.
fn hook(byte: u8, port: u16) -> matinee_store::subscribers::WebhookRow {
    matinee_store::subscribers::WebhookRow {
        webhook_id: matinee_domain::ids::WebhookId::from_bytes([byte; 16]),
        url: format!("http://127.0.0.1:{port}/{byte}"),
        kinds: vec![],
        generation: 1,
        previous_until: None,
        stopped: None,
        created_at: Utc::now(),
    }
}

#[tokio::test]
async fn who_chose_no_mail_gets_none_but_of_moved_shows() {
    let house = cinema(|_| ()).await;
    let bearer = user(&house, |profile| {
        profile["notifications"]["email"] = false.into();
    })
    .await;
    paid(&house, Some(&bearer)).await;
    deliver_all(&house).await;
    assert_eq!(rows(&house, "confirmation").await, []);
    assert!(mails(&house, "Your tickets").is_empty());
    house
        .import(|file| file["shows"][0]["start_local"] = "2030-05-04T14:30".into())
        .await;
    assert_eq!(planned::tell_moves(&house.app).await.unwrap().done, 1);
    deliver_all(&house).await;
    assert_eq!(mails(&house, "Another time: Casablanca").len(), 1);
    house.close().await;
}

#[tokio::test]
async fn a_moved_show_is_told_to_everybody_once() {
    let house = cinema(|_| ()).await;
    paid(&house, None).await;
    deliver_all(&house).await;
    let shift =
        |to: &'static str| house.import(move |file| file["shows"][0]["start_local"] = to.into());
    shift("2030-05-04T14:30").await;
    for expected in [1, 0] {
        assert_eq!(
            planned::tell_moves(&house.app).await.unwrap().done,
            expected
        );
        deliver_all(&house).await;
    }
    let mail = mails(&house, "Another time: Casablanca").remove(0);
    assert!(
        mail.contains("14:30 instead of Saturday 4 May 2030, 15:00"),
        "{mail}"
    );
    assert!(mail.contains("method=PUBLISH"), "{mail}");
    // Back, and there again: each is news.
    for (to, count) in [("2030-05-04T15:00", 2), ("2030-05-04T14:30", 3)] {
        shift(to).await;
        planned::tell_moves(&house.app).await.unwrap();
        deliver_all(&house).await;
        assert_eq!(mails(&house, "Another time: Casablanca").len(), count);
    }
    house.close().await;
}

#[tokio::test]
async fn users_are_reminded_once_at_their_theaters_hour() {
    let house = cinema(|_| ()).await;
    let bearer = user(&house, |_| ()).await;
    paid(&house, Some(&bearer)).await;
    paid(&house, None).await;
    // It is 13:00 in Dublin, and the show begins at 15:00 on the day after: the reminder is due at 11:00 there.
    let reminded = async || planned::remind(&house.app).await.unwrap().done;
    for (hours, expected) in [(0, 0), (21, 0), (1, 1), (0, 0), (1, 0)] {
        house.later(TimeDelta::hours(hours));
        assert_eq!(reminded().await, expected, "{}", house.app.clock.now());
    }
    deliver_all(&house).await;
    let mail = mails(&house, "Casablanca: Saturday 4 May 2030, 15:00").remove(0);
    assert!(
        mail.contains("To: ada@example.org") && mail.contains("List-Unsubscribe: <http"),
        "{mail}"
    );
    // A server that starts again does not remember, and still sends it once.
    let house = house.restarted().await;
    assert_eq!(planned::remind(&house.app).await.unwrap().done, 0);
    assert_eq!(rows(&house, "reminder").await.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn nobody_is_reminded_of_what_they_gave_back() {
    let house = cinema(|_| ()).await;
    let bearer = user(&house, |_| ()).await;
    let id = paid(&house, Some(&bearer)).await;
    deliver_all(&house).await;
    house.later(TimeDelta::hours(22));
    assert_eq!(planned::remind(&house.app).await.unwrap().done, 1);
    let body = json!({ "email": "ada@example.org", "password": "correct horse" });
    let session = house.post("/auth/login", &[], body).await;
    let bearer = format!("Bearer {}", session.text("access_token"));
    let with = [("authorization", &bearer[..])];
    let cancelled = house.post(&format!("/cancel/{id}"), &with, json!({})).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{cancelled:?}");
    deliver_all(&house).await;
    assert_eq!(rows(&house, "reminder").await, []);
    let mail = mails(&house, "Cancelled: Casablanca").remove(0);
    assert!(mail.contains("method=CANCEL"), "{mail}");
    house.close().await;
}

mod computers;
mod counter;
mod late;
mod outlets;
