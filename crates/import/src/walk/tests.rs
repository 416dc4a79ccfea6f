//! Places, hints and bounds of refusals.

use super::*;
use crate::{json::read, report::MAX_ERRORS};

fn problems(json: &str, walk: impl Fn(&At<'_>)) -> Vec<String> {
    let node = read(json.as_bytes()).expect("the test writes JSON");
    let report = Report::default();
    walk(&At::root(&node, &report));
    report
        .finish(None::<()>)
        .expect_err("nothing was read")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn refusals_name_their_place() {
    let found = problems(r#"{"a/b":[1,"x",{"~c":null}]}"#, |at| {
        let members = at.members().expect("an object");
        let list = members.need("a/b").expect("there");
        let items: Vec<_> = list.items(9).expect("a list").collect();
        items[0].text(9);
        items[1].number();
        items[2]
            .members()
            .expect("an object")
            .need("~c")
            .expect("there")
            .words();
        members.need("d");
    });
    let expected = [
        "/a~1b/0: a text is expected, not a number",
        "/a~1b/1: a number is expected, not a text",
        "/a~1b/2/~0c: a text is expected, not null",
        "the file: the member \"d\" is missing",
    ];
    assert_eq!(found, expected);
}

#[test]
fn unknown_and_repeated_members_are_refused_with_a_hint() {
    let found = problems(r#"{"nam":"x","nam":"y","zzz":1}"#, |at| {
        at.object(&["name", "id"]);
    });
    let expected = [
        "/nam: this member stands twice in its object",
        "/nam: this member is not known; \"name\" perhaps?",
        "/nam: this member is not known; \"name\" perhaps?",
        "/zzz: this member is not known",
    ];
    assert_eq!(found, expected);
}

#[test]
fn only_the_first_hundred_problems_are_told() {
    let json = format!("[{}]", vec!["0"; 150].join(","));
    let found = problems(&json, |at| {
        at.list(1000, |item| item.text(1).map(str::to_owned));
    });
    assert_eq!(found.len(), MAX_ERRORS);
    assert!(found[99].ends_with("(and 50 more problems)"));
}

#[test]
fn whole_numbers_may_be_written_with_a_point() {
    let node = read(b"[3.0, 3.5, 1e300, 7]").expect("JSON");
    let report = Report::default();
    let at = At::root(&node, &report);
    let read: Vec<Option<u8>> = at
        .items(4)
        .expect("a list")
        .map(|item| item.whole(0, 5))
        .collect();
    assert_eq!(read, [Some(3), None, None, None]);
    assert_eq!(
        report.finish(None::<()>).map_err(|errors| errors.len()),
        Err(3)
    );
}
