//! Making a programme from nothing: a theater, its screens and prices, movies, shows on sale.

use crate::{
    manage::{admin, facts, own, person, prices, put},
    shared::{items, minor, text, until},
};
use matinee_tests::Caller;
use serde_json::{Value, json};

async fn seen(caller: &Caller, theater: &str) -> Vec<Value> {
    let path = format!("/theaters/{theater}/movies");
    let movies = caller.get(&path).await.expect(200).json();
    let shows = items(&movies["items"])
        .iter()
        .flat_map(|movie| items(&movie["shows"]).clone());
    shows.collect()
}

#[tokio::test]
async fn from_nothing_to_a_sold_ticket() {
    let own = own().await;
    let stranger = crate::manage::house().caller();
    let made = own
        .owner
        .post(&own.path("/shows"), own.show(2))
        .await
        .expect(201)
        .json();
    let show = text(&made, "show_id").to_owned();
    assert_eq!(
        (&made["published"], &made["seats_total"]),
        (&json!(false), &json!(40))
    );
    assert_eq!(
        made["from_price"],
        json!({ "amount_minor": 1000, "currency": "EUR" })
    );

    // Nobody sees it, by no way in.
    assert!(seen(&stranger, &own.theater_id).await.is_empty());
    for rest in ["", "/seats", "/seats/live", "/best-seats"] {
        let path = format!("/shows/{show}{rest}");
        stranger.get(&path).await.expect_problem(404, "not_found");
    }
    let calendar = format!("/theaters/{}/calendar.ics", own.theater_id);
    let text_of = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert!(!text_of(stranger.get(&calendar).await.expect(200).bytes).contains(&show));
    let mut cursor = String::new();
    loop {
        let page = stranger
            .get(&format!("/sync?cursor={cursor}"))
            .await
            .expect(200)
            .json();
        assert!(!page.to_string().contains(&show), "sync tells of it");
        cursor = text(&page, "cursor").to_owned();
        if page["more"] == json!(false) {
            break;
        }
    }
    let book = json!({ "show_id": show, "best": 2, "guest_email": "g@example.com" });
    stranger
        .post("/book", book.clone())
        .await
        .expect_problem(404, "not_found");
    let (_, _, door) = person(&own.theater_id, "door").await;
    let listed = door.get(&own.path("/shows")).await.expect(200).json();
    assert_eq!(listed["items"][0]["show_id"], json!(show));

    // Published, everybody does, at once.
    let published = format!("/manage/shows/{show}/published");
    own.owner.put(&published, json!({})).await.expect(200);
    assert_eq!(seen(&stranger, &own.theater_id).await.len(), 1);
    let page = stranger
        .get(&format!("/sync?cursor={cursor}"))
        .await
        .expect(200)
        .json();
    assert!(page["shows"].to_string().contains(&show));
    let (booking, _) = stranger.buy(&show, 2).await;
    assert_eq!(minor(&booking["total_amount"]), 2000);
    own.owner
        .delete(&published)
        .await
        .expect_problem(409, "show_sold");
    let path = format!("/manage/shows/{show}");
    own.owner
        .delete(&path)
        .await
        .expect_problem(409, "show_sold");
}

#[tokio::test]
async fn a_show_is_withdrawn_and_goes() {
    let own = own().await;
    let stranger = crate::manage::house().caller();
    let show = own.on_sale(4).await;
    let head = stranger.get("/sync").await.expect(200).json();
    let published = format!("/manage/shows/{show}/published");
    let (booking, guest) = stranger.hold(&show, 1).await;
    own.owner
        .delete(&published)
        .await
        .expect_problem(409, "show_sold");
    let hold = format!("/bookings/{}", text(&booking, "booking_id"));
    guest.delete(&hold).await.expect(204);
    let withdrawn = own.owner.delete(&published).await.expect(200).json();
    assert_eq!(withdrawn["published"], json!(false));
    stranger
        .get(&format!("/shows/{show}"))
        .await
        .expect_problem(404, "not_found");
    // Who held it may still look at what came of it.
    guest.get(&hold).await.expect(200);
    drop(head);
    let again = own.owner.delete(&published).await.expect(200).json();
    assert_eq!(again["published"], json!(false));
    let path = format!("/manage/shows/{show}");
    own.owner
        .delete(&path)
        .await
        .expect_problem(409, "show_sold");

    let fresh = own.on_sale(5).await;
    let path = format!("/manage/shows/{fresh}");
    own.owner.delete(&path).await.expect(204);
    own.owner
        .delete(&path)
        .await
        .expect_problem(404, "not_found");
    let audit = own.audit().await;
    assert_eq!(text(&audit[0], "action"), "show.delete");
    assert_eq!(audit[0]["before"]["show_id"], json!(fresh));
}

#[tokio::test]
async fn a_screen_is_free_once_it_is_clean() {
    let own = own().await;
    let shows = own.path("/shows");
    let first = own.on_sale(6).await;
    let day = own.show(6)["start"].as_str().unwrap()[..10].to_owned();
    // 100 minutes and 20 of cleaning.
    for taken in ["20:00", "21:59", "18:01"] {
        let body = own.show_at(&format!("{day}T{taken}"));
        let clash = own
            .owner
            .post(&shows, body)
            .await
            .expect_problem(409, "show_clash")
            .json();
        assert_eq!(clash["other_show_id"], json!(first), "{taken}");
    }
    for free in ["22:00", "18:00"] {
        let body = own.show_at(&format!("{day}T{free}"));
        own.owner.post(&shows, body).await.expect(201);
    }
    // A draft keeps its place too, and of many who want one, one gets it.
    let body = own.show(8);
    let wishes = (0..8).map(|_| own.owner.post(&shows, body.clone()));
    let answers = futures_util::future::join_all(wishes).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert!(
        answers
            .iter()
            .all(|one| one.status == 201 || one.code() == "show_clash")
    );
}

#[tokio::test]
async fn a_start_is_a_local_time_that_there_is() {
    let own = own().await;
    let shows = own.path("/shows");
    let start = async |start: &str| own.owner.post(&shows, own.show_at(start)).await;
    let utc = |made: Value| text(&made, "start_time").to_owned();
    // The clocks of Berlin skip this hour in March 2030, and show this one twice in October.
    let problem = start("2030-03-31T02:30")
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(problem["errors"][0]["pointer"], "/start");
    assert!(text(&problem, "detail").contains("skip"), "{problem}");
    let earlier = start("2030-10-27T02:30").await.expect(201).json();
    assert_eq!(utc(earlier.clone()), "2030-10-27T00:30:00Z");
    assert_eq!(text(&earlier, "start"), "2030-10-27T02:30:00+02:00");
    start("2030-10-27T02:30+01:00")
        .await
        .expect_problem(409, "show_clash");
    let summer = start("2030-07-01T20:00").await.expect(201).json();
    assert_eq!(utc(summer), "2030-07-01T18:00:00Z");
    for wrong in ["tomorrow", "2001-01-01T20:00", ""] {
        start(wrong).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_show_changes_until_its_seats_are_taken() {
    let own = own().await;
    let show = own.on_sale(9).await;
    let path = format!("/manage/shows/{show}");
    let mut body = own.show(10);
    body["language"] = json!("en");
    body["subtitles"] = json!(["de"]);
    let stale = own.owner.with_header("if-match", "\"1\"");
    stale
        .put(&path, body.clone())
        .await
        .expect_problem(412, "version_mismatch");
    own.owner
        .put(&path, body.clone())
        .await
        .expect_problem(428, "precondition_required");
    let changed = put(&own.owner, &path, body.clone()).await.expect(200);
    assert_eq!(changed.json()["subtitles"], json!(["de"]));
    assert!(
        changed.json()["published"] == json!(true),
        "it stays on sale"
    );

    let hall = json!({ "hall": { "rows": 2, "seats_per_row": 5 } });
    let screen = json!({ "name": "Saal 2", "seats": hall });
    let screen = own
        .owner
        .post(&own.path("/screens"), screen)
        .await
        .expect(201)
        .json();
    body["screen_id"] = screen["screen_id"].clone();
    let problem = put(&own.owner, &path, body.clone())
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(problem["errors"][0]["pointer"], "/price_list");
    body["price_list"] = json!("regular");
    let moved = put(&own.owner, &path, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(moved["seats_total"], json!(10));

    let (booking, _) = crate::manage::house().caller().hold(&show, 1).await;
    body["screen_id"] = json!(own.screen_id);
    put(&own.owner, &path, body.clone())
        .await
        .expect_problem(409, "show_sold");
    // Later on its own screen, people with seats keep them.
    let mut later = own.show(11);
    later["screen_id"] = screen["screen_id"].clone();
    put(&own.owner, &path, later).await.expect(200);
    assert_eq!(items(&booking["seats"]).len(), 1);
    let audit = own.audit().await;
    assert_eq!(text(&audit[0], "action"), "show.change");
    assert_ne!(
        audit[0]["before"]["start_time"],
        audit[0]["after"]["start_time"]
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_place() {
    let own = own().await;
    let owner = &own.owner;
    let boss = admin().await;
    let cases: [(&str, Value, &str); 5] = [
        ("time_zone", json!("Mars/Olympus"), "/time_zone"),
        ("currency", json!("XXQ"), "/currency"),
        ("max_seats_per_booking", json!(51), "/max_seats_per_booking"),
        ("name", json!(" "), "/name"),
        (
            "cancellation_policy",
            json!([{ "minutes_before": 1, "refund_basis_points": 10001 }]),
            "/cancellation_policy",
        ),
    ];
    for (member, value, pointer) in cases {
        let mut wrong = facts();
        wrong[member] = value;
        let problem = boss
            .post("/manage/theaters", wrong)
            .await
            .expect_problem(422, "invalid")
            .json();
        assert!(
            text(&problem["errors"][0], "pointer").starts_with(pointer),
            "{problem}"
        );
    }
    let seats = |seats: Value| json!({ "name": "Saal", "seats": seats });
    let plan: Value = serde_json::from_slice(
        &std::fs::read(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../demo/examples/seating-plan.json"
        ))
        .unwrap(),
    )
    .unwrap();
    let mut broken = plan.clone();
    broken["zones"][0]["rows"][0]["seats"][1]["category"] = json!("Cloud");
    for (body, pointer) in [
        (
            seats(json!({ "hall": { "rows": 0, "seats_per_row": 5 } })),
            "/seats/hall/rows",
        ),
        (
            seats(json!({ "plan": broken })),
            "/seats/plan/zones/0/rows/0/seats/1/category",
        ),
        (seats(json!({})), "/seats"),
        (json!({ "name": "Saal" }), "/seats"),
    ] {
        let problem = owner
            .post(&own.path("/screens"), body)
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], json!(pointer), "{problem}");
    }
    let made = owner
        .post(&own.path("/screens"), seats(json!({ "plan": plan })))
        .await
        .expect(201)
        .json();
    // Its categories have no prices.
    let mut show = own.show(12);
    show["screen_id"] = made["screen_id"].clone();
    let problem = owner
        .post(&own.path("/shows"), show)
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(problem["errors"][0]["pointer"], "/price_list");
    let mut wrong = prices();
    wrong["price_lists"][0]["rules"][0]["until"] = json!("5 pm");
    let path = own.path("/prices");
    let version = owner.get(&own.path("")).await.header("etag").to_owned();
    let caller = owner.with_header("if-match", &version);
    let problem = caller
        .put(&path, wrong)
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(
        problem["errors"][0]["pointer"],
        "/price_lists/0/rules/0/until"
    );
    let movie = json!({ "name": "X", "duration_minutes": 0, "release_year": 2000 });
    let problem = owner
        .post(&own.path("/movies"), movie)
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(problem["errors"][0]["pointer"], "/duration_minutes");
}

#[tokio::test]
async fn money_and_clock_stay_once_there_are_shows() {
    let own = own().await;
    let path = own.path("");
    let with = |member: &str, value: Value| {
        let mut changed = facts();
        changed[member] = value;
        changed
    };
    put(&own.owner, &path, with("currency", json!("SEK")))
        .await
        .expect(200);
    put(&own.owner, &path, facts()).await.expect(200);
    own.on_sale(13).await;
    for changed in [
        with("currency", json!("SEK")),
        with("time_zone", json!("Europe/Stockholm")),
    ] {
        put(&own.owner, &path, changed)
            .await
            .expect_problem(409, "theater_sold");
    }
    put(&own.owner, &path, with("name", json!("Renamed")))
        .await
        .expect(200);
    let seen = crate::manage::house().caller();
    let seen = seen
        .get(&format!("/theaters/{}", own.theater_id))
        .await
        .expect(200)
        .json();
    assert_eq!(seen["name"], "Renamed");
}

#[tokio::test]
async fn a_screen_with_shows_stays() {
    let own = own().await;
    let show = own.on_sale(14).await;
    let path = own.path(&format!("/screens/{}", own.screen_id));
    own.owner
        .delete(&path)
        .await
        .expect_problem(409, "screen_in_use");
    // Another plan is for shows to come.
    let version = own.owner.get(&own.path("")).await.header("etag").to_owned();
    let caller = own.owner.with_header("if-match", &version);
    let body = json!({ "name": "Saal 1", "seats": { "hall": { "rows": 1, "seats_per_row": 3 } } });
    let changed = caller.put(&path, body.clone()).await.expect(200).json();
    assert_eq!(changed["seats_total"], json!(3));
    caller
        .put(&path, body)
        .await
        .expect_problem(412, "version_mismatch");
    let seats = crate::manage::house()
        .caller()
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(items(&seats["seats"]).len(), 40);
    own.owner
        .delete(&format!("/manage/shows/{show}"))
        .await
        .expect(204);
    own.owner.delete(&path).await.expect(204);
    own.owner
        .delete(&path)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_movie_is_its_makers() {
    let (ours, theirs) = (own().await, own().await);
    let path = ours.path(&format!("/movies/{}", ours.movie_id));
    let movie =
        json!({ "name": "Metropolis (restored)", "duration_minutes": 150, "release_year": 1927 });
    let changed = put(&ours.owner, &path, movie.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["own"], &changed["duration_minutes"]),
        (&json!(true), &json!(150))
    );
    let elsewhere = theirs.path(&format!("/movies/{}", ours.movie_id));
    put(&theirs.owner, &elsewhere, movie.clone())
        .await
        .expect_problem(403, "forbidden");
    put(&admin().await, &elsewhere, movie).await.expect(200);
    // Everybody may show it.
    let mut show = theirs.show(15);
    show["movie_id"] = json!(ours.movie_id);
    theirs
        .owner
        .post(&theirs.path("/shows"), show)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_repeated_request_makes_one_show() {
    let own = own().await;
    let shows = own.path("/shows");
    let keyed = own.owner.with_key("one show");
    let first = keyed.post(&shows, own.show(16)).await.expect(201);
    let again = keyed.post(&shows, own.show(16)).await.expect(201);
    assert_eq!(first.bytes, again.bytes);
    keyed
        .post(&shows, own.show(17))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let listed = until(5, "the list", || async {
        Some(own.owner.get(&shows).await.expect(200).json())
    })
    .await;
    assert_eq!(items(&listed["items"]).len(), 1);
}
