//! Many buyers, one show.

use matinee_tests::{Server, server};
use serde_json::{Value, json};
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_buyers_of_one_show_never_share_a_seat() {
    let mut server = Server::demo().unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let show_id = show["show_id"].as_str().unwrap().to_owned();
    let seats = caller
        .get(&format!("/shows/{show_id}/seats"))
        .await
        .expect(200)
        .json();
    let seat_ids: Vec<String> = seats["seats"]
        .as_array()
        .unwrap()
        .iter()
        .take(40)
        .map(|s| s["seat_id"].as_str().unwrap().to_owned())
        .collect();
    // Every buyer wants two neighbours; each seat is wanted by about ten of them.
    let mut buyers = tokio::task::JoinSet::new();
    for buyer in 0..200_usize {
        let (caller, show_id) = (caller.clone(), show_id.clone());
        let first = (buyer * 7) % (seat_ids.len() - 1);
        let wanted = [seat_ids[first].clone(), seat_ids[first + 1].clone()];
        buyers.spawn(async move {
            let body = json!({ "show_id": show_id, "seat_ids": wanted, "guest_email": "crowd@example.com" });
            let answer = caller.post("/book", body).await;
            match answer.status {
                201 => {
                    let booking = answer.json();
                    let guest = caller.with_token(booking["guest_token"].as_str().unwrap());
                    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
                    Some(guest.post("/payment", pay).await.expect(200).json())
                }
                409 | 422 => None,
                other => panic!("{other}: {}", String::from_utf8_lossy(&answer.bytes)),
            }
        });
    }
    let sold: Vec<Value> = buyers.join_all().await.into_iter().flatten().collect();
    let mut seen = HashSet::new();
    for seat in sold
        .iter()
        .flat_map(|booking| booking["seats"].as_array().unwrap())
    {
        assert!(
            seen.insert(seat["seat_id"].as_str().unwrap().to_owned()),
            "{seat} was sold twice"
        );
    }
    assert!(!seen.is_empty());
    let now = caller
        .get(&format!("/shows/{show_id}/seats"))
        .await
        .expect(200)
        .json();
    let taken = now["seats"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|seat| seat["status"] == "sold")
        .count();
    assert_eq!(taken, seen.len());
    server.stop().unwrap();
    let (status, text) = server::run(server.folder(), &["verify"]).unwrap();
    assert!(status.success(), "{text}");
}
