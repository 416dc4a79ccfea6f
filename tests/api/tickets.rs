//! Tickets: signed, to print, for the calendar.

use crate::shared::{items, seat_ids, show, stranger, text};
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn each_seat_has_its_own_signed_ticket_a_pdf_and_a_calendar_entry() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.buy(&show, 3).await;
    let path = format!("/bookings/{}/tickets", text(&booking, "booking_id"));
    let answer = guest.get(&path).await.expect(200);
    let tickets = answer.json();
    let list = items(&tickets["tickets"]);
    let seats: Vec<String> = list
        .iter()
        .map(|ticket| text(ticket, "seat_id").to_owned())
        .collect();
    assert_eq!(seats, seat_ids(&booking));
    let payloads: HashSet<&str> = list
        .iter()
        .map(|ticket| text(ticket, "qr_payload"))
        .collect();
    assert_eq!(payloads.len(), 3);
    for ticket in list {
        assert_eq!(ticket["status"], "valid");
        assert_eq!(ticket["test"], true, "paid in the sandbox");
        assert!(
            text(ticket, "qr_svg").starts_with("<svg")
                || text(ticket, "qr_svg").starts_with("<?xml")
        );
        assert!(
            !text(ticket, "qr_payload").contains('@'),
            "no personal data"
        );
    }
    let ics = text(&tickets, "ics");
    assert!(ics.starts_with("BEGIN:VCALENDAR\r\n") && ics.trim_end().ends_with("END:VCALENDAR"));
    assert!(ics.contains("BEGIN:VEVENT") && ics.contains("DTSTART") && ics.contains("DTEND"));
    assert!(ics.lines().all(|line| line.len() <= 75), "folded lines");
    assert!(text(&tickets, "pdf_base64").starts_with("JVBERi"), "a PDF");
    assert!(text(&tickets, "pdf_base64").len() > 1000);
    guest
        .with_header("if-none-match", answer.header("etag"))
        .get(&path)
        .await
        .expect(304);
}

#[tokio::test]
async fn there_are_no_tickets_before_the_money() {
    let caller = stranger();
    let (booking, guest) = caller.hold(&show().await, 1).await;
    let path = format!("/bookings/{}/tickets", text(&booking, "booking_id"));
    guest.get(&path).await.expect_problem(409, "not_confirmed");
}

#[tokio::test]
async fn a_cancelled_seats_ticket_is_void() {
    let caller = stranger();
    let (booking, guest) = caller.buy(&show().await, 2).await;
    let id = text(&booking, "booking_id");
    let path = format!("/bookings/{id}/tickets");
    let before = guest.get(&path).await.expect(200);
    let seats = seat_ids(&booking);
    guest
        .post(&format!("/cancel/{id}"), json!({ "seat_ids": [seats[0]] }))
        .await
        .expect(200);
    let after = guest
        .with_header("if-none-match", before.header("etag"))
        .get(&path)
        .await
        .expect(200)
        .json();
    for ticket in items(&after["tickets"]) {
        let wanted = if text(ticket, "seat_id") == seats[0] {
            "void"
        } else {
            "valid"
        };
        assert_eq!(ticket["status"], wanted);
    }
    guest
        .post(&format!("/cancel/{id}"), json!({}))
        .await
        .expect(200);
    let answer = guest.get(&path).await;
    match answer.status {
        200 => assert!(
            items(&answer.json()["tickets"])
                .iter()
                .all(|ticket| ticket["status"] == "void")
        ),
        409 => assert_eq!(answer.code(), "not_confirmed"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_receipt_says_what_was_paid_what_tax_it_contains_and_what_went_back() {
    let caller = stranger();
    let show = show().await;
    let (held, holder) = caller.hold(&show, 1).await;
    let path = format!("/bookings/{}/receipt", text(&held, "booking_id"));
    holder.get(&path).await.expect_problem(409, "not_confirmed");

    let (booking, guest) = caller.buy(&show, 2).await;
    let id = text(&booking, "booking_id");
    let path = format!("/bookings/{id}/receipt");
    let receipt = async || {
        let answer = guest.get(&path).await.expect(200).json();
        let bytes = data_encoding::BASE64.decode(text(&answer, "pdf_base64").as_bytes());
        let pdf = bytes.unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        pdf.into_iter().map(char::from).collect::<String>()
    };
    let paid = receipt().await;
    let total = booking["total_amount"]["amount_minor"].as_i64().unwrap();
    let total = format!("({}.{:02})", total / 100, total % 100);
    let taxed = items(&booking["breakdown"])
        .iter()
        .find(|line| line["kind"] == "contained")
        .unwrap();
    for words in [
        text(&booking, "reference"),
        "TEST",
        "(Total)",
        &total,
        text(taxed, "label"),
    ] {
        assert!(paid.contains(words), "{words} in {paid}");
    }
    assert!(!paid.contains("Kept"));

    guest
        .post(&format!("/cancel/{id}"), json!({}))
        .await
        .expect(200);
    let back = receipt().await;
    for words in [&*total, &total.replace('(', "(-"), "(Kept)", "(0.00)"] {
        assert!(back.contains(words), "{words} in {back}");
    }
    stranger()
        .get(&path)
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_confirmation_mail_carries_the_tickets() {
    let caller = stranger();
    let show = show().await;
    let email = format!("mailed{}@example.com", crate::shared::unique());
    let booking = caller
        .post(
            "/book",
            json!({ "show_id": show, "best": 1, "guest_email": email }),
        )
        .await
        .expect(201)
        .json();
    let guest = caller.with_token(text(&booking, "guest_token"));
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", pay).await.expect(200);
    let mail = crate::shared::until(10, "the confirmation", || async {
        crate::shared::demo()
            .mails()
            .into_iter()
            .find(|mail| mail.contains(&email))
    })
    .await;
    assert!(mail.contains("tickets.pdf") && mail.contains("show.ics"));
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    crate::shared::until(5, "the notification is sent", || async {
        let now = guest.get(&path).await.expect(200).json();
        items(&now["notifications"])
            .iter()
            .any(|n| n["kind"] == "confirmation" && n["status"] == "sent")
            .then_some(())
    })
    .await;
}
