//! Setting a theater up: who takes its payments, where it can be reached, and a week of shows made as one.

use crate::{
    manage::{Own, house, own},
    shared::{items, text},
};
use serde_json::{Value, json};

fn gateway<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = items(&list["items"]).iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {list}"))
}

#[tokio::test]
async fn an_owner_sees_who_takes_the_payments_and_no_secret() {
    let own = own().await;
    let list = own
        .owner
        .get(&own.path("/gateways"))
        .await
        .expect(200)
        .json();
    let sandbox = gateway(&list, "sandbox");
    assert_eq!(
        (&sandbox["state"], &sandbox["test"]),
        (&json!("ready"), &json!(true))
    );
    assert_eq!(gateway(&list, "stripe")["state"], "off");
    // What the counter takes on a server of test money is test money.
    let counter = gateway(&list, "counter");
    assert_eq!(
        (&counter["state"], &counter["test"]),
        (&json!("ready"), &json!(true))
    );
}

#[tokio::test]
async fn an_owner_sees_that_nobody_else_reaches_the_server() {
    let own = own().await;
    let here = own
        .owner
        .get(&own.path("/network"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&here["reach"], &here["authority"]),
        (&json!("this_machine"), &Value::Null)
    );
    let [address] = &items(&here["addresses"])[..] else {
        panic!("{here}");
    };
    assert_eq!(text(address, "url"), house().url());
    assert!(text(address, "qr_svg").starts_with("<svg "));
}

/// Two shows a day for a week, at 15:00 and 20:00.
fn week(own: &Own) -> Vec<Value> {
    let day = |days| chrono::Utc::now().date_naive() + chrono::TimeDelta::days(days);
    let starts =
        (1..=7).flat_map(|days| ["15:00", "20:00"].map(|time| format!("{}T{time}", day(days))));
    starts.map(|start| own.show_at(&start)).collect()
}

async fn obstacles(own: &Own, shows: &[Value]) -> Vec<Value> {
    let body = json!({ "shows": shows, "dry_run": true });
    let answer = own.owner.post(&own.path("/shows/batch"), body).await;
    let answer = answer.expect(200).json();
    assert_eq!(answer["shows"], json!([]));
    items(&answer["obstacles"]).clone()
}

async fn count(own: &Own) -> usize {
    let listed = own
        .owner
        .get(&own.path("/shows?limit=100"))
        .await
        .expect(200)
        .json();
    items(&listed["items"]).len()
}

#[tokio::test]
async fn a_week_is_looked_at_first_and_made_as_one() {
    let own = own().await;
    let shows = week(&own);
    assert_eq!(obstacles(&own, &shows).await, Vec::<Value>::new());
    assert_eq!(count(&own).await, 0, "looking makes nothing");
    let mut published = shows.clone();
    for show in &mut published {
        show["publish"] = json!(true);
    }
    let body = json!({ "shows": published });
    let owner = own.owner.with_header("idempotency-key", "week-one");
    let first = owner.post(&own.path("/shows/batch"), body.clone()).await;
    let made = first.expect(201).json();
    assert_eq!(items(&made["shows"]).len(), 14);
    assert!(
        items(&made["shows"])
            .iter()
            .all(|show| show["published"] == true)
    );
    // A lost answer may be asked for again.
    let again = owner
        .post(&own.path("/shows/batch"), body)
        .await
        .expect(201)
        .json();
    assert_eq!(again, made);
    assert_eq!(count(&own).await, 14);
    let made_by = own.audit().await;
    let created = made_by
        .iter()
        .filter(|entry| entry["action"] == "show.create");
    assert_eq!(created.count(), 14, "each stands in the list of changes");

    // The same week again: every one is in the way of itself.
    let found = obstacles(&own, &shows).await;
    assert_eq!(found.len(), 14);
    let there: Vec<_> = items(&made["shows"])
        .iter()
        .map(|show| &show["show_id"])
        .collect();
    for (index, obstacle) in found.iter().enumerate() {
        assert_eq!(
            (&obstacle["kind"], &obstacle["index"]),
            (&json!("clash"), &json!(index))
        );
        assert!(there.contains(&&obstacle["other_show_id"]), "{obstacle}");
    }
}

#[tokio::test]
async fn what_stands_in_the_way_of_one_lets_none_be_made() {
    let own = own().await;
    let taken = own
        .owner
        .post(&own.path("/shows"), own.show(3))
        .await
        .expect(201)
        .json();
    let mut shows = week(&own);
    // 100 minutes and 20 of cleaning: 19:59 is too near to 18:00, and the minute after is not.
    let day = chrono::Utc::now().date_naive() + chrono::TimeDelta::days(20);
    for time in ["18:00", "19:59", "22:00"] {
        shows.push(own.show_at(&format!("{day}T{time}")));
    }
    shows.push(own.show_at("2020-01-01T20:00"));
    shows.push(own.show_at("soon"));
    let found = obstacles(&own, &shows).await;
    let said: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one["index"].as_u64().unwrap(),
                one["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (5, "clash"),
            (15, "clash_within"),
            (17, "past"),
            (18, "invalid")
        ]
    );
    assert_eq!(found[0]["other_show_id"], taken["show_id"]);
    assert_eq!(found[1]["other_index"], 14);

    let make = |shows: Vec<Value>| {
        let owner = own.owner.clone();
        let path = own.path("/shows/batch");
        async move { owner.post(&path, json!({ "shows": shows })).await }
    };
    let clash = make(week(&own)).await;
    let clash = clash.expect_problem(409, "show_clash").json();
    assert_eq!(clash["other_show_id"], taken["show_id"]);
    let wrong = make(shows[14..16].to_vec()).await;
    let wrong = wrong.expect_problem(422, "invalid").json();
    assert_eq!(wrong["errors"][0]["pointer"], "/shows/1/start");
    let past = make(shows[17..18].to_vec()).await;
    let past = past.expect_problem(422, "invalid").json();
    assert_eq!(past["errors"][0]["pointer"], "/shows/0/start");
    make(Vec::new()).await.expect_problem(422, "invalid");
    make(vec![shows[0].clone(); 201])
        .await
        .expect_problem(422, "invalid");
    assert_eq!(count(&own).await, 1, "nothing was made");

    let possible = shows
        .iter()
        .enumerate()
        .filter(|(index, _)| ![5, 15, 17, 18].contains(index));
    let possible: Vec<_> = possible.map(|(_, show)| show.clone()).collect();
    make(possible.clone()).await.expect(201);
    assert_eq!(count(&own).await, 1 + possible.len());
}
