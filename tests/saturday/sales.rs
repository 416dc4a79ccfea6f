//! Selling and giving back: on the web, in the app, at two windows, and when things go wrong.

use crate::{
    books::{Books, Paid, Sale},
    house::{House, SCREENS, SLOTS, again, look, minor, text},
};
use futures_util::{StreamExt as _, stream};
use matinee_api::{BookRequest, PaymentRequest};
use matinee_client::{Client, Options, Origin, Secret, SecretStore, SecretsError};
use matinee_tests::{Caller, stripe::VISA};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Buyers on the web at once.
const AT_ONCE: usize = 12;

fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A guest whose requests can be made again.
fn guest(house: &House) -> Caller {
    let secret = format!("secret-of-a-guest-with-128-bits-{:08}", unique());
    house.caller().with_header("guest-secret", &secret)
}

async fn hold(guest: &Caller, show: &str) -> (Value, Caller) {
    let body = json!({ "show_id": show, "best": 2, "guest_email": "guest@example.org" });
    let key = format!("hold-{}", unique());
    let booking = again(guest, "/book", &body, &key).await.expect(201).json();
    let token = text(&booking, "guest_token").to_owned();
    (booking, guest.with_token(&token))
}

fn payment(booking: &Value) -> Value {
    json!({ "booking_id": booking["booking_id"], "payment_method": VISA })
}

async fn codes(owner: &Caller, booking: &Value) -> Vec<String> {
    let path = format!("/bookings/{}/tickets", text(booking, "booking_id"));
    let tickets = look(owner, &path).await.expect(200).json();
    codes_in(&tickets["tickets"])
}

fn codes_in(tickets: &Value) -> Vec<String> {
    let tickets = tickets.as_array().unwrap().iter();
    tickets
        .map(|ticket| text(ticket, "qr_payload").to_owned())
        .collect()
}

fn sale(booking: &Value, paid: Paid, codes: Vec<String>, token: Option<&str>) -> Sale {
    Sale {
        booking: text(booking, "booking_id").to_owned(),
        show: text(&booking["show"], "show_id").to_owned(),
        paid,
        total: minor(&booking["total_amount"]),
        codes,
        refunded: 0,
        over: false,
        token: token.map(ToOwned::to_owned),
    }
}

async fn web_sale(guest: &Caller, show: &str) -> Sale {
    let (held, owner) = hold(guest, show).await;
    let key = format!("pay-{}", unique());
    let paid = again(&owner, "/payment", &payment(&held), &key).await;
    let paid = paid.expect(200).json();
    assert_eq!(paid["status"], "confirmed", "{paid}");
    let codes = codes(&owner, &paid).await;
    sale(&paid, Paid::Web, codes, owner.token())
}

/// Sells on the web for every show, with a power cut in the middle of it.
pub async fn on_the_web(house: &mut House, books: &mut Books, each: usize) {
    let shows: Vec<String> = house.shows.concat();
    let wanted: Vec<String> = (0..each).flat_map(|_| shows.clone()).collect();
    let (early, late) = wanted.split_at(wanted.len() / 2);
    books.sales.extend(sold(house, early).await);
    // Requests are under way when the power goes; they are made again until they are answered.
    let guests: Vec<(Caller, String)> = late
        .iter()
        .map(|show| (guest(house), show.clone()))
        .collect();
    let buying = tokio::spawn(async move {
        stream::iter(guests)
            .map(async |(guest, show)| web_sale(&guest, &show).await)
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.lose_power();
    books.sales.extend(buying.await.unwrap());
}

async fn sold(house: &House, shows: &[String]) -> Vec<Sale> {
    stream::iter(shows)
        .map(async |show| web_sale(&guest(house), show).await)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

#[derive(Default)]
struct Keyring(Mutex<HashMap<String, String>>);

impl SecretStore for Keyring {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        Ok(self.0.lock().unwrap().get(name).map(Secret::new))
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        let mut kept = self.0.lock().unwrap();
        kept.insert(name.into(), secret.expose().into());
        Ok(())
    }
    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

/// Sells through the app's core.
pub async fn in_the_app(house: &House, books: &mut Books, each: usize) {
    let device = tempfile::tempdir().unwrap();
    let options = Options {
        origin: Origin::at(house.server.url()).unwrap(),
        cache_dir: Some(device.path().to_owned()),
        secrets: Arc::new(Keyring::default()),
        session_only: false,
    };
    let app = Client::open(options).await.unwrap();
    for show in house.shows.iter().flatten() {
        for _ in 0..each {
            let body = json!({ "show_id": show, "best": 2, "guest_email": "app@example.org" });
            let request: BookRequest = serde_json::from_value(body).unwrap();
            let key = format!("app-{}", unique());
            let held = app.book(request, &key).await.unwrap();
            let pay: PaymentRequest =
                serde_json::from_value(payment(&serde_json::to_value(&held).unwrap())).unwrap();
            let paid = app.pay(pay, &format!("{key}-pay")).await.unwrap();
            let tickets = app.tickets(paid.booking_id).await.unwrap().value;
            let codes = codes_in(&serde_json::to_value(&tickets.tickets).unwrap());
            let paid = serde_json::to_value(&paid).unwrap();
            books.sales.push(sale(&paid, Paid::App, codes, None));
        }
    }
}

/// People cancel what they bought on the web, each a booking of another show's.
pub async fn people_cancel(house: &House, books: &mut Books, count: usize) {
    let caller = house.caller();
    let mut web: Vec<&mut Sale> = (books.sales.iter_mut())
        .filter(|sale| sale.paid == Paid::Web)
        .collect();
    web.sort_by(|one, other| one.booking.cmp(&other.booking));
    let every = web.len() / count;
    for sale in web.into_iter().step_by(every).take(count) {
        let owner = caller.with_token(sale.token.as_deref().unwrap());
        let path = format!("/cancel/{}", sale.booking);
        let key = format!("cancel-{}", unique());
        let answer = again(&owner, &path, &json!({}), &key).await.expect(200);
        let refund = minor(&answer.json()["refund"]["amount"]);
        assert_eq!(refund, sale.total);
        (sale.refunded, sale.over) = (refund, true);
        books.refunds += 1;
    }
}

/// Both windows sell the next shows side by side.
pub async fn at_the_counter(house: &House, books: &mut Books, slot: usize) {
    let window = async |at: usize| {
        let seller = house.window(at).await;
        let owner = house.owner().await;
        let mut made = Vec::new();
        for screen in (0..SCREENS).filter(|screen| screen % house.windows.len() == at) {
            let show = &house.shows[slot][screen];
            let kinds = [
                (Paid::Cash { window: at }, crate::CASH),
                (Paid::Terminal { window: at }, crate::TERMINAL),
                (Paid::Invited, crate::INVITED),
            ];
            for (paid, count) in kinds {
                for _ in 0..count {
                    // Invitations are the owner's to give.
                    let person = if paid == Paid::Invited {
                        &owner
                    } else {
                        &seller
                    };
                    made.push(counter_sale(house, person, show, paid).await);
                }
            }
        }
        made
    };
    let (one, other) = tokio::join!(window(0), window(1));
    for (sale, wait) in one.into_iter().chain(other) {
        books.sales.push(sale);
        books.waits_counter.push(wait);
    }
}

async fn counter_sale(house: &House, person: &Caller, show: &str, paid: Paid) -> (Sale, Duration) {
    let (method, window) = match paid {
        Paid::Cash { window } => ("cash", Some(window)),
        Paid::Terminal { window } => ("terminal", Some(window)),
        _ => ("invitation", None),
    };
    let mut body = json!({ "best": 2, "method": method });
    if let Some(window) = window {
        body["shift_id"] = json!(house.windows[window].shift);
    }
    let begun = Instant::now();
    let path = format!("/manage/shows/{show}/sell");
    let key = format!("sell-{}", unique());
    let sold = again(person, &path, &body, &key).await.expect(201).json();
    let booking = text(&sold["booking"], "booking_id").to_owned();
    let print = format!("/manage/bookings/{booking}/print?format=escpos");
    person.get(&print).await.expect(200);
    let wait = begun.elapsed();
    let codes = codes_in(&sold["tickets"]);
    (sale(&sold["booking"], paid, codes, None), wait)
}

/// Somebody who wants to pay while there is no way to the gateway.
pub struct Hopeful {
    booking: Value,
    owner: Caller,
    key: String,
    answer: u16,
}

/// People try to pay for a later show while the gateway cannot be reached.
pub async fn during_the_outage(house: &House, slot: usize) -> Vec<Hopeful> {
    let slot = slot.min(SLOTS.len() - 1);
    let mut hopeful = Vec::new();
    for screen in 0..SCREENS {
        for _ in 0..2 {
            let guest = guest(house);
            let (booking, owner) = hold(&guest, &house.shows[slot][screen]).await;
            let key = format!("pay-{}", unique());
            let paying = owner.with_key(&key);
            let answer = paying.post("/payment", payment(&booking)).await;
            assert_ne!(answer.status, 200, "there is no way to the gateway");
            hopeful.push(Hopeful {
                booking,
                owner,
                key,
                answer: answer.status,
            });
        }
    }
    hopeful
}

/// Each of them ends with tickets and paid once, or with neither.
pub async fn after_the_outage(house: &House, books: &mut Books, hopeful: Vec<Hopeful>) {
    let (mut confirmed, mut nothing, mut told) = (0, 0, Vec::new());
    for one in hopeful {
        if !told.contains(&one.answer) {
            told.push(one.answer);
        }
        let path = format!("/bookings/{}", text(&one.booking, "booking_id"));
        let begun = Instant::now();
        let booking = loop {
            let booking = one.owner.get(&path).await.expect(200).json();
            match text(&booking, "status") {
                "awaiting_payment" => {}
                // Half an hour later the hold may have run out; whoever still has it pays now.
                "held" => {
                    let body = payment(&booking);
                    again(&one.owner, "/payment", &body, &format!("{}-again", one.key)).await;
                }
                _ => break booking,
            }
            assert!(
                begun.elapsed() < Duration::from_mins(2),
                "{booking}\n{}",
                house.server.log()
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        };
        if booking["status"] == "confirmed" {
            let codes = codes(&one.owner, &booking).await;
            let sale = sale(&booking, Paid::Web, codes, one.owner.token());
            books.sales.push(sale);
            confirmed += 1;
        } else {
            nothing += 1;
        }
    }
    books.outage = format!(
        "payments were answered {told:?}; {confirmed} ended with tickets, {nothing} with neither tickets nor a charge"
    );
}

/// The projector is broken: everybody gets everything back without asking, also those who paid at the counter.
pub async fn the_theater_cancels(house: &House, books: &mut Books, (slot, screen): (usize, usize)) {
    let show = house.shows[slot][screen].clone();
    let owner = house.owner().await;
    let body = json!({ "reason": "The projector is broken.", "message": "We are sorry." });
    let path = format!("/manage/shows/{show}/cancel");
    again(&owner, &path, &body, "cancel-show").await.expect(200);
    let progress = format!("/manage/shows/{show}/cancellation");
    let begun = Instant::now();
    loop {
        let now = owner.get(&progress).await.expect(200).json();
        if now["finished"] == true && now["refunds_pending"] == 0 {
            assert_eq!(now["refunds_failed"], 0, "{now}");
            break;
        }
        let log = house.server.log();
        assert!(begun.elapsed() < Duration::from_mins(2), "{now}\n{log}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let indices: Vec<usize> = (books.sales.iter().enumerate())
        .filter(|(_, sale)| sale.show == show && !sale.over)
        .map(|(at, _)| at)
        .collect();
    for at in indices {
        let sale = &mut books.sales[at];
        (sale.refunded, sale.over) = (sale.total, true);
        books.refunds += usize::from(sale.total > 0);
        let sale = sale.clone();
        hand_out(house, books, &owner, &sale).await;
    }
}

/// Cash of a booking's refund goes over the counter at the window where it was paid.
async fn hand_out(house: &House, books: &mut Books, owner: &Caller, sale: &Sale) {
    let Paid::Cash { window } = sale.paid else {
        return;
    };
    let path = format!("/manage/bookings/{}", sale.booking);
    let shown = owner.get(&path).await.expect(200).json();
    let refunds = shown["refunds"].as_array().unwrap();
    let refund = text(refunds.last().unwrap(), "refund_id");
    let shift = house.windows[window].shift.as_deref().unwrap();
    let person = house.window(window).await;
    let path = house.path(&format!("/shifts/{shift}/payouts"));
    let body = json!({ "refund_id": refund });
    let key = format!("payout-{}", unique());
    again(&person, &path, &body, &key).await.expect(200);
    books.cash_out[window] += sale.refunded;
}

/// Staff give money back at the end of the day, whatever the policy says.
pub async fn staff_pay_back(house: &House, books: &mut Books, count: usize) {
    let owner = house.owner().await;
    let counter: Vec<usize> = (books.sales.iter().enumerate())
        .filter(|(_, sale)| !sale.over)
        .filter(|(_, sale)| matches!(sale.paid, Paid::Cash { .. } | Paid::Terminal { .. }))
        .map(|(at, _)| at)
        .collect();
    for at in counter.into_iter().step_by(7).take(count) {
        let sale = books.sales[at].clone();
        let path = format!("/manage/bookings/{}/refund", sale.booking);
        let body = json!({ "reason": "complaint", "words": "Too loud.", "waive_policy": true });
        let key = format!("refund-{}", unique());
        let answer = again(&owner, &path, &body, &key).await.expect(200).json();
        assert_eq!(minor(&answer["refund"]["amount"]), sale.total, "{answer}");
        books.sales[at].refunded = sale.total;
        books.sales[at].over = true;
        books.refunds += 1;
        let sale = books.sales[at].clone();
        hand_out(house, books, &owner, &sale).await;
    }
}
