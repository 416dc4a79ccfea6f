//! Many buyers, one show.

use matinee_tests::{
    Caller, Server,
    crowd::{Crowd, Manners, Plan, Then},
    history::Recorder,
    server,
};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_buyers_of_one_show_never_share_a_seat_and_versions_only_grow() {
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
    // Somebody watches: versions grow, and what is seen at the end is what is so.
    let ended = Arc::new(AtomicBool::new(false));
    let watcher = tokio::spawn(watch(caller.clone(), show_id.clone(), Arc::clone(&ended)));
    // Every buyer wants two neighbours; each seat is wanted by about ten of them.
    let recorder = Arc::new(Recorder::new(Duration::from_mins(7)));
    let crowd = Crowd::at(vec![server.url().to_owned()], Manners::default(), recorder);
    let crowd = Arc::new(crowd);
    let all = seats["seats"].as_array().unwrap().len();
    crowd.recorder.capacity(&show_id, all);
    let mut buyers = tokio::task::JoinSet::new();
    for buyer in 0..200_usize {
        let (crowd, show) = (Arc::clone(&crowd), show_id.clone());
        let first = (buyer * 7) % (seat_ids.len() - 1);
        let seats = vec![seat_ids[first].clone(), seat_ids[first + 1].clone()];
        buyers.spawn(async move {
            let then = Then::Pay;
            crowd
                .buy(
                    buyer,
                    &Plan {
                        show: show.clone(),
                        seats,
                        then,
                    },
                )
                .await;
            crowd.look(&show).await;
        });
    }
    buyers.join_all().await;
    crowd.repeat().await;
    let history = crowd.close(None).await;
    let report = history.check();
    println!("{report}");
    report.expect_possible();
    assert_eq!(report.unknown, 0);
    let mut seen = HashSet::new();
    for seat in history.finals.iter().flat_map(|booking| &booking.seats) {
        assert!(seen.insert(seat.clone()), "{seat} was sold twice");
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
    ended.store(true, Ordering::Relaxed);
    // One more change, so that the watcher wakes up.
    let (last, guest) = caller.hold(&show_id, 1).await;
    let path = format!("/bookings/{}", last["booking_id"].as_str().unwrap());
    guest.delete(&path).await.expect(204);
    let (watched, events) = watcher.await.unwrap();
    let sold_watched = watched.values().filter(|status| *status == "sold").count();
    assert_eq!(
        sold_watched,
        seen.len(),
        "after {events} events the watcher saw every sale"
    );
    server.stop().unwrap();
    let (status, text) = server::run(server.folder(), &["verify"]).unwrap();
    assert!(status.success(), "{text}");
}

/// Follows the live events until it is told to end and then to the first version past the map's: every seat's status as
/// it was told, and how many events it took.
async fn watch(
    caller: Caller,
    show_id: String,
    ended: Arc<AtomicBool>,
) -> (HashMap<String, String>, usize) {
    let mut stream = caller.open(&format!("/shows/{show_id}/seats/live")).await;
    let (mut buffer, mut seats, mut last, mut events) = (String::new(), HashMap::new(), 0, 0);
    while let Some(chunk) = stream.chunk().await.unwrap() {
        buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some(end) = buffer.find("\n\n") {
            let block: String = buffer.drain(..end + 2).collect();
            let Some(data) = block.lines().find_map(|line| line.strip_prefix("data:")) else {
                continue;
            };
            let data: Value = serde_json::from_str(data).unwrap();
            let version = data["version"].as_u64().unwrap();
            assert!(version > last, "version {version} after {last}");
            (last, events) = (version, events + 1);
            let changes = if data["seats"].is_array() {
                &data["seats"]
            } else {
                &data["changes"]
            };
            for change in changes.as_array().unwrap() {
                let (seat, status) = (
                    change["seat_id"].as_str().unwrap(),
                    change["status"].as_str().unwrap(),
                );
                // A sold seat stays sold: nobody here cancels.
                if seats.get(seat).is_some_and(|before| before == "sold") {
                    assert_eq!(status, "sold", "{seat}");
                }
                seats.insert(seat.to_owned(), status.to_owned());
            }
        }
        if ended.load(Ordering::Relaxed) && events > 1 {
            break;
        }
    }
    (seats, events)
}
