//! Who works in a theater, and the list of what they changed.

use crate::{
    manage::{admin, facts, grant, house, own, person, put},
    shared::{account, demo, items, mailed_secret, stranger, text, unique},
};
use serde_json::{Value, json};

/// An account whose address is confirmed.
async fn confirmed() -> (String, Value, matinee_tests::Caller) {
    let (email, session, caller) = account(&house().caller()).await;
    let secret = mailed_secret(house(), &email, "/verify").await;
    let verify = json!({ "token": secret });
    house()
        .caller()
        .post("/auth/verify", verify)
        .await
        .expect(204);
    (email, session, caller)
}

#[tokio::test]
async fn an_owner_gives_and_takes_roles() {
    let own = own().await;
    let staff = own.path("/staff");
    let (email, session, person) = confirmed().await;
    let user_id = text(&session, "user_id").to_owned();
    person
        .get(&own.path(""))
        .await
        .expect_problem(404, "not_found");
    let listed = own
        .owner
        .put(
            &staff,
            json!({ "email": email.to_uppercase(), "role": "door" }),
        )
        .await
        .expect(200)
        .json();
    let roles: Vec<_> = items(&listed["items"])
        .iter()
        .map(|one| text(one, "role"))
        .collect();
    assert_eq!(roles, ["owner", "door"]);
    // At once, in the session that is there.
    person.get(&own.path("")).await.expect(200);
    let mine = person.get("/manage/theaters").await.expect(200).json();
    assert_eq!(mine["items"][0]["theater_id"], json!(own.theater_id));
    assert_eq!(mine["items"][0]["actions"], json!(["see", "redeem"]));
    person.get(&staff).await.expect_problem(403, "forbidden");
    own.owner
        .put(&staff, json!({ "email": email, "role": "manager" }))
        .await
        .expect(200);
    person.get(&own.path("/audit")).await.expect(200);
    let away = format!("{staff}/{user_id}");
    own.owner.delete(&away).await.expect(204);
    own.owner
        .delete(&away)
        .await
        .expect_problem(404, "not_found");
    person
        .get(&own.path(""))
        .await
        .expect_problem(404, "not_found");

    let audit = own.audit().await;
    let done: Vec<_> = audit
        .iter()
        .take(3)
        .map(|one| text(one, "action"))
        .collect();
    assert_eq!(done, ["staff.remove", "staff.set", "staff.set"]);
    assert_eq!(audit[0]["before"], json!({ "role": "manager" }));
    assert_eq!(audit[0]["after"], Value::Null);
    assert_eq!(text(&audit[0], "object"), user_id);
    assert_eq!(audit[0]["actor"]["email"], json!(own.email));
}

#[tokio::test]
async fn the_last_owner_stays() {
    let own = own().await;
    let listed = own.owner.get(&own.path("/staff")).await.expect(200).json();
    let only = text(&listed["items"][0], "user_id").to_owned();
    let away = own.path(&format!("/staff/{only}"));
    for caller in [own.owner.clone(), admin().await] {
        caller.delete(&away).await.expect_problem(409, "last_owner");
    }
    let (done, words) = grant(house(), &own.email, &own.theater_id, "door");
    assert!(!done && words.contains("only owner"), "{words}");
    person(&own.theater_id, "owner").await;
    own.owner.delete(&away).await.expect(204);
}

#[tokio::test]
async fn a_role_needs_an_account_with_a_confirmed_address() {
    let own = own().await;
    let staff = own.path("/staff");
    let nobody = json!({ "email": format!("nobody{}@example.com", unique()), "role": "door" });
    let problem = own
        .owner
        .put(&staff, nobody)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(problem.json()["errors"][0]["pointer"], "/email");
    let (email, _, _) = account(&house().caller()).await;
    let unconfirmed = json!({ "email": email, "role": "door" });
    own.owner
        .put(&staff, unconfirmed)
        .await
        .expect_problem(409, "email_unverified");
    let unknown = json!({ "email": email, "role": "usher" });
    own.owner
        .put(&staff, unknown)
        .await
        .expect_problem(400, "malformed");
}

#[tokio::test]
async fn roles_are_given_on_the_command_line() {
    let (email, _, _) = account(&house().caller()).await;
    let own = own().await;
    let (done, words) = grant(house(), &email, "no such theater", "door");
    assert!(!done && words.contains("no theater"), "{words}");
    let (done, words) = grant(house(), "nobody@example.org", &own.theater_id, "door");
    assert!(!done && words.contains("no account"), "{words}");
    let (done, words) = grant(house(), &email, &own.theater_id, "usher");
    assert!(!done && words.contains("box_office"), "{words}");
    let (done, words) = grant(house(), &email, &own.theater_id, "box_office");
    assert!(done && words.contains("box_office"), "{words}");
    let audit = own.audit().await;
    assert_eq!(
        (&audit[0]["actor"], &audit[0]["after"]),
        (&Value::Null, &json!({ "role": "box_office" }))
    );
}

/// With the second factor asked for, as everywhere by default, staff are customers until they show one.
#[tokio::test]
async fn staff_show_a_second_factor() {
    let caller = stranger();
    let theaters = caller.get("/theaters").await.expect(200).json();
    let theater = text(&theaters["items"][0], "theater_id").to_owned();
    let (email, _, person) = account(&caller).await;
    let path = format!("/manage/theaters/{theater}");
    person.get(&path).await.expect_problem(404, "not_found");
    let begin = json!({ "password": crate::shared::PASSWORD });
    person
        .post("/auth/second-factor/begin", begin.clone())
        .await
        .expect_problem(403, "forbidden");
    assert!(grant(demo(), &email, &theater, "manager").0);
    let told = person
        .get(&path)
        .await
        .expect_problem(403, "forbidden")
        .json();
    assert!(text(&told, "detail").contains("generator"), "{told}");
    let mine = person.get("/manage/theaters").await.expect(200).json();
    assert!(items(&mine["items"]).is_empty());
    // And is let to set one up.
    person
        .post("/auth/second-factor/begin", begin)
        .await
        .expect(200);
}

/// An administrator without a theater yet is told from somebody who works nowhere.
#[tokio::test]
async fn a_session_says_who_runs_the_server() {
    let runs = async |caller: &matinee_tests::Caller| {
        let who = caller.get("/auth/session").await.expect(200).json();
        who["user"]["administrator"].clone()
    };
    assert_eq!(runs(&admin().await).await, true);
    assert_eq!(runs(&own().await.owner).await, false);
    let (_, _, customer) = account(&house().caller()).await;
    assert_eq!(runs(&customer).await, false);
}

#[tokio::test]
async fn changes_are_listed_in_pages_and_without_secrets() {
    let own = own().await;
    let path = own.path("");
    for number in 0..5 {
        let mut changed = facts();
        changed["name"] = json!(format!("Name {number}"));
        put(&own.owner, &path, changed).await.expect(200);
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = own
            .owner
            .get(&own.path(&format!("/audit?limit=2{cursor}")))
            .await
            .expect(200)
            .json();
        for one in items(&page["items"]) {
            names.push((text(one, "action").to_owned(), one["after"]["name"].clone()));
        }
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let newest: Vec<_> = names.iter().take(5).map(|(_, name)| name.clone()).collect();
    assert_eq!(newest, [4, 3, 2, 1, 0].map(|n| json!(format!("Name {n}"))));
    let done: Vec<_> = names
        .iter()
        .skip(5)
        .map(|(action, _)| action.as_str())
        .collect();
    let from_the_start = [
        "movie.create",
        "screen.create",
        "prices.change",
        "staff.set",
        "theater.create",
    ];
    assert_eq!(done, from_the_start);
    // The same again is no change.
    let before = own.audit().await.len();
    let same = own.owner.get(&path).await.expect(200).json();
    put(&own.owner, &path, same).await.expect(200);
    assert_eq!(own.audit().await.len(), before);
    let wrong = own.path("/audit?cursor=x");
    own.owner
        .get(&wrong)
        .await
        .expect_problem(400, "malformed_cursor");
}
