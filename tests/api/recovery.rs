//! A guest's way back to a booking.

use crate::shared::{database, demo, mailed_secret, show, stranger, text, unique, until};
use matinee_tests::Server;
use serde_json::json;

#[tokio::test]
async fn a_mailed_link_opens_the_booking_once() {
    let caller = stranger();
    let email = format!("lost{}@example.com", unique());
    let body = json!({ "show_id": show().await, "best": 1, "guest_email": email });
    let booking = caller.post("/book", body).await.expect(201).json();
    let ask = json!({ "reference": booking["reference"], "email": email });
    let known = caller.post("/bookings/recover", ask).await.expect(202);
    for (reference, email) in [
        ("AAAAA-AAAAA", email.as_str()),
        (text(&booking, "reference"), "other@example.com"),
        ("", ""),
        ("no such thing", "x"),
    ] {
        let unknown = caller
            .post(
                "/bookings/recover",
                json!({ "reference": reference, "email": email }),
            )
            .await
            .expect(202);
        assert_eq!(known.bytes, unknown.bytes);
    }
    let secret = mailed_secret(demo(), &email, "/recover").await;
    let found = caller
        .post("/bookings/recover/redeem", json!({ "token": secret }))
        .await
        .expect(200)
        .json();
    assert_eq!(found["booking"]["booking_id"], booking["booking_id"]);
    let guest = caller.with_token(text(&found["booking"], "guest_token"));
    guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200);
    for token in [secret.as_str(), "forged", ""] {
        caller
            .post("/bookings/recover/redeem", json!({ "token": token }))
            .await
            .expect_problem(401, "session_ended");
    }
    assert!(
        !demo()
            .mails()
            .iter()
            .any(|mail| mail.contains("To: other@example.com")),
        "nobody else gets a mail"
    );
}

/// A mail's text, its transfer encoding undone.
fn plain(mail: &str) -> String {
    mail.replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=")
}

#[tokio::test]
async fn no_mail_about_a_booking_opens_it() {
    let caller = stranger();
    let email = format!("careful{}@example.com", unique());
    let body = json!({ "show_id": show().await, "best": 1, "guest_email": email });
    let held = caller.post("/book", body).await.expect(201).json();
    let token = text(&held, "guest_token").to_owned();
    let guest = caller.with_token(&token);
    let pay = json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", pay).await.expect(200);
    guest
        .post(&format!("/cancel/{}", text(&held, "booking_id")), json!({}))
        .await
        .expect(200);
    let mails = until(10, "confirmation and cancellation are mailed", || async {
        let to = format!("To: {email}");
        let mails = demo().mails().into_iter().filter(|mail| mail.contains(&to));
        let mails: Vec<String> = mails.map(|mail| plain(&mail)).collect();
        (mails.len() >= 2).then_some(mails)
    })
    .await;
    for mail in mails {
        assert!(!mail.contains(&token) && !mail.contains("mg_"), "{mail}");
        assert!(
            !mail.contains("#guest") && !mail.contains("#token"),
            "{mail}"
        );
        let way_back = format!("/recover?reference={}", text(&held, "reference"));
        assert!(mail.contains(&way_back), "{mail}");
    }
}

#[tokio::test]
async fn a_wrong_guess_costs_the_same_write_as_a_right_one() {
    // A server of its own: others ask for links too.
    let server = Server::demo().unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let email = format!("timed{}@example.com", unique());
    let body = json!({ "show_id": show["show_id"], "best": 1, "guest_email": email });
    let booking = caller.post("/book", body).await.expect(201).json();
    let conn = database(&server);
    let rows = || -> (i64, i64) {
        let count = |filter: &str| -> i64 {
            let sql = format!(
                "SELECT count(*) FROM one_time_secrets WHERE purpose = 'booking_recovery' AND {filter}"
            );
            conn.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        (count("subject = ''"), count("subject <> ''"))
    };
    for (reference, email, hit) in [
        (text(&booking, "reference"), email.as_str(), true),
        (text(&booking, "reference"), "other@example.com", false),
        ("AAAAA-AAAAA", email.as_str(), false),
        ("no such thing", "x", false),
    ] {
        conn.execute("DELETE FROM one_time_secrets WHERE subject = ''", [])
            .unwrap();
        let before = rows();
        let ask = json!({ "reference": reference, "email": email });
        caller.post("/bookings/recover", ask).await.expect(202);
        let after = rows();
        let written = (after.0 - before.0, after.1 - before.1);
        assert_eq!(
            written,
            if hit { (0, 1) } else { (1, 0) },
            "{reference} {email}"
        );
    }
}
