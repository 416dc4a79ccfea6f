//! A guest's way back to a booking.

use crate::shared::{demo, mailed_secret, show, stranger, text, unique};
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
