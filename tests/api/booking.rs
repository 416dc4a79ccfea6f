//! From a hold to a ticket and back: the whole path once.

use crate::shared::{self, items, minor, show, stranger, text};
use serde_json::json;

#[tokio::test]
async fn a_guest_buys_two_seats_and_gets_signed_tickets() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.buy(&show, 2).await;
    assert_eq!(items(&booking["seats"]).len(), 2);
    assert_eq!(booking["payments"][0]["status"], "captured");
    let id = text(&booking, "booking_id");
    let tickets = guest
        .get(&format!("/bookings/{id}/tickets"))
        .await
        .expect(200)
        .json();
    assert_eq!(items(&tickets["tickets"]).len(), 2);
    assert!(text(&tickets["tickets"][0], "qr_payload").starts_with("MT1:"));
    assert!(tickets["tickets"][0]["test"].as_bool().unwrap());
    let cancelled = guest
        .post(&format!("/cancel/{id}"), json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(cancelled["booking"]["status"], "cancelled");
    assert!(minor(&cancelled["refund"]["amount"]) > 0);
    caller
        .get(&format!("/bookings/{id}"))
        .await
        .expect_problem(401, "unauthenticated");
    for seat in shared::seat_ids(&booking) {
        assert_eq!(
            shared::seat_status(&caller, &show, &seat).await,
            "available"
        );
    }
}
