//! What every engine keeps of staff: roles with a last owner that stays, what was changed by whom, and changes of the
//! catalog that are conditional, made once, and noted.

use super::{
    accounts::{user, user_id},
    fixtures::{apply, bytes, catalog, movie, show, show_id, start, theater, theater_id},
};
use crate::{
    Store,
    catalog::{CatalogChange, CatalogObject, CatalogRefusal, CatalogReport},
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
    staff::{AuditEntry, SetStaff, StaffOutcome},
};
use chrono::TimeDelta;
use matinee_domain::{
    ids::{ShowId, time_ordered},
    money::Currency,
    staff::StaffRole,
};

/// An entry of somebody, told apart by a number and as many seconds after the start.
pub fn entry(number: u32) -> AuditEntry {
    let at = start() + TimeDelta::seconds(i64::from(number));
    AuditEntry {
        theater_id: theater_id(1),
        entry: time_ordered(at.timestamp_millis(), bytes(30, number)),
        at,
        actor: Some(user_id(1)),
        action: "test".into(),
        object: format!("object {number}"),
        before: None,
        after: Some("{\"name\":\"Öhman\"}".into()),
    }
}

fn set(number: u32, user: u32, role: Option<StaffRole>) -> SetStaff {
    SetStaff {
        user_id: user_id(user),
        role,
        audit: entry(number),
    }
}

async fn people(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    for number in 1..=3 {
        let email = format!("{number}@example.org");
        assert!(store.add_user(user(number, &email)).await.unwrap());
    }
}

async fn actions(store: &(impl Store + ?Sized)) -> Vec<(String, Option<String>, Option<String>)> {
    let found = store.audit_of(theater_id(1), None, 100).await.unwrap();
    let told = found
        .into_iter()
        .map(|(entry, _)| (entry.object, entry.before, entry.after));
    told.collect()
}

/// A role is given, changed and taken away, each noted with how it was; what changes nothing notes nothing.
pub async fn a_role_is_given_and_taken(store: &(impl Store + ?Sized)) {
    people(store).await;
    let owner = Some(StaffRole::Owner);
    let outcome = store.set_staff(set(1, 1, owner)).await.unwrap();
    assert_eq!(outcome, StaffOutcome::Done);
    let outcome = store.set_staff(set(2, 1, owner)).await.unwrap();
    assert_eq!(outcome, StaffOutcome::Unchanged);
    let door = set(3, 2, Some(StaffRole::Door));
    assert_eq!(store.set_staff(door).await.unwrap(), StaffOutcome::Done);
    let seller = set(4, 2, Some(StaffRole::BoxOffice));
    assert_eq!(store.set_staff(seller).await.unwrap(), StaffOutcome::Done);
    let rows = store.staff_of(theater_id(1)).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.user_id, row.role)).collect();
    let wanted = [
        (user_id(1), StaffRole::Owner),
        (user_id(2), StaffRole::BoxOffice),
    ];
    assert_eq!(told, wanted);
    assert_eq!(
        (&*rows[1].email, &*rows[1].name),
        ("2@example.org", "Aino Öhman")
    );
    assert_eq!(rows[1].since, entry(4).at);
    let role = store.staff_role(theater_id(1), user_id(2)).await.unwrap();
    assert_eq!(role, Some(StaffRole::BoxOffice));
    // A role is of one theater.
    assert_eq!(
        store.staff_role(theater_id(2), user_id(2)).await.unwrap(),
        None
    );
    let places = store.theaters_of(user_id(2)).await.unwrap();
    assert_eq!(places, [(theater_id(1), StaffRole::BoxOffice)]);

    assert_eq!(
        store.set_staff(set(5, 2, None)).await.unwrap(),
        StaffOutcome::Done
    );
    assert_eq!(
        store.set_staff(set(6, 2, None)).await.unwrap(),
        StaffOutcome::Missing
    );
    let nobody = set(7, 9, Some(StaffRole::Door));
    assert_eq!(
        store.set_staff(nobody).await.unwrap(),
        StaffOutcome::Missing
    );
    let mut nowhere = set(8, 2, Some(StaffRole::Door));
    nowhere.audit.theater_id = theater_id(9);
    assert_eq!(
        store.set_staff(nowhere).await.unwrap(),
        StaffOutcome::Missing
    );
    let role = |role: &str| Some(format!("{{\"role\":\"{role}\"}}"));
    let wanted = [
        ("object 5".into(), role("box_office"), None),
        ("object 4".into(), role("door"), role("box_office")),
        ("object 3".into(), None, role("door")),
        ("object 1".into(), None, role("owner")),
    ];
    assert_eq!(actions(store).await, wanted);
}

/// Somebody answers for the theater: the last owner neither goes nor becomes less, also when two go at once.
pub async fn the_last_owner_stays(store: &(impl Store + ?Sized)) {
    people(store).await;
    store
        .set_staff(set(1, 1, Some(StaffRole::Owner)))
        .await
        .unwrap();
    for role in [None, Some(StaffRole::Manager)] {
        let outcome = store.set_staff(set(2, 1, role)).await.unwrap();
        assert_eq!(outcome, StaffOutcome::LastOwner, "{role:?}");
    }
    for round in 0..10 {
        let number = 10 + round * 10;
        for user in [1, 2] {
            let again = set(number + user, user, Some(StaffRole::Owner));
            store.set_staff(again).await.unwrap();
        }
        let (one, two) = tokio::join!(
            store.set_staff(set(number + 3, 1, None)),
            store.set_staff(set(number + 4, 2, None))
        );
        let mut outcomes = [one.unwrap(), two.unwrap()];
        outcomes.sort_by_key(|outcome| *outcome != StaffOutcome::Done);
        assert_eq!(outcomes, [StaffOutcome::Done, StaffOutcome::LastOwner]);
    }
}

/// Entries come newest first in pages, say who it was while the account is there, and stay without a person after.
pub async fn entries_come_in_pages(store: &(impl Store + ?Sized)) {
    people(store).await;
    for number in 1..=5 {
        let mut renamed = movie(1);
        renamed.name = format!("Name {number}");
        let mut noted = entry(number);
        if number == 3 {
            noted.actor = None;
        }
        let change = CatalogChange {
            movies: vec![renamed],
            audit: vec![noted],
            ..CatalogChange::default()
        };
        assert_eq!(apply(store, change).await.changed, 1);
    }
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = store.audit_of(theater_id(1), before, 2).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        before = Some(last.entry);
        all.extend(page);
    }
    let numbers: Vec<_> = all.iter().map(|(entry, _)| &*entry.object).collect();
    assert_eq!(
        numbers,
        ["object 5", "object 4", "object 3", "object 2", "object 1"]
    );
    assert_eq!(all[0].0, entry(5));
    let who = Some(("Aino Öhman".to_owned(), "1@example.org".to_owned()));
    assert_eq!((&all[0].1, &all[2].1), (&who, &None));
    assert!(
        store
            .audit_of(theater_id(2), None, 9)
            .await
            .unwrap()
            .is_empty()
    );

    store
        .set_staff(set(9, 1, Some(StaffRole::Owner)))
        .await
        .unwrap();
    store.delete_user(user_id(1), start()).await.unwrap();
    assert!(store.staff_of(theater_id(1)).await.unwrap().is_empty());
    let left = store.audit_of(theater_id(1), None, 9).await.unwrap();
    assert_eq!(left.len(), 6);
    assert_eq!((left[0].0.actor, &left[0].1), (Some(user_id(1)), &None));
    assert_eq!(store.verify(start()).await.unwrap().violations, vec![]);
}

/// An entry is written with a change, and only with one.
pub async fn what_changes_nothing_is_not_noted(store: &(impl Store + ?Sized)) {
    people(store).await;
    let change = CatalogChange {
        audit: vec![entry(1)],
        ..catalog()
    };
    assert_eq!(apply(store, change).await.changed, 0);
    let mut clash = show(1, 9, 1, 3, 1, 40);
    clash.external_id = "clash".into();
    let change = CatalogChange {
        shows: vec![clash],
        audit: vec![entry(2)],
        ..CatalogChange::default()
    };
    assert!(store.apply(change, start()).await.unwrap().is_err());
    assert!(actions(store).await.is_empty());
}

/// A change that relies on a version is refused when somebody was faster.
pub async fn a_change_relies_on_a_version(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let objects = [
        CatalogObject::Theater(theater_id(1)),
        CatalogObject::Movie(super::fixtures::movie_id(1)),
        CatalogObject::Show(show_id(1, 1)),
    ];
    for object in objects {
        let version = store.version_of(object).await.unwrap();
        assert!(version > 0, "{object:?}");
        let renamed = |name: &str| {
            let mut change = CatalogChange {
                theaters: vec![theater(1, 1, 40)],
                movies: vec![movie(1)],
                shows: vec![show(1, 1, 1, 3, 1, 40)],
                expected: vec![(object, version)],
                ..CatalogChange::default()
            };
            change.theaters[0].name = format!("{name} {object:?}");
            change.movies[0].name = format!("{name} {object:?}");
            change.shows[0].format = format!("{name} {object:?}");
            change
        };
        let (one, two) = tokio::join!(
            store.apply(renamed("One"), start()),
            store.apply(renamed("Two"), start())
        );
        let mut outcomes = [one.unwrap(), two.unwrap()];
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes[0].as_ref().map(|report| report.changed), Ok(3));
        assert_eq!(outcomes[1], Err(CatalogRefusal::Changed(object)));
        assert!(store.version_of(object).await.unwrap() > version);
    }
    let nothing = CatalogObject::Show(show_id(1, 77));
    assert_eq!(store.version_of(nothing).await.unwrap(), 0);
}

/// A change with a key is made once, and its answer kept.
pub async fn a_change_is_made_once_by_its_key(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let change = |number: u32, body: u8| CatalogChange {
        movies: vec![movie(number)],
        idempotency: Some(IdempotencyRecord {
            key: IdempotencyKey {
                scope: bytes(31, 1),
                body: [body; 16],
            },
            answer: Recorded {
                status: 201,
                body: format!("movie {number}").into(),
            },
            keep_until: start() + TimeDelta::hours(24),
        }),
        ..CatalogChange::default()
    };
    assert_eq!(apply(store, change(10, 1)).await.added, 1);
    let first = Recorded {
        status: 201,
        body: "movie 10".into(),
    };
    for (again, found) in [
        (change(11, 1), Lookup::Replay(first)),
        (change(11, 2), Lookup::Reused),
    ] {
        let outcome = store.apply(again, start()).await.unwrap();
        assert_eq!(outcome, Err(CatalogRefusal::Repeated(found)));
    }
    let made = store.movies().await.unwrap();
    assert_eq!(made.len(), 3);
}

async fn seen(store: &(impl Store + ?Sized)) -> Vec<ShowId> {
    let query = crate::catalog::ShowQuery {
        theater_id: Some(theater_id(1)),
        limit: 100,
        ..crate::catalog::ShowQuery::default()
    };
    let shows = store.shows(query).await.unwrap();
    shows.iter().map(|listed| listed.show.show_id).collect()
}

fn published(show_id: ShowId, published: bool) -> CatalogChange {
    CatalogChange {
        published: vec![(show_id, published)],
        ..CatalogChange::default()
    }
}

/// A show that is not published is in no list, and in no page of changes; one that was withdrawn is told as gone.
pub async fn a_show_is_published_and_withdrawn(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let all = seen(store).await;
    let position = store.sync_head().await.unwrap().position;
    let draft = show(1, 7, 1, 20, 1, 40);
    let mut alone = show(1, 8, 2, 20, 1, 40);
    alone.movie_id = super::fixtures::movie_id(2);
    let change = CatalogChange {
        shows: vec![draft.clone(), alone],
        published: vec![(draft.show_id, false), (show_id(1, 8), false)],
        ..CatalogChange::default()
    };
    let report = apply(store, change).await;
    assert_eq!((report.added, report.changed), (2, 0));
    assert_eq!(seen(store).await, all);
    let listed = store.show(draft.show_id).await.unwrap().unwrap();
    assert!(!listed.published);
    let every = crate::catalog::ShowQuery {
        theater_id: Some(theater_id(1)),
        limit: 100,
        unpublished: true,
        ..crate::catalog::ShowQuery::default()
    };
    assert_eq!(store.shows(every).await.unwrap().len(), all.len() + 2);
    let on = store
        .movies_on(start(), start() + TimeDelta::days(2))
        .await
        .unwrap();
    assert!(
        !on.contains(&(theater_id(1), super::fixtures::movie_id(2))),
        "{on:?}"
    );
    let page = store.changes(position, 100).await.unwrap();
    assert!(page.shows.is_empty() && page.deleted_shows.is_empty());
    assert!(page.position > position, "caches hear of it");

    assert_eq!(
        apply(store, published(draft.show_id, true)).await.changed,
        1
    );
    assert_eq!(
        apply(store, published(draft.show_id, true)).await,
        CatalogReport::default()
    );
    assert_eq!(seen(store).await.len(), all.len() + 1);
    let told = store.changes(page.position, 100).await.unwrap();
    assert_eq!(told.shows, vec![draft.clone()]);
    // A second import of it leaves it as it is.
    apply(store, published(draft.show_id, false)).await;
    let again = CatalogChange {
        shows: vec![draft.clone()],
        ..CatalogChange::default()
    };
    assert_eq!(apply(store, again).await.unchanged, 1);
    assert_eq!(seen(store).await, all);
    let gone = store.changes(told.position, 100).await.unwrap();
    assert_eq!(gone.deleted_shows, vec![draft.show_id]);
    let outcome = store
        .apply(published(show_id(1, 77), true), start())
        .await
        .unwrap();
    assert!(
        matches!(outcome, Err(CatalogRefusal::Missing(_))),
        "{outcome:?}"
    );
}

/// Of two shows that want a screen at one time, one gets it, every time.
pub async fn of_two_clashing_shows_one_is_put(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    for round in 0..15_u32 {
        let number = 100 + round * 2;
        let hours = 40 + i64::from(round) * 4;
        let put = |number: u32, minutes: i64| {
            let mut wanted = show(1, number, 1, hours, 1, 40);
            wanted.start_time += TimeDelta::minutes(minutes);
            wanted.end_time += TimeDelta::minutes(minutes);
            let change = CatalogChange {
                shows: vec![wanted],
                ..CatalogChange::default()
            };
            store.apply(change, start())
        };
        // The second one begins while the screen is cleaned.
        let (one, two) = tokio::join!(put(number, 0), put(number + 1, 110));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let refusal = one.err().or(two.err());
        assert!(
            matches!(refusal, Some(CatalogRefusal::ScreenClash(..))),
            "{refusal:?}"
        );
    }
    assert_eq!(store.verify(start()).await.unwrap().violations, vec![]);
}

/// As staff change it: the money and the clock of a theater stay once it has shows; an import may still put both right
/// until seats were taken.
pub async fn staff_do_not_change_the_money_of_shows(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    let mut dearer = theater(1, 1, 40);
    dearer.currency = Currency::new(*b"SEK");
    let change = CatalogChange {
        theaters: vec![dearer],
        strict: true,
        ..CatalogChange::default()
    };
    let outcome = store.apply(change.clone(), start()).await.unwrap();
    assert_eq!(
        outcome,
        Err(CatalogRefusal::TheaterHasBookings(theater_id(1)))
    );
    let import = CatalogChange {
        strict: false,
        ..change.clone()
    };
    assert_eq!(apply(store, import).await.changed, 1);
    let empty = CatalogChange {
        deleted_shows: vec![show_id(1, 1), show_id(1, 2)],
        ..CatalogChange::default()
    };
    apply(store, empty).await;
    let back = CatalogChange {
        theaters: vec![theater(1, 1, 40)],
        strict: true,
        ..CatalogChange::default()
    };
    assert_eq!(apply(store, back).await.changed, 1);
}
