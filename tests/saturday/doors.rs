//! Letting people in: with the network, and through a bad half hour without it.

use crate::{
    books::{Books, Sale},
    house::{House, SCREENS, again, text},
};
use futures_util::{StreamExt as _, stream};
use matinee_tests::Caller;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

const DOORS: [&str; 2] = ["North", "South"];
/// Every so many tickets are shown once more, at another door; every so many are forged.
const TWICE: usize = 20;
const FORGED: usize = 25;

async fn door(house: &House) -> Caller {
    house.signed_in("door@example.org").await
}

/// A code with one character changed.
fn forged(code: &str) -> String {
    let at = code.len() / 2;
    let other = if &code[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &code[..at], &code[at + 1..])
}

/// Every ticket that was sold for a slot, and whether it still opens the door.
fn of_slot(house: &House, books: &Books, slot: usize) -> Vec<(String, bool)> {
    let shows = &house.shows[slot];
    let of = |sale: &Sale| {
        let good = !sale.over;
        sale.codes
            .iter()
            .map(move |code| (code.clone(), good))
            .collect::<Vec<_>>()
    };
    let sales = books.sales.iter().filter(|sale| shows.contains(&sale.show));
    sales.flat_map(of).collect()
}

/// Scans every ticket of a slot, some twice, some forged.
pub async fn let_in(house: &House, books: &mut Books, slot: usize) {
    let person = door(house).await;
    let mut shown: Vec<(String, &str, &str)> = Vec::new();
    for (at, (code, good)) in of_slot(house, books, slot).into_iter().enumerate() {
        let expected = if good { "admitted" } else { "cancelled" };
        if at % FORGED == 0 {
            shown.push((forged(&code), DOORS[0], "forged"));
        }
        shown.push((code.clone(), DOORS[at % 2], expected));
    }
    let scan = async |code: &str, at: &str| {
        let begun = Instant::now();
        let body = json!({ "theater_id": house.theater, "code": code, "door": at });
        let answer = person
            .post("/manage/tickets/redeem", body)
            .await
            .expect(200)
            .json();
        (text(&answer, "verdict").to_owned(), begun.elapsed())
    };
    // Two doors at once, as fast as they can.
    let done: Vec<_> = stream::iter(&shown)
        .map(async |(code, at, _)| scan(code, at).await)
        .buffered(DOORS.len())
        .collect()
        .await;
    for ((verdict, wait), (_, _, expected)) in done.into_iter().zip(&shown) {
        assert_eq!(verdict, *expected);
        books.waits_door.push(wait);
        note(books, &verdict);
    }
    let in_now = shown
        .iter()
        .filter(|(_, _, expected)| *expected == "admitted");
    for (code, _, _) in in_now.step_by(TWICE) {
        let (verdict, wait) = scan(code, DOORS[1]).await;
        assert_eq!(verdict, "already");
        books.waits_door.push(wait);
        books.doubles += 1;
        note(books, &verdict);
    }
}

fn note(books: &mut Books, verdict: &str) {
    if verdict == "admitted" {
        books.admitted += 1;
    } else {
        books.said(verdict);
    }
}

/// What a door knows of the day: tickets by the digest of their code.
pub struct List(HashMap<String, (Value, String)>);

/// Both doors take the day's list while there is a network.
pub async fn sync(house: &House) -> List {
    let path = house.path(&format!("/door-list?date={}", house.day));
    let signed = door(house).await.get(&path).await.expect(200).json();
    let list: Value = serde_json::from_str(text(&signed, "payload")).unwrap();
    let mut known = HashMap::new();
    for show in list["shows"].as_array().unwrap() {
        for ticket in show["tickets"].as_array().unwrap() {
            let digest = text(ticket, "digest").to_owned();
            known.insert(digest, (ticket.clone(), text(show, "show_id").to_owned()));
        }
    }
    List(known)
}

fn digest(code: &str) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(code.as_bytes());
    data_encoding::BASE64URL_NOPAD.encode(&hash[..16])
}

/// Two doors that know nothing of each other let a slot's people in; some come in at both.
pub async fn with_no_network(
    house: &mut House,
    books: &mut Books,
    slot: usize,
    list: &List,
) -> [Vec<Value>; 2] {
    let mut told: [Vec<Value>; 2] = Default::default();
    let mut seen: [HashSet<String>; 2] = Default::default();
    let mut number = 0_u128;
    let all = of_slot(house, books, slot);
    assert!(all.len() > SCREENS, "people come");
    for (at, (code, good)) in all.into_iter().enumerate() {
        // A double has its ticket's picture with a friend at the other door.
        let doors: &[usize] = if at % TWICE == 0 { &[0, 1] } else { &[at % 2] };
        for door in doors {
            let begun = Instant::now();
            let Some((ticket, show)) = list.0.get(&digest(&code)) else {
                assert!(!good, "a good ticket is on the list");
                books.said("cancelled");
                continue;
            };
            assert!(good, "what was given back is not on the list");
            assert!(seen[*door].insert(code.clone()));
            number += 1;
            let scan_id = format!("{at:08x}-0000-4000-8000-{number:012x}");
            told[*door].push(json!({
                "scan_id": scan_id, "ticket_id": ticket["ticket_id"], "show_id": show, "door": DOORS[*door],
                "scanned_at": house.now(), "verdict": "admitted",
            }));
            books.waits_door.push(begun.elapsed());
            if *door == doors[0] {
                books.admitted += 1;
            } else {
                books.doubles += 1;
            }
        }
        if at % FORGED == 0 {
            assert!(!list.0.contains_key(&digest(&forged(&code))));
            books.said("forged");
        }
    }
    told
}

/// The network is back: both doors tell what they did, and hear who came in twice.
pub async fn tell(house: &House, books: &mut Books, scans: [Vec<Value>; 2]) {
    let person = door(house).await;
    let path = house.path("/scans");
    let mut doubles = HashSet::new();
    for (at, scans) in scans.iter().enumerate() {
        let body = json!({ "scans": scans });
        let answer = again(&person, &path, &body, &format!("scans-{at}")).await;
        let answer = answer.expect(200).json();
        assert_eq!(answer["wrong"], json!([]), "{answer}");
        for double in answer["doubles"].as_array().unwrap() {
            doubles.insert(text(double, "ticket_id").to_owned());
        }
    }
    let both = |scans: &[Value]| -> HashSet<String> {
        let ids = scans.iter().map(|scan| text(scan, "ticket_id").to_owned());
        ids.collect()
    };
    let expected: HashSet<String> = both(&scans[0])
        .intersection(&both(&scans[1]))
        .cloned()
        .collect();
    assert_eq!(doubles, expected, "each double is told, and nothing else");
    assert!(books.doubles >= expected.len());
}
