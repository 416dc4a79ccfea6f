//! A viewer never misses a change, and never sees one twice.

use super::{
    testing::{change, loaded, map},
    *,
};

fn text(event: Option<(u64, Bytes)>) -> String {
    event
        .map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap())
        .unwrap_or_default()
}

#[test]
fn a_change_that_commits_while_the_snapshot_is_read_is_not_lost() {
    let live = LiveShow::new(map(3), 0, 0);
    live.apply(&change(5, 0, SeatState::Held));
    live.apply(&change(6, 1, SeatState::Sold));
    live.load(SeatSnapshot {
        version: 5,
        seats: vec![(SeatNo(0), SeatState::Held)],
    });
    let seats = live.seats();
    assert_eq!(seats.version, 6);
    assert_eq!(
        seats.states,
        [SeatState::Held, SeatState::Sold, SeatState::Available]
    );
}

#[test]
fn a_viewer_at_the_last_version_gets_nothing() {
    assert!(loaded(2).event_since(Some(1)).is_none());
}

#[test]
fn changes_of_several_commits_are_one_event_with_the_last_state() {
    let live = loaded(3);
    live.apply(&change(2, 0, SeatState::Held));
    live.apply(&change(3, 0, SeatState::Sold));
    live.apply(&change(4, 2, SeatState::Held));
    let event = text(live.event_since(Some(1)));
    assert!(event.starts_with("event: seats\nid: 4\n"), "{event}");
    assert!(
        event.contains(
            r#""changes":[{"seat_id":"A0","status":"sold"},{"seat_id":"A2","status":"held"}]"#
        ),
        "{event}"
    );
}

#[test]
fn without_a_version_or_with_one_from_the_future_there_is_a_snapshot() {
    let live = loaded(2);
    live.apply(&change(2, 1, SeatState::Sold));
    for since in [None, Some(99), Some(0)] {
        let event = text(live.event_since(since));
        assert!(
            event.starts_with("event: snapshot\nid: 2\n"),
            "{since:?}: {event}"
        );
        assert!(event.contains(r#"{"seat_id":"A0","status":"available"}"#));
    }
}

#[test]
fn a_viewer_too_far_behind_gets_a_snapshot_instead_of_a_gap() {
    let live = loaded(2);
    for version in 2..(LOG_CHANGES as u64 + 10) {
        live.apply(&change(version, (version % 2) as u16, SeatState::Held));
    }
    assert!(text(live.event_since(Some(2))).starts_with("event: snapshot"));
    assert!(text(live.event_since(Some(LOG_CHANGES as u64))).starts_with("event: seats"));
}

#[test]
fn an_old_change_never_undoes_a_newer_one() {
    let live = loaded(1);
    live.apply(&change(3, 0, SeatState::Sold));
    live.apply(&change(2, 0, SeatState::Held));
    assert_eq!(live.seats().states, [SeatState::Sold]);
}

#[test]
fn a_whole_show_from_another_server_is_told_as_what_differs() {
    let live = loaded(4);
    live.apply(&change(2, 0, SeatState::Held));
    let whole = ShowChange {
        changes: [
            (SeatNo(0), SeatState::Available),
            (SeatNo(1), SeatState::Sold),
            (SeatNo(2), SeatState::Available),
            (SeatNo(3), SeatState::Available),
        ]
        .into(),
        ..change(5, 0, SeatState::Held)
    };
    live.apply(&whole);
    let event = text(live.event_since(Some(2)));
    assert!(
        event.contains(
            r#""changes":[{"seat_id":"A0","status":"available"},{"seat_id":"A1","status":"sold"}]"#
        ),
        "{event}"
    );
    // Who saw version 3 or 4 saw it on another server, perhaps with a seat held that is free again.
    for since in [3, 4] {
        assert!(text(live.event_since(Some(since))).starts_with("event: snapshot"));
    }
}

#[test]
fn a_version_from_before_a_restore_brings_a_snapshot_however_far_we_got_since() {
    let restored = LiveShow::new(map(2), 0, 1 << 20);
    restored.load(SeatSnapshot {
        version: 3,
        seats: vec![],
    });
    for version in 4..9 {
        restored.apply(&change(version, 0, SeatState::Held));
    }
    // 3 to 8 were told before the restore too, about other seats.
    for since in 1..12 {
        let event = text(restored.event_since(Some(since)));
        assert!(
            event.starts_with("event: snapshot\nid: 1048584\n"),
            "{since}: {event}"
        );
    }
    let event = text(restored.event_since(Some((1 << 20) + 7)));
    assert!(event.starts_with("event: seats\nid: 1048584\n"), "{event}");
    assert!(restored.event_since(Some((1 << 20) + 8)).is_none());
}
