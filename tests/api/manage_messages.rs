//! Messages that did not arrive: staff see them, learn what to do, and send them again.

use crate::{
    manage::{admin, house, own, person},
    shared::{database, items, text, until},
};
use serde_json::{Value, json};

fn resend(booking: &Value, message: &Value) -> String {
    let (booking, message) = (text(booking, "booking_id"), text(message, "message_id"));
    format!("/manage/bookings/{booking}/messages/{message}/resend")
}

#[tokio::test]
async fn a_dead_letter_is_seen_and_sent_again() {
    let own = own().await;
    let show = own.on_sale(3).await;
    let (bought, _) = house().caller().buy(&show, 1).await;
    let (_, _, box_office) = person(&own.theater_id, "box_office").await;
    let sent = until(20, "the confirmation went out", || async {
        let page = box_office
            .get(&own.path("/messages?state=sent"))
            .await
            .expect(200)
            .json();
        items(&page["items"]).first().cloned()
    })
    .await;
    assert_eq!(
        (&sent["kind"], &sent["channel"]),
        (&json!("confirmation"), &json!("email"))
    );
    assert_eq!(sent["booking_id"], bought["booking_id"]);
    assert_eq!(sent["recipient"], "guest@example.com");
    let dead = own.path("/messages?state=dead");
    let none = box_office.get(&dead).await.expect(200).json();
    assert_eq!(none["items"], json!([]));
    // A mail server refused it for good.
    let changed = database(house())
        .execute(
            "UPDATE messages SET status = 'failed', sent_at = NULL, attempts = 15, last_error = '550 no such mailbox'
             WHERE kind = 'confirmation' AND booking IN (SELECT booking FROM bookings WHERE replace(reference, '-', '') = replace(?1, '-', ''))",
            [text(&bought, "reference")],
        )
        .unwrap();
    assert_eq!(changed, 1);
    let page = box_office.get(&dead).await.expect(200).json();
    let letter = &items(&page["items"])[0];
    assert_eq!(
        (&letter["error"], &letter["can_resend"]),
        (&json!("550 no such mailbox"), &json!(true))
    );
    assert!(text(letter, "advice").contains("address"), "{letter}");
    assert_eq!(page["next_cursor"], Value::Null);
    // Of another theater it is not there; the administrator sees all.
    let elsewhere = crate::manage::own().await;
    elsewhere
        .owner
        .post(&resend(&bought, letter), json!({}))
        .await
        .expect_problem(404, "not_found");
    let all = admin()
        .await
        .get("/manage/messages?state=dead&limit=100")
        .await
        .expect(200)
        .json();
    let is_it = |message: &&Value| message["message_id"] == letter["message_id"];
    assert!(items(&all["items"]).iter().any(|message| is_it(&message)));
    let again = box_office
        .post(&resend(&bought, letter), json!({}))
        .await
        .expect(200)
        .json();
    assert_ne!(again["status"], "failed");
    until(20, "it went out again", || async {
        let page = box_office
            .get(&own.path("/messages?state=sent"))
            .await
            .expect(200)
            .json();
        items(&page["items"]).iter().find(is_it).cloned()
    })
    .await;
    box_office
        .get(&own.path("/messages?cursor=x"))
        .await
        .expect_problem(400, "malformed_cursor");
}

#[tokio::test]
async fn tickets_are_sent_once_more_while_they_are_good() {
    let own = own().await;
    let show = own.on_sale(3).await;
    let (bought, guest) = house().caller().buy(&show, 1).await;
    let mails = || {
        let reference = text(&bought, "reference").to_owned();
        let mails = house().mails().into_iter();
        mails
            .filter(|mail| mail.contains(&reference) && mail.contains("tickets.pdf"))
            .count()
    };
    until(20, "the confirmation", || async {
        (mails() == 1).then_some(())
    })
    .await;
    let path = format!("/manage/bookings/{}/resend", text(&bought, "booking_id"));
    own.owner.post(&path, json!({})).await.expect(200);
    until(20, "the confirmation once more", || async {
        (mails() == 2).then_some(())
    })
    .await;
    // One that was forgotten by now is written anew.
    database(house())
        .execute(
            "DELETE FROM messages WHERE kind = 'confirmation' AND status = 'sent'
               AND booking IN (SELECT booking FROM bookings WHERE replace(reference, '-', '') = replace(?1, '-', ''))",
            [text(&bought, "reference")],
        )
        .unwrap();
    own.owner.post(&path, json!({})).await.expect(200);
    until(20, "a new confirmation", || async {
        (mails() == 3).then_some(())
    })
    .await;
    let cancel = format!("/cancel/{}", text(&bought, "booking_id"));
    guest.post(&cancel, json!({})).await.expect(200);
    own.owner
        .post(&path, json!({}))
        .await
        .expect_problem(409, "not_confirmed");
}
