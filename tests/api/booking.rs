//! From a hold to a ticket and back.

use matinee_tests::Server;
use serde_json::json;

#[tokio::test]
async fn a_guest_buys_two_seats_and_gets_signed_tickets() {
    let server = Server::demo().unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let show_id = show["show_id"].as_str().unwrap();
    let (booking, guest) = caller.buy(show_id, 2).await;
    assert_eq!(booking["seats"].as_array().unwrap().len(), 2);
    assert_eq!(booking["payments"][0]["status"], "captured");
    let id = booking["booking_id"].as_str().unwrap();
    let tickets = guest
        .get(&format!("/bookings/{id}/tickets"))
        .await
        .expect(200)
        .json();
    assert_eq!(tickets["tickets"].as_array().unwrap().len(), 2);
    assert!(
        tickets["tickets"][0]["qr_payload"]
            .as_str()
            .unwrap()
            .starts_with("MT1:")
    );
    assert!(tickets["tickets"][0]["test"].as_bool().unwrap());
    let cancelled = guest
        .post(&format!("/cancel/{id}"), json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(cancelled["booking"]["status"], "cancelled");
    assert!(
        cancelled["refund"]["amount"]["amount_minor"]
            .as_i64()
            .unwrap()
            > 0
    );
    caller
        .get(&format!("/bookings/{id}"))
        .await
        .expect_problem(401, "unauthenticated");
}
